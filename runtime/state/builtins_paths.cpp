// Paths: of a File or Dir, or a text that is one. Where a File lies is only known to the task that gets it, so of one
// there is its name alone.
#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

std::string PathOf(const Json& value) {
  std::string path = value.is_string() ? value.AsString() : value.StringOr("path", "");
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string NameOf(const Json& value) {
  const std::string path = PathOf(value);
  return path == "/" ? path : path.substr(path.find_last_of('/') + 1);
}

// Where the dot of the extension stands; the name's size if there is none.
size_t DotOf(const std::string& name) {
  const size_t dot = name.find_last_of('.');
  return dot == std::string::npos || dot == 0 || name == ".." ? name.size() : dot;
}

Evaluation Basename(const Args& args) { return Give(Json(NameOf(args[0]))); }

Evaluation Dirname(const Args& args) {
  const std::string path = PathOf(args[0]);
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return Give(Json("."));
  const size_t end = path.find_last_not_of('/', slash);
  return Give(Json(end == std::string::npos ? "/" : path.substr(0, end + 1)));
}

Evaluation Stem(const Args& args) {
  const std::string name = NameOf(args[0]);
  return Give(Json(name.substr(0, DotOf(name))));
}

Evaluation Extension(const Args& args) {
  const std::string name = NameOf(args[0]);
  const size_t dot = DotOf(name);
  return Give(Json(dot == name.size() ? "" : name.substr(dot + 1)));
}

constexpr BuiltinEntry kPaths[] = {
    {"basename", Basename}, {"dirname", Dirname}, {"stem", Stem}, {"extension", Extension}};

}  // namespace

BuiltinFamily PathBuiltins() { return kPaths; }

}  // namespace hwf::state
