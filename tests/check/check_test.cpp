// File tests of `hwfc check`. A case is a `.hwf` file below tests/check, or a directory with a `main.hwf`, which may
// import what lies beside it. The expected output stands at the end of the file, each line behind `#: `; without any,
// the file must be without fault. `of_the_command_line.hwf` beside a `main.hwf` is given as `--sites`. `check_test
// --update` rewrites the expectations; the diff is reviewed as code.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/diagnostics/catalog.h"
#include "compiler/driver/frontend.h"

namespace hwf {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "#:";
constexpr const char* kSitesFile = "of_the_command_line.hwf";

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Case {
  std::string source;       // without the expectation
  std::string expectation;  // without the marks
};

Case Split(const std::string& text) {
  size_t begin = text.size();
  // The block of marked lines at the end.
  while (begin > 0) {
    size_t line = begin < 2 ? std::string::npos : text.rfind('\n', begin - 2);
    size_t line_begin = line == std::string::npos ? 0 : line + 1;
    if (text.compare(line_begin, kMark.size(), kMark) != 0) break;
    begin = line_begin;
  }
  Case out{text.substr(0, begin), ""};
  for (size_t at = begin; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at + kMark.size(), end - at - kMark.size());
    if (!line.empty() && line[0] == ' ') line.erase(0, 1);
    out.expectation += line + "\n";
    at = end + 1;
  }
  return out;
}

std::string Marked(const std::string& output) {
  std::string out;
  for (size_t at = 0; at < output.size();) {
    size_t end = std::min(output.find('\n', at), output.size());
    std::string line = output.substr(at, end - at);
    out += std::string(kMark) + (line.empty() ? "" : " ") + line + "\n";
    at = end + 1;
  }
  return out;
}

class CheckFile : public ::testing::Test {
 public:
  CheckFile(std::string path, bool update) : path_(std::move(path)), update_(update) {}

  void TestBody() override {
    std::string text = Read(path_);
    Case expected = Split(text);
    driver::Frontend frontend;
    const fs::path sites = fs::path(path_).parent_path() / kSitesFile;
    if (fs::exists(sites)) frontend.UseSites(sites.string());
    const auto program = frontend.CompileText(path_, expected.source);
    ASSERT_TRUE(program.has_value());
    frontend.Lower(*program);
    std::string output = frontend.Render({});
    if (update_ && output != expected.expectation) {
      std::ofstream(path_, std::ios::binary) << expected.source << Marked(output);
      return;
    }
    EXPECT_EQ(output, expected.expectation) << path_ << " (check_test --update rewrites it)";
  }

 private:
  std::string path_;
  bool update_;
};

std::vector<std::string> Cases() {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(".")) {
    if (entry.path().extension() != ".hwf") continue;
    std::string path = entry.path().lexically_relative(".").string();
    bool part_of_directory = fs::exists(entry.path().parent_path() / "main.hwf");
    if (!part_of_directory || entry.path().filename() == "main.hwf") out.push_back(path);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Every code is expected by a file here or named in a unit test of the compiler.
TEST(Codes, EachIsExpectedSomewhere) {
  std::string seen;
  for (const std::string& path : Cases()) seen += Split(Read(path)).expectation;
  for (const auto& entry : fs::recursive_directory_iterator(HWF_SOURCE_DIR "/compiler")) {
    if (entry.path().string().ends_with("_test.cpp")) seen += Read(entry.path());
  }
  for (const diagnostics::CatalogEntry& entry : diagnostics::Catalog()) {
    EXPECT_NE(seen.find(entry.info.code), std::string::npos) << entry.info.code << " " << entry.info.name;
  }
}

// The example runs unchanged wherever a file of sites says.
TEST(Examples, DigitsIsFineOnEachOfItsSites) {
  const fs::path example = fs::path(HWF_SOURCE_DIR) / "examples" / "digits";
  for (const char* sites : {"local", "slurm", "ssh"}) {
    driver::Frontend frontend;
    frontend.UseSites((example / "sites" / (std::string(sites) + ".hwf")).string());
    const auto program = frontend.Compile((example / "digits.hwf").string());
    ASSERT_TRUE(program.has_value()) << sites;
    const auto module = frontend.Lower(*program);
    ASSERT_TRUE(module.has_value()) << frontend.Render({});
    EXPECT_EQ(frontend.Render({}), "");
    ASSERT_EQ(module->sites.size(), 1u);
    EXPECT_EQ(module->sites[0].kind, sites);
  }
}

}  // namespace
}  // namespace hwf

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  bool update = argc > 1 && std::string_view(argv[1]) == "--update";
  // Paths in messages are relative to here.
  std::filesystem::current_path(HWF_SOURCE_DIR "/tests/check");
  setenv("NO_COLOR", "1", 1);
  for (const std::string& path : hwf::Cases()) {
    std::string name = path;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '/' || c == '.' || c == '-'; }, '_');
    ::testing::RegisterTest("Check", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [=]() -> ::testing::Test* { return new hwf::CheckFile(path, update); });
  }
  return RUN_ALL_TESTS();
}
