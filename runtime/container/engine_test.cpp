// What needs no engine: references, command lines, the description of a task.
#include "runtime/container/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/container/client.h"
#include "runtime/container/inside.h"
#include "runtime/container/inside_environment.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::container {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

TEST(Reference, NamesAreTakenAsDockerTakesThem) {
  const std::pair<const char*, const char*> cases[] = {{"docker://pytorch:2.3", "docker.io/library/pytorch:2.3"},
                                                       {"a/b", "docker.io/a/b"},
                                                       {"ghcr.io/a/b@sha256:00", "ghcr.io/a/b@sha256:00"},
                                                       {"127.0.0.1:5000/x:1", "127.0.0.1:5000/x:1"},
                                                       {"localhost:5000/x:1", "localhost:5000/x:1"}};
  for (const auto& [image, name] : cases) {
    const auto reference = ReadReference(image);
    ASSERT_TRUE(reference.ok()) << reference.error().message();
    EXPECT_EQ(reference->kind, Reference::Kind::kRegistry);
    EXPECT_EQ(reference->name, name);
  }
  EXPECT_EQ(ReadReference("localhost/x:1")->kind, Reference::Kind::kLocal);
}

TEST(Reference, WhatNamesNothingIsRefused) {
  for (const char* image : {"", "docker://", "-x", "a b", "a//b", "x;y", "a\nb", "images/x.sif", "./x",
                            "docker-archive:x.tar", "docker-archive:/none.tar", "/none", "https://a/b"}) {
    EXPECT_FALSE(ReadReference(image).ok()) << image;
  }
  EXPECT_THAT(ReadReference("images/x.sif").error().message(), HasSubstr("not absolute"));
  EXPECT_FALSE(ReadReference(std::string(5000, 'a')).ok());
}

TEST(Reference, PathsAreOfTheirKind) {
  platform::testing::TempDir dir;
  const std::string file = dir / "x.sif";
  std::ofstream(file) << "sif";
  EXPECT_EQ(ReadReference(file)->kind, Reference::Kind::kSif);
  EXPECT_EQ(ReadReference(std::string(dir / ""))->kind, Reference::Kind::kDirectory);
  EXPECT_FALSE(ReadReference("docker-archive:" + std::string(dir / "")).ok());
}

std::vector<std::string> CommandLine(EngineKind kind, const std::vector<std::string>& gpus) {
  BoxSpec spec;
  spec.name = "hwf-name";
  spec.label = "label";
  spec.directory = "/run/a,\"b\"/1";
  spec.scratch = "/run/scratch";
  spec.binds = {{"/run/a,\"b\"/1", "/run/a,\"b\"/1", true}, {"/real/in:put", "/in:put", false}};
  spec.gpu_ids = gpus;
  spec.memory = 1 << 30;
  return MakeEngine(kind)->Command({"sha256:1", "IMAGE.sif", {}}, spec)->argv;
}

TEST(CommandLine, GpusAreThoseThatWereGiven) {
  EXPECT_THAT(CommandLine(EngineKind::kDocker, {"1", "GPU-ab"}), IsSupersetOf({"--gpus", "\"device=1,GPU-ab\""}));
  EXPECT_THAT(CommandLine(EngineKind::kPodman, {"1", "GPU-ab"}),
              IsSupersetOf({"--device", "nvidia.com/gpu=1", "nvidia.com/gpu=GPU-ab"}));
  EXPECT_THAT(CommandLine(EngineKind::kApptainer, {"0"}), Contains("--nv"));
  for (const EngineKind kind : kEngines) {
    for (const std::string& word : CommandLine(kind, {})) {
      EXPECT_NE(word, "--nv");
      EXPECT_THAT(word, Not(HasSubstr("gpu")));
    }
  }
}

TEST(CommandLine, OddPathsAreOneField) {
  for (const EngineKind kind : {EngineKind::kDocker, EngineKind::kPodman}) {
    EXPECT_THAT(CommandLine(kind, {}),
                IsSupersetOf({"type=bind,\"source=/run/a,\"\"b\"\"/1\",\"target=/run/a,\"\"b\"\"/1\"",
                              "type=bind,source=/real/in:put,target=/in:put,readonly"}));
  }
  EXPECT_THAT(CommandLine(EngineKind::kApptainer, {}),
              Contains("type=bind,source=/real/in:put,destination=/in:put,ro"));
}

TEST(CommandLine, MemoryIsLimitedWhereTheEngineCan) {
  for (const EngineKind kind : {EngineKind::kDocker, EngineKind::kPodman}) {
    EXPECT_THAT(CommandLine(kind, {}), IsSupersetOf({"--memory", "1073741824", "--memory-swap"}));
  }
}

InsideSpec Sample() {
  InsideSpec spec;
  spec.argv = {"a b", "", "\n'\""};
  spec.base = {"A=1"};
  spec.drop = {"X*", "LANG=C"};
  spec.env = {"B=\xff\n", "C="};
  spec.directory = "/d";
  spec.cpu_ids = {0, 7};
  spec.outside = "pid:[1]";
  spec.counts_oom = true;
  spec.stray_grace_ms = 5;
  spec.kill_grace_ms = 6;
  return spec;
}

TEST(Inside, TheDescriptionComesThroughAndTornOnesAreRefused) {
  const std::string text = Encode(Sample());
  const auto read = Decode(text);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(Encode(*read), text);
  EXPECT_EQ(read->argv, Sample().argv);
  EXPECT_EQ(read->env, Sample().env);
  for (size_t length = 0; length < text.size(); ++length) EXPECT_FALSE(Decode(text.substr(0, length)).ok()) << length;
  EXPECT_FALSE(Decode(text + "x").ok());
}

TEST(Inside, AnOutcomeIsReadFromARegularFileAlone) {
  platform::testing::TempDir dir;
  EXPECT_FALSE(OutcomeIn(dir / "").has_value());
  for (const char* bad : {"", "{", "[]", "{}", "{\"exit\":300}", "{\"signal\":-1}", "{\"exit\":\"0\"}"}) {
    std::ofstream(dir / "status", std::ios::trunc) << bad;
    EXPECT_FALSE(OutcomeIn(dir / "").has_value()) << bad;
  }
  std::ofstream(dir / "status", std::ios::trunc) << R"x({"exit":42,"oom_kills":1,"strays":["sleep (7)",3]})x";
  const auto outcome = OutcomeIn(dir / "");
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->exit_code, 42);
  EXPECT_EQ(outcome->oom_kills, 1);
  EXPECT_EQ(outcome->strays, std::vector<std::string>{"sleep (7)"});
  std::filesystem::rename(std::string(dir / "status"), std::string(dir / "other"));
  ASSERT_EQ(symlink("other", std::string(dir / "status").c_str()), 0);
  EXPECT_FALSE(OutcomeIn(dir / "").has_value());
}

TEST(Inside, TheTasksVariablesAreOverTheImages) {
  InsideSpec spec;
  spec.drop = {"*"};
  spec.base = {"PATH=/img", "A=image", "B=image"};
  spec.env = {"A=task"};
  EXPECT_THAT(EnvironmentInside(spec),
              ::testing::UnorderedElementsAre("PATH=/.hwf/bin:/img", "A=task", "B=image", "PYTHONPATH=/.hwf/python"));
  spec.base = {};
  EXPECT_THAT(EnvironmentInside(spec), Contains(::testing::StartsWith("PATH=/.hwf/bin:/usr/local/sbin:")));
}

TEST(Client, WordsAreTheLastLinesWithoutColours) {
  EXPECT_EQ(LastWords("a\n\nb\n\x1b[31mFATAL:\x1b[0m  no\r\n"), "a; b; FATAL:  no");
  EXPECT_EQ(LastWords(""), "");
  EXPECT_LE(LastWords(std::string(100'000, 'x')).size(), 700u);
  EXPECT_EQ(MarkedLine("warning\nhwf=1.2\nhwf=3\n", "hwf="), "1.2");
  EXPECT_EQ(MarkedLine("nothing", "hwf="), "");
}

}  // namespace
}  // namespace hwf::container
