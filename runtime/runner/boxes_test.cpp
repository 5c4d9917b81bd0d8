// What a task in a container is given and sees, and what becomes of how it ends: the same with every engine.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/container/inside.h"
#include "runtime/platform/process.h"
#include "runtime/runner/testing/boxes_fixture.h"

namespace hwf::runner::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;

std::set<std::string> Parts(const std::string& text, char separator) {
  std::set<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

TEST_P(BoxesTest, ExitCodesAreTheTasks) {
  for (const int code : {0, 1, 42, 125, 126, 127, 137, 255}) {
    const Ended ended = RunScript("codes/" + std::to_string(code), "exit " + std::to_string(code));
    EXPECT_EQ(ended.exit_code, code) << ended.message;
    EXPECT_EQ(ended.failure, code == 0 ? std::optional<ir::Reason>() : ir::Reason::kExit) << ended.message;
  }
}

TEST_P(BoxesTest, SignalsAreTold) {
  for (const int number : {9, 15, 11}) {
    const Ended ended = RunScript("signals/" + std::to_string(number), "kill -" + std::to_string(number) + " $$");
    EXPECT_EQ(ended.signal, number) << ended.message;
    EXPECT_EQ(ended.failure, ir::Reason::kSignal);
  }
}

TEST_P(BoxesTest, AMissingCommandIsTheTasksFailure) {
  const Ended ended = RunStart(InBox(runner_.Command("missing", {"no-such-command", "x"})));
  EXPECT_EQ(ended.exit_code, 127) << ended.message;
  EXPECT_EQ(ended.failure, ir::Reason::kExit);
  EXPECT_THAT(ended.err, HasSubstr("no-such-command: command not found"));
}

TEST_P(BoxesTest, AnImageWithoutTheInterpreterIsTheSites) {
  const Ended ended = RunStart(InBox(runner_.Script("no_bash", "true"), Made("no-bash")));
  EXPECT_EQ(ended.failure, ir::Reason::kSite);
  EXPECT_THAT(ended.message, HasSubstr("has no `bash`"));
}

TEST_P(BoxesTest, AMissingImageIsTheSites) {
  int number = 0;
  for (const char* image :
       {"localhost/hwf-none:1", "/nowhere/none.sif", "docker-archive:/nowhere/none.tar", "UPPER case"}) {
    const Ended ended = RunStart(InBox(runner_.Script("none/" + std::to_string(++number), "true"), image));
    EXPECT_EQ(ended.failure, ir::Reason::kSite) << image;
    EXPECT_THAT(ended.message, HasSubstr(image));
    EXPECT_FALSE(ended.exit_code.has_value());
  }
}

// What the engine cannot start is its failure, with its words, and never the task's exit code.
TEST_P(BoxesTest, AnEngineThatFailsIsTheSites) {
  RunnerHarness other(HWF_RUNNER_PROGRAM);
  Launch(other, {"--setup", "false"});
  other.Connect();
  other.Send(InBox(other.Script("task", "echo ran > ran.txt")));
  const Ended ended = other.WaitEnded("task", 1, 90'000);
  EXPECT_EQ(ended.failure, ir::Reason::kSite) << ended.message;
  EXPECT_THAT(ended.message, HasSubstr(container::ToString(GetParam())));
  EXPECT_FALSE(ended.exit_code.has_value());
  EXPECT_FALSE(Exists(other.TaskDirectory("task") + "/ran.txt"));
}

TEST_P(BoxesTest, RanksAreStartedByTheImagesLauncher) {
  Start start =
      InBox(runner_.Script("ranks", R"(echo "$RANK of $WORLD_SIZE, at $MASTER_ADDR" > rank$LOCAL_RANK)"), Made("mpi"));
  start.ranks = 2;
  start.cpus = 2;
  start.launch = "mpirun";
  // Open MPI looks for no other machine, and lets root start it.
  for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"})
    start.env.emplace_back(name, "1");
  start.env.emplace_back("OMPI_MCA_plm", "isolated");
  const Ended ended = RunStart(start);
  EXPECT_FALSE(ended.failure) << ended.message << ended.err;
  for (const char* rank : {"0", "1"}) {
    EXPECT_EQ(runner_.ReadFile(start.directory + "/rank" + rank), fmt::format("{} of 2, at 127.0.0.1\n", rank));
  }
}

TEST_P(BoxesTest, RanksOfAnImageNeedItsLauncher) {
  Start start = InBox(runner_.Script("ranks", "true"));
  start.ranks = 2;
  const Ended ended = RunStart(start);
  EXPECT_EQ(ended.failure, ir::Reason::kSite);
  EXPECT_THAT(ended.message, HasSubstr("say `launch`"));
  start = InBox(runner_.Script("torch", "true"));
  start.ranks = 2;
  start.launch = "torchrun";
  const Ended without = RunStart(start);
  EXPECT_EQ(without.failure, ir::Reason::kSite);
  EXPECT_THAT(without.message, HasSubstr("has no `torchrun`"));
}

TEST_P(BoxesTest, TheEnvironmentIsExact) {
  Start start = InBox(runner_.Command("environment", {"cat", "/proc/self/environ"}));
  const std::vector<std::pair<std::string, std::string>> odd = {{"COMMA", "a,b,,c"},
                                                                {"LINES", "one\ntwo\n"},
                                                                {"QUOTES", "'\"`\\ $HOME $(id) %s"},
                                                                {"EMPTY", ""},
                                                                {"SPACES", "  a  "},
                                                                {"BYTES", "\xff\x01\xc3"},
                                                                {"EQUALS", "a=b=c"},
                                                                {"PATHS", "/a:/b"},
                                                                {"IMAGE_SAYS", "the task says otherwise"},
                                                                {"LONG", std::string(100'000, 'x')}};
  start.env.insert(start.env.end(), odd.begin(), odd.end());
  start.secrets = {{"TOKEN", "hush, \"hush\"\n"}};
  start.outputs = {{"all", OutputSpec::Kind::kStdoutFile, "", false}};
  const Ended ended = RunStart(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  std::set<std::string> expected = {"HWF_RUN=test",
                                    "HWF_TASK_DIR=" + start.directory,
                                    "HWF_PLACE=environment",
                                    "HWF_ATTEMPT=1",
                                    "OMP_NUM_THREADS=1",
                                    "MKL_NUM_THREADS=1",
                                    "OPENBLAS_NUM_THREADS=1",
                                    "NUMEXPR_NUM_THREADS=1",
                                    "HOME=" + start.directory,
                                    "PYTHONPATH=/.hwf/python",
                                    "TOKEN=hush, \"hush\"\n"};
  for (const auto& [name, value] : odd) expected.insert(name + "=" + value);
  const std::string out = runner_.ReadFile(start.directory + "/" + ended.out_file);
  std::set<std::string> seen = Parts(out, '\0');
  // Apptainer puts the usual directories behind those of the image.
  const auto path = seen.lower_bound("PATH=");
  ASSERT_NE(path, seen.end());
  EXPECT_THAT(*path, StartsWith("PATH=/.hwf/bin:/usr/bin:/bin:/img/bin"));
  seen.erase(path);
  EXPECT_THAT(seen, UnorderedElementsAreArray(expected));
}

TEST_P(BoxesTest, WhatTheImageSetsIsSeen) {
  EXPECT_EQ(RunScript("image_says", "printf %s \"$IMAGE_SAYS\"").out, "a, b='c'");
}

// Files that are seen, but for those of the image.
TEST_P(BoxesTest, ATaskSeesItsDirectoryAndItsInputsAlone) {
  const std::string input = Write("in, \"put\" c'd.txt", "input"), used = Write("used.txt", "used");
  const std::string unseen = Write("unseen.txt", "unseen");
  std::filesystem::create_directories(runner_.directory() + "/tree/below");
  const std::string below = Write("tree/below/leaf.txt", "leaf");
  Start start = InBox(runner_.Script("sees", R"(
    find / -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -type f -print > files.txt
    ls -d /proc/[0-9]* | wc -l > processes.txt
    cat used.txt; ls -A /dev/shm "$HOME/.." > shm.txt
  )"));
  start.inputs = {input, runner_.directory() + "/tree", below, input};
  start.links = {used};
  const Ended ended = RunStart(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  EXPECT_EQ(ended.out, "used");
  std::set<std::string> seen = Parts(runner_.ReadFile(start.directory + "/files.txt"), '\n');
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Made("root"))) {
    seen.erase(entry.path().string().substr(Made("root").size()));
  }
  // The engines' own.
  std::erase_if(seen, [](const std::string& path) {
    return path.starts_with("/.singularity.d/") || path == "/.dockerenv" || path == "/run/.containerenv" ||
           path == "/etc/hostname" || path == "/etc/localtime" || path == "/etc/mtab" || path == "/singularity";
  });
  std::set<std::string> expected = {input,
                                    used,
                                    below,
                                    start.directory + "/command",
                                    start.directory + "/files.txt",
                                    "/.hwf/inside",
                                    "/.hwf/bin/hwf-task",
                                    "/.hwf/python/hwf_task.py",
                                    "/.hwf/out",
                                    "/.hwf/err",
                                    "/.hwf/box/began"};
  EXPECT_THAT(seen, UnorderedElementsAreArray(expected));
  EXPECT_EQ(seen.count(unseen), 0u);
  EXPECT_LE(std::stoi(runner_.ReadFile(start.directory + "/processes.txt")), 6);
}

TEST_P(BoxesTest, NothingElseCanBeChanged) {
  const std::string input = Write("input.txt", "input");
  Start start = InBox(runner_.Script("writes", R"(
    for path in "$INPUT" /"$X" /etc/"$X" /bin/"$X" /usr/"$X" /.hwf/bin/"$X" /.hwf/inside /tmp/"$X" /var/tmp/"$X"; do
      (echo changed > "$path") 2>/dev/null || echo "$path" >> refused.txt
    done
  )"));
  start.inputs = {input};
  const std::string name = "hwf-" + Mark();
  start.env.insert(start.env.end(), {{"INPUT", input}, {"X", name}});
  const Ended ended = RunStart(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  EXPECT_THAT(runner_.ReadFile(start.directory + "/refused.txt"), HasSubstr(input));
  EXPECT_EQ(runner_.ReadFile(input), "input");
  EXPECT_EQ(RunScript("after", "find / -name " + name + " 2>/dev/null || true").out, "");
  for (const char* path : {"/", "/etc/", "/tmp/", "/var/tmp/"}) EXPECT_FALSE(Exists(path + name)) << path;
}

TEST_P(BoxesTest, OutputsBelongToTheUser) {
  Start start = InBox(runner_.Script("outputs", "mkdir made; echo 1 > made/file; echo 2 > result.txt; id -u"));
  start.outputs = {{"result", OutputSpec::Kind::kFile, "result.txt", false},
                   {"made", OutputSpec::Kind::kDir, "made", false}};
  const Ended ended = RunStart(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  EXPECT_EQ(ended.out, std::to_string(getuid()) + "\n");
  for (const char* name : {"/result.txt", "/made", "/made/file"}) {
    struct stat info {};
    ASSERT_EQ(lstat((start.directory + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, getuid());
    EXPECT_EQ(info.st_gid, getgid());
  }
  EXPECT_GT(ended.usage.max_rss, 0);
}

TEST_P(BoxesTest, CheckpointsAndMessagesGoThrough) {
  Start start = InBox(runner_.Script("talks", R"(
    hwf-task checkpoint epoch n=1
    told=$(hwf-task messages --wait 60)
    echo "$told" > told.txt
    hwf-task checkpoint epoch n=2
  )"));
  start.streams = {"epoch"};
  start.accepts_messages = true;
  runner_.Send(start);
  const Emitted first = runner_.WaitOf<Emitted>("talks", 1, 60'000);
  EXPECT_EQ(first.content["values"].IntOr("n", 0), 1);
  Message message;
  message.place = "talks";
  message.number = 1;
  message.body.Set("number", 1).Set("message", "retune").Set("fields", Json().Set("rate", 0.5));
  runner_.Send(message);
  const Ended ended = runner_.WaitEnded("talks", 1, 60'000);
  EXPECT_FALSE(ended.failure) << ended.message;
  EXPECT_THAT(runner_.ReadFile(start.directory + "/told.txt"), HasSubstr("\"rate\":0.5"));
  EXPECT_EQ(runner_.All<Emitted>().back().content["values"].IntOr("n", 0), 2);
}

// Neither on a command line, nor in what an engine keeps, nor in a file.
TEST_P(BoxesTest, SecretsAreNowhere) {
  const std::string secret = "hush-" + Mark() + "-hush";
  Start start =
      InBox(runner_.Script("secret", "printf %s \"${#TOKEN}\" > length.txt; until [[ -e go ]]; do sleep 0.05; done"));
  start.secrets = {{"TOKEN", secret}};
  runner_.Send(start);
  ASSERT_TRUE(Eventually([&] { return Exists(start.directory + "/length.txt"); }, 60'000));
  EXPECT_THAT(ProcessesWith(secret), IsEmpty());
  for (const std::string& id : Containers()) {
    platform::SpawnOptions options;
    options.argv = {container::ToString(GetParam()), "inspect", id};
    options.inherit_env = true;
    const auto inspected = platform::RunToEnd(options, "", {.timeout_ms = 30'000, .output_bytes = 1 << 20});
    ASSERT_TRUE(inspected.ok());
    EXPECT_THAT(inspected->output, Not(HasSubstr(secret)));
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(runner_.directory())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(runner_.ReadFile(entry.path()), Not(HasSubstr(secret))) << entry.path();
  }
  std::ofstream(start.directory + "/go") << "";
  EXPECT_FALSE(runner_.WaitEnded("secret", 1, 60'000).failure);
  EXPECT_EQ(runner_.ReadFile(start.directory + "/length.txt"), std::to_string(secret.size()));
}

INSTANTIATE_TEST_SUITE_P(Engines, BoxesTest, ::testing::ValuesIn(container::kEngines), EngineName);

}  // namespace
}  // namespace hwf::runner::testing
