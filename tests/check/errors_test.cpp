// docs/errors.md: what newcomers get wrong. Each section holds a wrong program, what hwfc says of it and a change in
// the form of diff that mends it. The messages there are what hwfc says now (`errors_test --update` writes them), and
// each mended program is without fault.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "compiler/driver/frontend.h"

namespace hwf {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

constexpr const char* kDocument = HWF_SOURCE_DIR "/docs/errors.md";
constexpr size_t kMistakes = 20;
bool update_document = false;  // NOLINT: set once by main

Lines Split(const std::string& text) {
  Lines out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}
std::string Join(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Section {
  std::string title;
  Lines wrong, said, mend;
};

// A document's text in between, and its sections' blocks by their fences.
struct Document {
  Lines lines;                     // without what hwfc says
  std::vector<Section> sections;   // in order
  std::vector<size_t> said_above;  // by section: the line of `lines` before which the message belongs
};

Document ReadDocument() {
  Document out;
  Lines* block = nullptr;
  for (const std::string& line : Split(Read(kDocument))) {
    if (block == nullptr && line.starts_with("## ")) out.sections.push_back({line.substr(3), {}, {}, {}});
    const bool said = block != nullptr && !out.sections.empty() && block == &out.sections.back().said;
    if (!line.starts_with("```") && block != nullptr) block->push_back(line);
    if (said && line == "```") out.said_above.push_back(out.lines.size());
    if (!said || line == "```") out.lines.push_back(line);
    if (line == "```") block = nullptr;
    if (line == "```hwf wrong") block = &out.sections.back().wrong;
    if (line == "```text") block = &out.sections.back().said;
    if (line == "```diff") block = &out.sections.back().mend;
  }
  return out;
}

// The program after the change: what `-` and ` ` lines say stands together somewhere in it, once.
Lines Mended(const Section& section) {
  Lines before, after;
  for (const std::string& line : section.mend) {
    if (line[0] != '+') before.push_back(line.substr(1));
    if (line[0] != '-') after.push_back(line.substr(1));
  }
  Lines out = section.wrong;
  const auto at = std::search(out.begin(), out.end(), before.begin(), before.end());
  if (before.empty() || at == out.end()) return {"the change of `" + section.title + "` fits nowhere"};
  const auto rest = out.erase(at, at + static_cast<ptrdiff_t>(before.size()));
  out.insert(rest, after.begin(), after.end());
  return out;
}

std::string Said(const Lines& program) {
  driver::Frontend frontend;
  const auto checked = frontend.CompileText("wrong.hwf", Join(program));
  if (!checked.has_value()) return "it cannot be read";
  frontend.Lower(*checked);
  return frontend.Render({});
}

// The programs' directory, with what lies beside them.
class Mistakes : public ::testing::Test {
 protected:
  Mistakes() {
    fs::current_path(MakeDirectory());
    for (const char* name : {"fit.py", "words.txt"}) std::ofstream(name) << "\n";
  }
  ~Mistakes() override {
    const fs::path made = fs::current_path();
    fs::current_path("/");
    fs::remove_all(made);
  }

 private:
  static std::string MakeDirectory() {
    std::string name = (fs::temp_directory_path() / "hwf-errors-XXXXXX").string();
    return mkdtemp(name.data()) == nullptr ? "." : name;
  }
};

TEST_F(Mistakes, TheDocumentIsCurrent) {
  Document document = ReadDocument();
  ASSERT_EQ(document.sections.size(), kMistakes);
  ASSERT_EQ(document.said_above.size(), kMistakes);
  Lines whole = document.lines;
  for (size_t i = kMistakes; i-- > 0;) {
    const Lines said = Split(Said(document.sections[i].wrong));
    EXPECT_FALSE(said.empty()) << document.sections[i].title;
    whole.insert(whole.begin() + static_cast<ptrdiff_t>(document.said_above[i]), said.begin(), said.end());
  }
  if (update_document) std::ofstream(kDocument, std::ios::binary) << Join(whole);
  EXPECT_EQ(Read(kDocument), Join(whole)) << "`errors_test --update` writes it";
}

TEST_F(Mistakes, EachIsOneMessage) {
  for (const Section& section : ReadDocument().sections) {
    const std::string said = Said(section.wrong);
    EXPECT_TRUE(said.ends_with("1 error in 1 file\n") || said.ends_with("1 warning in 1 file\n")) << said;
  }
}

TEST_F(Mistakes, EachMendedProgramIsFine) {
  for (const Section& section : ReadDocument().sections) EXPECT_EQ(Said(Mended(section)), "") << section.title;
}

}  // namespace
}  // namespace hwf

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  hwf::update_document = argc > 1 && std::string_view(argv[1]) == "--update";
  setenv("NO_COLOR", "1", 1);
  return RUN_ALL_TESTS();
}
