// What check, build and graph share: read files, parse, analyse, say what is wrong. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/diagnostics/silence.h"
#include "compiler/driver/options.h"
#include "compiler/sema/program.h"
#include "compiler/source/source.h"
#include "ir/module.h"
#include "ir/test.h"

namespace hwf::driver {

class Frontend {
 public:
  // From now on the sites of this file take the place of each program's.
  void UseSites(std::string path) { sites_path_ = std::move(path); }

  // The program whose main file is `path`; nullopt if the file cannot be read, which has been said on stderr then.
  // It is whole only if no error was reported (has_errors).
  std::optional<sema::Program> Compile(const std::string& path);
  // The same with a main file that is not as it is on disk (an editor's buffer, a test).
  std::optional<sema::Program> CompileText(const std::string& path, std::string text);

  // The IR of a program without errors, through the passes; nullopt if there are errors, or lowering reports one.
  // Verified. Of the program that was compiled last. Of one with errors it says what is wrong in its commands all the
  // same.
  std::optional<ir::Module> Lower(const sema::Program& program);
  std::optional<ir::TestedModule> LowerWithTests(const sema::Program& program);

  bool has_errors() const { return collector_.has_errors(); }
  source::SourceManager& sources() { return sources_; }

  // All diagnostics so far, as `--format` (text, json, sarif) and `--color` ask.
  std::string Render(const Options& options) const;
  // What a command's exit code is after these files: kExitWorld, kExitFailed or kExitDone.
  int ExitCode() const;

  // The options that Render obeys, and `--sites`.
  static std::vector<Option> CommonOptions();

 private:
  std::optional<sema::Program> Analyze(const ErrorOr<source::FileId>& file);
  // The tree of a file; null if it cannot be read, which has been said then.
  std::unique_ptr<syntax::Module> Parse(const ErrorOr<source::FileId>& file);
  // Of what stays at a site and is asked for where it is not seen.
  void ReportAstray(const sema::Program& program, ir::Module& module);
  // Takes note of the comments that silence lints.
  void ReadComments(const sema::Program& program);
  std::vector<source::Range> CommentsIn(source::Range command) const;

  std::string sites_path_;  // empty: the program's own
  source::SourceManager sources_;
  diagnostics::Collector collector_;
  diagnostics::Silencer silencer_{sources_};
  bool sound_ = false;                   // the program that was compiled last
  size_t functions_of_run_ = 0;          // its first; the others are made for its tests
  std::vector<std::string> unreadable_;  // why, for each file that was named and could not be read
};

// The standard library's modules: beside this program in a build, below share/ where it is installed.
std::string LibraryDirectory();

// Whether text to that stream is coloured: `--color`, then NO_COLOR and TERM=dumb, then whether it is a terminal.
bool UseColor(const Options& options, int fd);

}  // namespace hwf::driver
