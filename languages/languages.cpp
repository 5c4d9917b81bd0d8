#include <algorithm>

#include "languages/language.h"

namespace hwf::languages {

const std::vector<const Language*>& All() {
  static const std::vector<const Language*> all = {&Python(), &R(), &Perl(), &Ruby(), &JavaScript()};
  return all;
}

const Language* Find(std::string_view name) {
  const auto found =
      std::find_if(All().begin(), All().end(), [&](const Language* language) { return language->name == name; });
  return found == All().end() ? nullptr : *found;
}

std::string Assignment(const Language& language, std::string_view variable, std::string_view literal) {
  std::string out = language.before;
  out.append(language.variable).append(variable).append(language.middle).append(literal).append(language.after);
  return out;
}

}  // namespace hwf::languages
