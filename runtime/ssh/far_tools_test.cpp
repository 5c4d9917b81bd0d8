// The scripts that run at the far end, run here.
#include "runtime/ssh/far_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "runtime/platform/process.h"
#include "runtime/state/command.h"

namespace hwf::ssh {
namespace {

using state::ShellQuote;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class FarTools : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "far-tools-XXXXXX";
    top_ = mkdtemp(pattern.data());
    programs_ = top_ + "/the programs";
    fs::create_directory(programs_);
    for (const char* name : {"hwf-runner", "hwf-task"}) Write(programs_ + "/" + name, std::string("of ") + name);
    Write(top_ + "/hwf_task.py", "module");
    workdir_ = top_ + "/it's a \"work\" $dir";
  }
  void TearDown() override { fs::remove_all(top_); }

  void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  platform::Finished Shell(const std::string& script, std::vector<std::pair<std::string, std::string>> env = {}) {
    platform::SpawnOptions options;
    options.argv = {"/bin/sh", "-c", script};
    options.inherit_env = true;
    options.env = std::move(env);
    auto finished = platform::RunToEnd(options, "", {.timeout_ms = 30'000});
    EXPECT_TRUE(finished.ok());
    return finished.ok() ? *finished : platform::Finished{};
  }
  platform::Finished Install(const ToolSet& tools, const std::string& sent_by = "") {
    std::string pack = sent_by;
    for (const std::string& word : PackCommand(tools)) pack += sent_by.empty() ? ShellQuote(word) + " " : "";
    const std::string script = InstallScript(tools, workdir_, "MARK");
    return Shell(pack + " | /bin/sh -c " + ShellQuote(script), {{"HOME", top_}});
  }
  std::string Target(const ToolSet& tools) { return workdir_ + "/bin/hwf-" + tools.digest.substr(0, 32); }
  size_t Entries() {
    return static_cast<size_t>(std::distance(fs::directory_iterator(workdir_ + "/bin"), fs::directory_iterator()));
  }

  std::string top_, programs_, workdir_;
};

TEST_F(FarTools, AreInstalledWholeAndNeverAgain) {
  const auto found = FindTools(programs_, top_);
  ASSERT_TRUE(found.ok()) << found.error().message();
  const ToolSet& tools = found->front();
  EXPECT_THAT(Install(tools).output, HasSubstr("\nMARK ok\n"));
  EXPECT_EQ(Read(Target(tools) + "/hwf-runner"), "of hwf-runner");
  EXPECT_EQ(Read(Target(tools) + "/hwf_task.py"), "module");
  struct stat info {};
  ASSERT_EQ(stat((Target(tools) + "/hwf-runner").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0500u);
  EXPECT_THAT(Install(tools).output, HasSubstr("\nMARK ok\n"));
  EXPECT_EQ(Entries(), 1u) << "nothing else is left";
  Write(programs_ + "/hwf-task", "another");
  const auto newer = FindTools(programs_, top_);
  ASSERT_TRUE(newer.ok());
  EXPECT_NE(newer->front().digest, tools.digest);
  EXPECT_THAT(Install(newer->front()).output, HasSubstr("\nMARK ok\n"));
  EXPECT_EQ(Entries(), 2u) << "the old one is not touched: jobs use it";
}

TEST_F(FarTools, TwoAtATimeDoNoHarm) {
  const ToolSet tools = FindTools(programs_, top_)->front();
  std::vector<std::string> said(4);
  std::vector<std::thread> threads;
  for (std::string& one : said) threads.emplace_back([&] { one = Install(tools).output; });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& one : said) EXPECT_THAT(one, HasSubstr("MARK ok"));
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(FarTools, WhatArrivesBrokenIsNotUsed) {
  const ToolSet tools = FindTools(programs_, top_)->front();
  Write(programs_ + "/hwf-task", "changed on the way");
  const platform::Finished wrong = Install(tools);
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.output, HasSubstr("MARK what arrived is not what was sent"));
  EXPECT_THAT(wrong.output, HasSubstr("hwf-task: FAILED"));
  EXPECT_NE(Install(tools, "head -c 40 /dev/zero").exit_code, 0);
  EXPECT_FALSE(fs::exists(Target(tools)));
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(FarTools, OtherMachinesHaveTheirOwn) {
  EXPECT_EQ(FindTools(programs_, top_)->size(), 1u);
  const std::string own = FindTools(programs_, top_)->front().machine;
  const std::string other = own == "aarch64" ? "x86_64" : "aarch64";
  for (const char* name : {"hwf-runner-", "hwf-task-"}) Write(programs_ + "/" + name + other, "of " + other);
  const auto found = FindTools(programs_, top_);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[1].machine, other);
  EXPECT_THAT(Install((*found)[1]).output, HasSubstr("MARK ok"));
  EXPECT_EQ(Read(Target((*found)[1]) + "/hwf-runner"), "of " + other) << "under the plain name";
  fs::remove(programs_ + "/hwf-task");
  EXPECT_FALSE(FindTools(programs_, top_).ok());
}

TEST_F(FarTools, TheHomeDirectoryIsTheOneThere) {
  const auto echo = [&](const std::string& path) {
    return Shell("printf %s " + ScriptPath(path), {{"HOME", "/h m"}}).output;
  };
  EXPECT_EQ(echo("~/a b/$c"), "/h m/a b/$c");
  EXPECT_EQ(echo("~"), "/h m");
  EXPECT_EQ(echo("/x/~/'y'"), "/x/~/'y'");
}

// Its start-up files are read only where the program is not found without.
TEST_F(FarTools, ALoginShellFindsWhatAPlainOneDoesNot) {
  fs::create_directory(top_ + "/sbin");
  Write(top_ + "/sbin/sbatch-of-test", "#!/bin/sh\necho \"$# $1 $LOADED\"\n");
  fs::permissions(top_ + "/sbin/sbatch-of-test", fs::perms::owner_all);
  Write(top_ + "/.bash_profile", "echo loading\nexport LOADED=yes\nPATH=$PATH:" + top_ + "/sbin\n");
  const std::string script = DefineBegin("sbatch-of-test") + "begin sbatch-of-test \"it's  \\$x\"\n";
  EXPECT_EQ(Shell(script, {{"HOME", top_}, {"PATH", "/usr/bin:/bin"}}).output, "loading\n1 it's  $x yes\n");
  const std::string both = "/usr/bin:/bin:" + top_ + "/sbin";
  EXPECT_EQ(Shell(script, {{"HOME", top_}, {"PATH", both}}).output, "1 it's  $x \n");
  EXPECT_EQ(Shell(DefineBegin("") + "begin echo 'a  b'", {}).output, "a  b\n");
}

}  // namespace
}  // namespace hwf::ssh
