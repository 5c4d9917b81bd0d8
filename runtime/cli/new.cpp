// `hwf new`: writes a starting point, one of the templates that lie beside the programs in a build and below share/
// where hwf is installed. Nothing that is there already is touched.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "runtime/cli/commands.h"
#include "runtime/platform/file_system.h"
#include "runtime/report/text.h"

namespace hwf::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTemplateBytes = uint64_t{1} << 20;

struct Template {
  std::string name;     // "train": a directory that holds `train.hwf`
  std::string summary;  // the comment below the program's edition
  fs::path directory;
  std::vector<std::string> files;  // names, the program first
};

fs::path TemplatesDirectory(const Context& context) {
  const fs::path programs = context.program_directory, built = programs / "templates";
  std::error_code error;
  return fs::is_directory(built, error) ? built : programs.parent_path() / "share" / "hwf" / "templates";
}

// "A sweep: …" of `hwf 1\n# A sweep: …\n`
std::string SummaryOf(const std::string& program) {
  const size_t begin = program.find("\n# ");
  if (begin == std::string::npos) return "";
  return program.substr(begin + 3, program.find('\n', begin + 1) - begin - 3);
}

ErrorOr<std::vector<Template>> Templates(const fs::path& from) {
  platform::FileSystem& files = platform::RealFileSystem();
  HWF_ASSIGN(const std::vector<std::string> names, files.List(from.string()));
  std::vector<Template> out;
  for (const std::string& name : names) {
    Template made{name, "", from / name, {}};
    const std::string program = name + ".hwf";
    HWF_ASSIGN(const std::string text, files.Read((made.directory / program).string(), kMaxTemplateBytes));
    made.summary = SummaryOf(text);
    HWF_ASSIGN(made.files, files.List(made.directory.string()));
    std::stable_partition(made.files.begin(), made.files.end(), [&](const auto& each) { return each == program; });
    out.push_back(std::move(made));
  }
  return out;
}

int ListTemplates(const std::vector<Template>& templates, bool json) {
  Json list = Json::Array();
  if (!json) fmt::print("Templates, for `hwf new TEMPLATE [DIR]`:\n");
  for (const Template& each : templates) {
    Json names = Json::Array();
    for (const std::string& name : each.files) names.Add(name);
    list.Add(Json().Set("template", each.name).Set("summary", each.summary).Set("files", names));
    if (!json) fmt::print("  {:<10} {}\n", each.name, each.summary);
  }
  if (json) fmt::print("{}", list.DumpPretty());
  return kExitDone;
}

// Takes back what was written when the rest cannot be.
struct Written {
  std::vector<fs::path> paths;
  bool keep = false;
  ~Written() {
    std::error_code error;
    for (auto path = paths.rbegin(); !keep && path != paths.rend(); ++path) fs::remove(*path, error);
  }
};

int Fail(int exit, const std::string& what, const fs::path& path, const std::string& why) {
  Complain(fmt::format("cannot {} {}: {}; nothing was written", what, report::Printable(path.string()), why));
  return exit;
}

int Write(const Template& from, const fs::path& to, bool json) {
  std::error_code error;
  for (const std::string& name : from.files) {
    if (fs::exists(fs::symlink_status(to / name, error)))
      return Fail(kExitUsage, "write", to / name,
                  fmt::format("it is there already, and `hwf new {} DIR` writes elsewhere", from.name));
  }
  Written written;
  std::vector<fs::path> missing;
  for (fs::path each = to; !each.empty() && !fs::exists(each, error); each = each.parent_path())
    missing.push_back(each);
  for (auto each = missing.rbegin(); each != missing.rend(); ++each) {
    const bool made = fs::create_directory(*each, error);
    if (error) return Fail(kExitWorld, "make the directory", to, error.message());
    if (made) written.paths.push_back(*each);
  }
  Json names = Json::Array();
  for (const std::string& name : from.files) {
    // Only a file that is not there yet: another may have come meanwhile.
    if (!fs::copy_file(from.directory / name, to / name, fs::copy_options::none, error))
      return Fail(kExitWorld, "write", to / name, error.message());
    written.paths.push_back(to / name);
    names.Add(name);
  }
  written.keep = true;
  if (json) {
    const Json said = Json().Set("template", from.name).Set("directory", to.string()).Set("files", names);
    fmt::print("{}", said.DumpPretty());
    return kExitDone;
  }
  for (const std::string& name : from.files) fmt::print("wrote {}\n", report::Printable((to / name).string()));
  fmt::print("\nRun it:\n  hwf run {}\n", report::ShellWord((to / (from.name + ".hwf")).string()));
  return kExitDone;
}

int RunNew(Context& context, const Arguments& arguments) {
  const fs::path directory = TemplatesDirectory(context);
  const auto templates = Templates(directory);
  if (!templates.ok()) {
    Complain(fmt::format("cannot read the templates in {}: {}; they belong to hwf, install it anew", directory.string(),
                         templates.error().message()));
    return kExitWorld;
  }
  const bool json = arguments.Has("json");
  if (arguments.positional.empty()) return ListTemplates(*templates, json);
  const std::string& wanted = arguments.positional[0];
  std::vector<std::string> names;
  for (const Template& each : *templates) {
    if (each.name == wanted)
      return Write(each, arguments.positional.size() > 1 ? arguments.positional[1] : wanted, json);
    names.push_back(each.name);
  }
  const std::string near = Nearest(wanted, names);
  Complain(fmt::format(
      "there is no template `{}`; {}", report::Printable(wanted),
      near.empty() ? fmt::format("there are {}", fmt::join(names, ", ")) : fmt::format("did you mean `{}`?", near)));
  return kExitUsage;
}

}  // namespace

CommandSpec NewCommand() {
  CommandSpec spec;
  spec.name = "new";
  spec.positional = "[TEMPLATE [DIR]]";
  spec.most = 2;
  spec.summary = "write a starting point: a program that runs as it is, to be changed";
  spec.text =
      "Writes TEMPLATE's files into DIR (a directory of the template's name, if DIR is left out), which is made if "
      "need\n"
      "be. What is there already is never overwritten: if one of the files is, nothing is written. Without TEMPLATE: "
      "the\n"
      "list of templates.";
  spec.options = {JsonOption()};
  spec.examples = {{"hwf new", "which templates there are"},
                   {"hwf new train", "writes train/train.hwf and what it uses; `hwf run train/train.hwf` runs it"},
                   {"hwf new sweep .", "into this directory"}};
  spec.run = RunNew;
  return spec;
}

}  // namespace hwf::cli
