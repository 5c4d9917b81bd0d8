// `hwf run FILE`: compile, read the parameters, make the run, carry it on.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/cli/carry_on.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/from_run.h"
#include "runtime/cli/help.h"
#include "runtime/cli/locate.h"
#include "runtime/cli/program.h"
#include "runtime/cli/trust.h"
#include "runtime/engine/people.h"
#include "runtime/engine/run_directory.h"
#include "runtime/engine/site_table.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/paths.h"

namespace hwf::cli {
namespace {

int RunRun(Context& context, const Arguments& arguments) {
  const std::string& path = arguments.positional.front();
  LoadedProgram loaded = LoadProgram(context, path, arguments.Get("sites"));
  if (!loaded.program) {
    if (!loaded.error.message.empty()) Complain(loaded.error.message);
    return loaded.error.exit;
  }
  const Program& program = *loaded.program;
  if (arguments.help) {
    fmt::print("{}\nOptions of `hwf run`: hwf run --help\n", ProgramHelp(program, path));
    return kExitDone;
  }
  ErrorOr<Json> params = ReadParameters(program, arguments);
  if (!params.ok()) {
    Complain(params.error().message() + fmt::format("\n  hwf run {} --help shows the parameters", path));
    return kExitUsage;
  }
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok()) {
    Complain(runs.error().message());
    return kExitUsage;
  }
  const FromRun from = ReadFrom(arguments);
  if (from.exit != kExitDone) return from.exit;
  const auto trust = ReadTrust(arguments);
  if (!trust) return kExitUsage;
  const std::string people_file = arguments.Get("people");
  if (!people_file.empty() && access(people_file.c_str(), R_OK) != 0) {
    Complain(ErrnoError(errno, "--people " + people_file).message());
    return kExitUsage;
  }
  platform::FileSystem& files = platform::RealFileSystem();
  const ErrorOr<review::People> people = people_file.empty() ? review::People::Find(files, runs.value(), geteuid())
                                                             : review::People::Load(files, people_file, geteuid());
  const ErrorOr<Success> known = people.ok() ? engine::CheckPeople(*program.module, people.value()) : people.error();
  if (!known.ok()) {
    Complain(known.error().message());
    return people.ok() ? kExitFailed : kExitUsage;
  }
  const ErrorOr<Success> sites = engine::CheckSites(*program.module);
  if (!sites.ok()) {
    Complain(sites.error().message());
    return kExitFailed;
  }
  if (const ErrorOr<Success> runner = CheckRunner(context); !runner.ok()) {
    Complain(runner.error().message());
    return kExitWorld;
  }
  engine::NewRun run;
  run.runs = runs.value();
  run.ir = program.ir;
  run.module = program.module.get();
  run.params = std::move(params).value();
  run.from = from.directory;
  run.carried = from.answers.Text();
  run.share = arguments.Get("share");
  run.people = people_file;
  run.trust = engine::TrustJson(*trust);
  const ErrorOr<std::string> directory = engine::CreateRun(platform::RealFileSystem(), run);
  if (!directory.ok()) {
    Complain("the run cannot be begun: " + directory.error().message());
    return kExitWorld;
  }
  loaded.program.reset();
  CarryOptions options = CarryOptionsFrom(context, arguments);
  if (!options.json) {
    fmt::print("run {} in {}\n{}", platform::BaseName(directory.value()), directory.value(), FromText(from));
  }
  return CarryOn(context, directory.value(), options);
}

}  // namespace

CommandSpec RunCommand() {
  CommandSpec spec;
  spec.name = "run";
  spec.positional = "FILE";
  spec.least = spec.most = 1;
  spec.summary = "run a workflow";
  spec.text =
      "FILE is a .hwf program (compiled by the hwfc beside this hwf) or a .hwfir. The workflow's parameters are "
      "options:\n"
      "`--rate 0.2`, of a Bool `--fast` or `--no-fast`; `hwf run FILE --help` shows them. Lists and records are JSON.\n"
      "Ctrl-C starts nothing new and waits for what runs; a second one cancels. The run survives its engine: `hwf "
      "resume`.";
  spec.options = CarryOptionSpecs();
  spec.options.push_back({"share", "GROUP", "the group may read the run, answer its reviews and reuse its results"});
  spec.options.push_back(TrustOption());
  spec.options.push_back(SitesOption());
  spec.options.push_back({"people", "FILE", "names and keys of people without accounts here"});
  spec.options.push_back({"detach", "", "start what can be started now and leave (exit 75)"});
  for (OptionSpec& option : FromOptions()) spec.options.push_back(std::move(option));
  spec.examples = {{"hwf run train.hwf --rate 0.2", "run with a parameter"},
                   {"hwf run train.hwf --help", "what the program does, and its parameters"},
                   {"hwf run train.hwf --sites cluster.hwf", "the same on a cluster"},
                   {"hwf run mended.hwf --from 20260504-1203", "what was done and answered there is taken from there"},
                   {"hwf run train.hwf --share ml-team --notify 'mail -s \"$HWF_QUESTION\" me'", "with colleagues"},
                   {"hwf run train.hwf --trust ana", "what ana's shared runs beside it have done is not done again"}};
  spec.program_options = true;
  spec.run = RunRun;
  return spec;
}

}  // namespace hwf::cli
