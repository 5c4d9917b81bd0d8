// Bringing files over a real sshd (tests/support/ssh_host.py): there, back, again, broken off, spoilt.
#include "runtime/staging/stager.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/process.h"

namespace hwf::staging {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string RunProgram(const std::vector<std::string>& argv) {
  platform::SpawnOptions options;
  options.argv = argv;
  options.inherit_env = true;
  auto finished = platform::RunToEnd(options, "", {90'000, 1 << 20});
  EXPECT_TRUE(finished.ok() && finished->exit_code == 0) << argv[0] << (finished.ok() ? finished->output : "");
  return finished.ok() ? finished->output : "";
}

void Write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class StagerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = RunProgram({HWF_PYTHON, HWF_SSH_HOST, "missing"});
    if (missing.size() > 1) GTEST_SKIP() << "not installed: " << missing;
    std::string pattern = "/tmp/hwf-g-XXXXXX";
    top_ = fs::canonical(mkdtemp(pattern.data()));
    chmod(top_.c_str(), 0755);
    auto facts = Json::Parse(RunProgram({HWF_PYTHON, HWF_SSH_HOST, "up", top_ + "/host"}));
    ASSERT_TRUE(facts.ok());
    setenv("HWF_SSH_CONFIG", facts->StringOr("config", "").c_str(), 1);
    auto host = ssh::SshHost::Open({facts->StringOr("alias", ""), "", 0});
    ASSERT_TRUE(host.ok()) << host.error().message();
    host_ = *std::move(host);
    far_ = facts->StringOr("home", "") + "/a \"far\" store's";
    here_ = top_ + "/here";
    // The far account may run it where it lies.
    fs::copy(HWF_RUNNER_PROGRAM, top_ + "/hwf-runner");
    fs::create_directory(top_ + "/own");
    stager_ = std::make_unique<Stager>(
        [this](const std::string& site) {
          return site.empty() ? Store{"", std::nullopt, here_, HWF_RUNNER_PROGRAM}
                              : Store{site, host_, far_, top_ + "/hwf-runner"};
        },
        HWF_RUNNER_PROGRAM);
  }
  void TearDown() override {
    stager_.reset();
    if (top_.empty()) return;
    RunProgram({HWF_PYTHON, HWF_SSH_HOST, "down", top_ + "/host"});
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  Item ItemOf(const std::string& path, const std::string& site = "") {
    const bool directory = fs::is_directory(path);
    auto digest = directory ? platform::DigestDirectory(path) : platform::DigestFile(path);
    EXPECT_TRUE(digest.ok());
    return {site, path, digest->digest, static_cast<int64_t>(digest->size)};
  }
  // From here on each call of rsync on this side leaves an x in bin/calls.
  void CountRsyncs() {
    fs::create_directory(top_ + "/bin");
    const std::string program = top_ + "/bin/rsync";
    Write(program, fmt::format("#!/bin/sh\nprintf x >> {}/bin/calls\nexec /usr/bin/rsync \"$@\"\n", top_));
    fs::permissions(program, fs::perms::owner_all);
    setenv("PATH", (top_ + "/bin:" + getenv("PATH")).c_str(), 1);
  }
  ErrorOr<std::string> Bring(const Item& item, const std::string& to) { return BringAll({item}, to).front(); }
  std::vector<ErrorOr<std::string>> BringAll(const std::vector<Item>& items, const std::string& to) {
    std::vector<ErrorOr<std::string>> got(items.size(), Error("not within a minute"));
    size_t left = items.size();
    for (size_t i = 0; i < items.size(); ++i) {
      stager_->Bring(items[i], to, [&got, &left, i](const ErrorOr<std::string>& path) {
        got[i] = path;
        --left;
      });
    }
    Turn(left);
    return got;
  }
  // Of each set whether all of it is the same.
  std::vector<bool> CompareAll(const std::vector<std::vector<Item>>& sets) {
    std::vector<bool> same(sets.size());
    size_t left = sets.size();
    for (size_t i = 0; i < sets.size(); ++i) {
      stager_->Compare(sets[i], [&same, &left, i](bool is) {
        same[i] = is;
        --left;
      });
    }
    Turn(left);
    EXPECT_EQ(left, 0u);
    return same;
  }
  // Until nothing is left, for a minute.
  void Turn(const size_t& left) {
    const int64_t end = platform::RealClock().MonotonicMs() + 60'000;
    while (left > 0 && platform::RealClock().MonotonicMs() < end) {
      stager_->Poll();
      const int wait = stager_->Wait();
      pollfd ready{stager_->fd(), POLLIN, 0};
      if (left > 0) poll(&ready, 1, wait < 0 ? 5000 : wait);
    }
  }

  std::string top_, here_, far_;
  ssh::SshHost host_;
  std::unique_ptr<Stager> stager_;
};

TEST_F(StagerTest, AFileGoesThereAndComesBack) {
  const std::string path = top_ + "/own/odd \"name\" it's.txt";
  Write(path, std::string(300'000, 'x'));
  const auto there = Bring(ItemOf(path), "far");
  ASSERT_TRUE(there.ok()) << there.error().message();
  EXPECT_THAT(*there, HasSubstr(far_ + "/"));
  EXPECT_EQ(Read(*there), Read(path));
  struct stat info {};
  ASSERT_EQ(stat(there->c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0222, 0u) << "it can be written to";
  // Another engine finds it there: the same inode, not copied again.
  const ino_t before = info.st_ino;
  stager_ = std::make_unique<Stager>(
      [this](const std::string& site) {
        return site.empty() ? Store{"", std::nullopt, here_, HWF_RUNNER_PROGRAM}
                            : Store{site, host_, far_, top_ + "/hwf-runner"};
      },
      HWF_RUNNER_PROGRAM);
  ASSERT_TRUE(Bring(ItemOf(path), "far").ok());
  ASSERT_EQ(stat(there->c_str(), &info), 0);
  EXPECT_EQ(info.st_ino, before);

  const auto back = Bring(ItemOf(*there, "far"), "");
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_THAT(*back, HasSubstr(here_ + "/"));
  EXPECT_EQ(Read(*back), Read(path));
}

TEST_F(StagerTest, WhatIsThereIsComparedThere) {
  const std::string path = top_ + "/own/a \"file\" it's", tree = top_ + "/own/tree";
  Write(path, "what it is\n");
  fs::create_directories(tree + "/deep");
  Write(tree + "/deep/part", "a part\n");
  const Item file = ItemOf(path, "far"), directory = ItemOf(tree, "far");
  Item other = file, none = file, nowhere = file;
  other.digest = platform::Digest("other");
  none.path += " not there";
  nowhere.site = "";  // no distant site
  EXPECT_EQ(CompareAll({{file, directory}, {file, other}, {other}, {none}, {directory}, {nowhere}}),
            (std::vector<bool>{true, false, false, false, true, false}));
  Write(tree + "/deep/part", "another\n");
  EXPECT_EQ(CompareAll({{file}, {directory}}), (std::vector<bool>{true, false}));
  EXPECT_TRUE(stager_->idle());
}

TEST_F(StagerTest, WhatStaysThereIsLookedAtThere) {
  const std::string tree = top_ + "/own/a tree \"it's\"";
  fs::create_directories(tree);
  Write(tree + "/part", "a part\n");
  std::vector<std::string> told;
  size_t left = 4;
  const auto ask = [&](const std::string& site, const std::string& path, bool directory) {
    stager_->LookAt(site, path, directory, [&](const ErrorOr<platform::FileDigest>& found) {
      told.push_back(found.ok() ? fmt::format("{} {}", found->digest, found->size) : found.error().message());
      --left;
    });
  };
  ask("far", tree, true);
  ask("far", tree, false);
  ask("far", tree + "/none", true);
  ask("", tree, true);  // no distant site
  Turn(left);
  ASSERT_EQ(left, 0u);
  std::sort(told.begin(), told.end());
  EXPECT_THAT(told,
              testing::UnorderedElementsAre(fmt::format("{} 7", platform::DigestTimes(tree, true)->digest),
                                            HasSubstr("at site `far`: " + tree + " is no regular file"),
                                            HasSubstr("No such file"), "site `` could not be asked about " + tree));
  EXPECT_TRUE(stager_->idle());
}

TEST_F(StagerTest, ADirectoryKeepsWhatItsDigestCounts) {
  const std::string path = top_ + "/own/tree";
  fs::create_directories(path + "/a/empty");
  Write(path + "/a/tool", "#!/bin/sh\n");
  fs::permissions(path + "/a/tool", fs::perms::owner_all);
  fs::create_symlink("a/tool", path + "/link");
  const auto there = Bring(ItemOf(path), "far");
  ASSERT_TRUE(there.ok()) << there.error().message();
  EXPECT_EQ(fs::read_symlink(*there + "/link"), "a/tool");
  EXPECT_TRUE(fs::is_directory(*there + "/a/empty"));
  EXPECT_EQ(ItemOf(*there).digest, ItemOf(path).digest);
}

TEST_F(StagerTest, WhatWasBegunGoesOn) {
  const std::string path = top_ + "/own/large";
  Write(path, std::string(1 << 20, 'a') + std::string(1 << 20, 'b'));
  const Item item = ItemOf(path);
  const std::string name = platform::Digest("large").substr(3, 8);
  const std::string incoming = far_ + "/.in-" + item.digest.substr(3) + "-" + name;
  fs::create_directories(incoming);
  Write(incoming + "/large", std::string(1 << 20, 'a'));  // an earlier engine's part
  const fs::path home = fs::path(far_).parent_path();
  struct stat info {};
  ASSERT_EQ(stat(home.c_str(), &info), 0);
  for (const std::string& made : {far_, incoming, incoming + "/large"}) {
    ASSERT_EQ(chown(made.c_str(), info.st_uid, info.st_gid), 0);
  }
  const auto there = Bring(item, "far");
  ASSERT_TRUE(there.ok()) << there.error().message();
  EXPECT_EQ(Read(*there), Read(path));
  EXPECT_FALSE(fs::exists(incoming));
}

TEST_F(StagerTest, WhatIsNotWhatItsDigestSaysDoesNotGo) {
  const std::string path = top_ + "/own/changed";
  Write(path, "before");
  const Item item = ItemOf(path);
  Write(path, "after!");
  const auto there = Bring(item, "far");
  ASSERT_FALSE(there.ok());
  EXPECT_THAT(there.error().message(), HasSubstr("is not what it was"));
  EXPECT_FALSE(fs::exists(far_ + "/" + item.digest.substr(3)));
}

TEST_F(StagerTest, SmallFilesGoTogetherAndComeBackTogether) {
  constexpr size_t kFiles = 120;
  CountRsyncs();
  std::vector<Item> items;
  for (size_t i = 0; i < kFiles; ++i) {
    fs::create_directories(fmt::format("{}/own/{}", top_, i));
    const std::string path = fmt::format("{}/own/{}/same \"name\" it's", top_, i);
    Write(path, fmt::format("content {}", i));
    items.push_back(ItemOf(path));
  }
  const auto there = BringAll(items, "far");
  std::vector<Item> far;
  for (size_t i = 0; i < kFiles; ++i) {
    ASSERT_TRUE(there[i].ok()) << there[i].error().message();
    EXPECT_EQ(Read(*there[i]), fmt::format("content {}", i));
    struct stat info {};
    ASSERT_EQ(stat(there[i]->c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0222, 0u) << "it can be written to";
    far.push_back({"far", *there[i], items[i].digest, items[i].size});
  }
  const auto back = BringAll(far, "");
  for (size_t i = 0; i < kFiles; ++i) {
    ASSERT_TRUE(back[i].ok()) << back[i].error().message();
    EXPECT_EQ(Read(*back[i]), fmt::format("content {}", i));
  }
  EXPECT_EQ(Read(top_ + "/bin/calls"), "xx") << "one call of rsync each way";
  for (const std::string& store : {far_, here_}) {
    for (const auto& entry : fs::directory_iterator(store)) {
      EXPECT_NE(entry.path().filename().string()[0], '.') << entry.path() << " is left";
    }
  }
}

TEST_F(StagerTest, OfManyWhatIsOddGoesItsOwnWay) {
  std::vector<Item> items;
  for (int i = 0; i < 6; ++i) {
    const std::string path = fmt::format("{}/own/f{}", top_, i);
    Write(path, fmt::format("content {}", i));
    items.push_back(ItemOf(path));
  }
  fs::create_directories(top_ + "/own/tree/below");
  Write(top_ + "/own/tree/below/x", "x");
  items.push_back(ItemOf(top_ + "/own/tree"));
  fs::create_symlink("f5", top_ + "/own/linked");
  items.push_back(ItemOf(top_ + "/own/linked"));
  Write(items[1].path, "changed!!");
  fs::remove(items[2].path);
  const auto there = BringAll(items, "far");
  for (const size_t i : {0, 3, 4, 5, 6, 7}) ASSERT_TRUE(there[i].ok()) << i << there[i].error().message();
  EXPECT_EQ(Read(*there[4]), "content 4");
  EXPECT_EQ(Read(*there[6] + "/below/x"), "x");
  EXPECT_EQ(Read(*there[7]), "content 5");
  ASSERT_FALSE(there[1].ok());
  EXPECT_THAT(there[1].error().message(), HasSubstr("is not what it was"));
  ASSERT_FALSE(there[2].ok());
  EXPECT_THAT(there[2].error().message(), HasSubstr("is not there any more"));
}

// As a shared run's store here: the group reads what comes, one by one or together.
TEST_F(StagerTest, WhatComesToASharedStoreIsTheGroupsToRead) {
  fs::create_directory(here_);
  ASSERT_EQ(chmod(here_.c_str(), 02750), 0);
  std::vector<Item> items;
  for (const char* name : {"one", "two", "three"}) {
    Write(top_ + "/own/" + name, name);
    items.push_back(ItemOf(top_ + "/own/" + name));
  }
  fs::create_directories(top_ + "/own/tree/below");
  Write(top_ + "/own/tree/below/x", "x");
  items.push_back(ItemOf(top_ + "/own/tree"));
  const auto there = BringAll(items, "far");
  for (size_t i = 0; i < items.size(); ++i) {
    ASSERT_TRUE(there[i].ok()) << there[i].error().message();
    items[i].site = "far";
    items[i].path = *there[i];
  }
  const auto back = BringAll(items, "");
  const auto mode = [](const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  };
  EXPECT_EQ(mode(here_), 02750u);
  for (const auto& path : back) {
    ASSERT_TRUE(path.ok()) << path.error().message();
    EXPECT_EQ(mode(fs::path(*path).parent_path()), 02750u);
  }
  EXPECT_EQ(mode(*back[0]), 0440u);
  EXPECT_EQ(mode(*back[3]) & 0777, 0750u);
  EXPECT_EQ(mode(*back[3] + "/below/x"), 0440u);
  EXPECT_EQ(mode(*there[0]), 0400u) << "the distant store is its user's own";
}

TEST_F(StagerTest, WhatIsGoneIsNamed) {
  const std::string path = top_ + "/own/gone";
  Write(path, "x");
  const Item item = ItemOf(path);
  fs::remove(path);
  const auto there = Bring(item, "far");
  ASSERT_FALSE(there.ok());
  EXPECT_THAT(there.error().message(), HasSubstr(path + " is not there any more"));
}

}  // namespace
}  // namespace hwf::staging
