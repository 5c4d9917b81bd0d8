#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/doc/collect.h"
#include "compiler/doc/html.h"
#include "compiler/doc/json.h"
#include "compiler/driver/frontend.h"
#include "compiler/driver/output.h"

namespace hwf::driver {

namespace {

namespace fs = std::filesystem;

constexpr char kHelp[] = R"(Usage: hwfc doc FILE... [-o DIR] [--json] [options]

Writes pages of HTML about each FILE and what it imports: what there is to be called and with what, who is asked what,
a drawing of each workflow, the `##` comments. The pages need no server and no network. std.NAME instead of a FILE is a
module of the standard library.

Options:
  -o DIR                     where to (doc); begin with its index.html. Pages of the same names that hwfc
                             made are replaced
  --json                     one JSON document instead, for other programs; -o OUT is then a file (`-`: standard output)
  --sites FILE               the sites of FILE instead of the program's
  --color auto|always|never  colours of messages; auto: on a terminal, unless NO_COLOR is set

Examples:
  hwfc doc digits.hwf                          # makes doc/index.html and what it leads to
  hwfc doc *.hwf -o public/workflows
  hwfc doc std.review std.sweep std.train -o std
  hwfc doc digits.hwf --json | jq '.modules[].items[].name'

Exit codes: 0 written, 1 errors in a program, 2 wrong command line, 3 a file cannot be read or written.
)";

// "std.review" is no path that anybody would have.
std::string PathOf(const std::string& file) {
  if (!file.starts_with("std.") || file.ends_with(".hwf")) return file;
  return (fs::path(LibraryDirectory()) / (file.substr(4) + ".hwf")).string();
}

constexpr std::streamoff kFooterBytes = 256;

// Whether somebody else made what is at the path: a page of hwfc says at its end whose it is.
bool IsForeign(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return false;
  if (!fs::is_regular_file(path, error)) return true;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  file.seekg(std::max<std::streamoff>(std::streamoff(file.tellg()) - kFooterBytes, 0));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return text.find(doc::kMadeBy) == std::string::npos;
}

int WritePages(const std::vector<doc::Module>& modules, const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    fmt::print(stderr, "hwfc: cannot make the directory {}: {}\n", directory, error.message());
    return kExitWorld;
  }
  const std::vector<doc::Page> pages = doc::HtmlPages(modules);
  for (const doc::Page& page : pages) {
    const fs::path path = fs::path(directory) / page.name;
    if (!IsForeign(path)) continue;
    fmt::print(stderr,
               "hwfc: {} is there, and hwfc doc did not make it; nothing was written: name another directory with -o\n",
               path.string());
    return kExitWorld;
  }
  for (const doc::Page& page : pages) {
    if (!WriteOutput((fs::path(directory) / page.name).string(), page.text)) return kExitWorld;
  }
  return kExitDone;
}

int RunDoc(Arguments arguments) {
  const Options options =
      ReadOptions(arguments, {{"-o"}, {"--json", false}, {"--sites"}, {"--color", true, {"auto", "always", "never"}}});
  if (!options.error.empty()) return UsageError(kDocCommand, options.error);
  if (options.files.empty()) return UsageError(kDocCommand, "which file?");
  Frontend frontend;
  frontend.UseSites(std::string(options.ValueOr("--sites", "")));
  doc::Collector collector(frontend.sources(), LibraryDirectory());
  bool whole = true;
  for (const std::string& file : options.files) {
    const auto program = frontend.Compile(PathOf(file));
    std::optional<ir::Module> module;
    if (program.has_value()) module = frontend.Lower(*program);
    whole = whole && module.has_value();
    if (module.has_value()) collector.Add(*program, *module);
  }
  const std::string said = frontend.Render(options);
  std::fwrite(said.data(), 1, said.size(), stderr);
  if (!whole) return frontend.ExitCode();
  if (options.Has("--json")) {
    const std::string text = doc::DocumentJson(collector.modules()).DumpPretty();
    return WriteOutput(std::string(options.ValueOr("-o", "-")), text) ? kExitDone : kExitWorld;
  }
  return WritePages(collector.modules(), std::string(options.ValueOr("-o", "doc")));
}

}  // namespace

const Command kDocCommand{"doc", "pages about a program, for those who read and call it", kHelp, RunDoc};

}  // namespace hwf::driver
