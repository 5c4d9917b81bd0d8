// Whether those who may answer exist and can: asked before a run begins and before each review opens. Asks the machine
// each time. Any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/review/people.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

// The people of a run: the file of this digest that `--people` put into its directory; if it is empty, the first of the
// usual places.
ErrorOr<review::People> LoadPeople(platform::FileSystem& files, const std::string& run_directory,
                                   const std::string& digest);

// Whether everybody whom the program's reviews name by constant strings is known here: a group of the program, a Unix
// group, a user, an entry of the people file. The error names the first who is not, and where.
ErrorOr<Success> CheckPeople(const ir::Module& module, const review::People& people);

// Whether those who can reach the run's mailbox could satisfy the rule, if all of them gave the same answer; the error
// names the directory in the way, or what the rule lacks.
ErrorOr<Success> CanAnswer(const scheduler::RuleView& rule, const ir::Module& module, const review::People& people,
                           const std::string& run_directory, const state::Person& starter);

// The same of every review of the program, as far as its rule is constant: before the run begins.
ErrorOr<Success> CanBeAnswered(const ir::Module& module, const review::People& people, const std::string& run_directory,
                               const state::Person& starter);

}  // namespace hwf::engine
