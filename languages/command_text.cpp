#include "languages/command_text.h"

namespace hwf::languages {

std::string UnusedPrefix(const std::vector<CommandPart>& parts, std::string base) {
  std::string text;
  for (const CommandPart& part : parts) text += part.interpolation ? std::string() : part.text;
  while (text.find(base) != std::string::npos) base += "_";
  return base;
}

}  // namespace hwf::languages
