// What is installed at the far end of an ssh site: hwf-runner, hwf-task and the Python module, by architecture, in one
// directory named after their digest, `WORKDIR/bin/hwf-<digest>/`, which is made whole and never changed. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace hwf::ssh {

struct ToolFile {
  std::string path;    // here
  std::string name;    // there
  std::string sha256;  // hex
};
struct ToolSet {
  std::string machine;  // as `uname -m` says: "x86_64", "aarch64"
  std::string digest;   // of all, hex
  std::vector<ToolFile> files;
};

// Those that are there, this machine's first. For another architecture the programs carry its name behind theirs:
// `hwf-runner-aarch64`. The error: this machine's own are not there.
ErrorOr<std::vector<ToolSet>> FindTools(const std::string& program_directory, const std::string& python_directory);

// The directory below `workdir`, both as words of a shell script.
std::string ToolDirectory(const std::string& workdir, const std::string& digest);

// A script that reads a tar of the files, checks them and puts the directory in place; it prints "<marker> ok", or what
// is wrong. Two at a time do no harm.
std::string InstallScript(const ToolSet& tools, const std::string& workdir, const std::string& marker);
// argv of a local command that writes that tar to its standard output.
std::vector<std::string> PackCommand(const ToolSet& tools);

// Defines `begin` in a shell script: becomes the program that its arguments are. Where `needed` is not in PATH, which
// is the lesser one of sessions that are no login, a login shell's start-up files are read first. Empty: nothing is
// needed.
std::string DefineBegin(const std::string& needed);

// `path` as one word of a shell script; "~/" at its start is the home directory there.
std::string ScriptPath(const std::string& path);

}  // namespace hwf::ssh
