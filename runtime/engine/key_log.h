// Of which parts the keys of a run's tasks are made, and why no earlier result was taken: for `hwf explain`. A log
// beside the journal, one record an attempt, never synced: what is lost of it explains nothing and changes nothing. The
// engine writes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"
#include "runtime/journal/log.h"
#include "runtime/platform/file_system.h"
#include "runtime/state/events.h"

namespace hwf::engine {

struct KeyNote {
  state::Place place;
  std::string task;  // its name
  std::string key;
  std::string why;  // no earlier result was taken; empty: one was
  Json parts;       // an object: "argument rate" -> its value if that is short, else its beginning and a digest
};

// The parts of a key, of its members as Reuse has them.
Json KeyParts(const ir::Task& task, const Json& members);

class KeyLog {
 public:
  KeyLog(platform::FileSystem& files, const std::string& run_directory, mode_t mode);
  void Add(const KeyNote& note);

  // The newest note of the place; else, if `task` is given, that of a task of this name.
  static std::optional<KeyNote> Find(platform::FileSystem& files, const std::string& run_directory,
                                     const state::Place& place, const std::string& task = "");

 private:
  platform::FileSystem& files_;
  const std::string path_;
  const mode_t mode_;
  std::unique_ptr<journal::LogWriter> writer_;
  bool broken_ = false;
};

}  // namespace hwf::engine
