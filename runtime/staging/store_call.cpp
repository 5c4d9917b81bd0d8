#include "runtime/staging/store_call.h"

#include <fmt/format.h>

#include "runtime/state/command.h"

namespace hwf::staging {

std::vector<std::string> StoreCall(const Store& side, const std::string& marker, const std::string& verb,
                                   const std::string& directory, const std::vector<Content>& contents) {
  std::vector<std::string> words = {side.runner, "store", "--marker", marker, verb, directory};
  for (const auto& [digest, name] : contents) words.insert(words.end(), {digest, name});
  if (!side.host) return words;
  std::string script;
  for (const std::string& word : words) script += (script.empty() ? "" : " ") + state::ShellQuote(word);
  return side.host->RunScript(script + "\n");
}

std::vector<std::string> StoreWords(const std::string& out, const std::string& marker, size_t count) {
  std::vector<std::string> words;
  size_t at = 0;
  while (words.size() < count) {
    const std::string begin = fmt::format("\n{} {} ", marker, words.size());
    at = out.find(begin, at);
    if (at == std::string::npos) return {};
    const size_t end = out.find('\n', at + begin.size());
    if (end == std::string::npos) return {};
    words.push_back(out.substr(at + begin.size(), end - at - begin.size()));
    at = end;
  }
  return words;
}

}  // namespace hwf::staging
