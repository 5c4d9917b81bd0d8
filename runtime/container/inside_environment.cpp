#include "runtime/container/inside_environment.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

extern char** environ;

namespace hwf::container {
namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view NameOf(std::string_view entry) { return entry.substr(0, entry.find('=')); }

void Set(std::vector<std::string>& environment, const std::string& entry) {
  const auto same = std::find_if(environment.begin(), environment.end(),
                                 [&](const auto& one) { return NameOf(one) == NameOf(entry); });
  if (same == environment.end()) {
    environment.push_back(entry);
  } else {
    *same = entry;
  }
}

void InFront(std::vector<std::string>& environment, const std::string& name, const std::string& directory,
             std::string_view fallback) {
  for (std::string& entry : environment) {
    if (NameOf(entry) != name) continue;
    const std::string value = entry.substr(name.size() + 1);
    entry = name + "=" + directory + (value.empty() ? "" : ":" + value);
    return;
  }
  environment.push_back(name + "=" + directory + (fallback.empty() ? "" : ":" + std::string(fallback)));
}

bool Dropped(const std::vector<std::string>& drop, std::string_view entry) {
  return std::any_of(drop.begin(), drop.end(), [&](std::string_view one) {
    if (one.ends_with('*')) return entry.starts_with(one.substr(0, one.size() - 1));
    return entry == one || NameOf(entry) == one;
  });
}

}  // namespace

std::vector<std::string> EnvironmentInside(const InsideSpec& spec) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.find('=') != std::string_view::npos && !Dropped(spec.drop, text)) environment.emplace_back(text);
  }
  for (const auto* entries : {&spec.base, &spec.env}) {
    for (const std::string& entry : *entries) Set(environment, entry);
  }
  InFront(environment, "PATH", kInsideTools, kDefaultPath);
  InFront(environment, "PYTHONPATH", kInsidePython, "");
  return environment;
}

int Execute(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  const auto pointers = [](const std::vector<std::string>& words) {
    std::vector<char*> list;
    list.reserve(words.size() + 1);
    for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
    list.push_back(nullptr);
    return list;
  };
  const std::vector<char*> words = pointers(argv);
  std::vector<char*> variables = pointers(environment);
  environ = variables.data();  // execvp looks into its PATH
  execvp(words.front(), words.data());
  return errno;
}

}  // namespace hwf::container
