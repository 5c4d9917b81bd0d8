#!/usr/bin/env python3
"""Kills at outside-visible system calls of a run of small.hwf, again.hwf or reuse.hwf, and what must hold afterwards.

usage: kills.py PROGRAMS small|again|reuse engine|runner|both [slurm|ssh]

The system calls of an undisturbed run are counted first. Then, for each call and each N (a sample of them unless
HWF_CRASH_FULL=1), the run is made again and killed by strace as it enters the N-th such call; `hwf resume` must bring it
to the same end. `both` kills the runner too, at the same moment. On a Slurm site `runner` is the agent, whose jobs go on.
"""

import collections
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

CALLS = [
    "rename", "renameat", "renameat2", "execve", "clone", "clone3", "vfork", "fork", "unlink", "unlinkat", "link", "linkat",
    "fdatasync", "fsync", "openat", "mkdir", "mkdirat", "write", "pwrite64", "writev", "sendmsg", "sendto", "ftruncate",
    "fallocate", "rmdir", "bind", "connect",
]  # fmt: skip
SAMPLE = 14
SAMPLE_ELSEWHERE = 7  # such a run takes seconds
ROUNDS = 8  # of resume, after one kill


class Disturbed:
    """One run of a program beside this file, in a directory of its own."""

    program = ""

    def __init__(self, world, number):
        self.world = world
        self.dir = world.path(f"run{number}")
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o777)  # a task at the far end of ssh writes `side` as another user
        self.runs = os.path.join(self.dir, "runs")
        self.side = os.path.join(self.dir, "side")
        self.command = ["hwf", "run", world.path(self.program), "--sites", world.path("sites.hwf"), "--side", self.side]
        self.command += ["--runs", self.runs]

    def answerer(self):
        """Who answers what the program asks."""
        return look.Answerer(self.world, self.runs, self.decide)

    def directory(self):
        """Of the run, once it has begun; a directory without a first event is no run."""
        begun = [d for d in look.run_directories(self.runs) if look.journal(d, "run_started")]
        assert len(begun) <= 1, f"two runs began: {begun}"
        return begun[0] if begun else None

    def lines(self):
        """What the tasks wrote, and how often."""
        with open(self.side) as file:
            return collections.Counter(file.read().splitlines())

    def settle(self, directory):
        """Before a resume."""

    def finish(self):
        """Resumes until the run has ended; a run that had not begun is begun again."""
        for _ in range(ROUNDS):
            directory = self.directory()
            if directory and look.journal(directory, "run_finished"):
                return directory
            if directory:
                self.settle(directory)
                command = ["hwf", "resume", os.path.basename(directory), "--runs", self.runs]
            else:
                command = self.command
            result = self.world.run(command, seconds=60)
        raise AssertionError(f"not finished after {ROUNDS} rounds: {result!r}")

    def check(self, expected, one_attempt):
        directory = self.finish()
        found = look.outputs(directory)
        assert found == expected, f"outputs differ: {found} instead of {expected}"
        lines = self.lines()
        twice = [line for line, count in lines.items() if count > 1]
        assert not twice, f"executed twice: {twice}"
        places = collections.Counter(line.split()[1] for line in lines if line.startswith("start"))
        if one_attempt:
            again = [p for p, count in places.items() if count > 1]
            assert not again, f"run again though nothing of it was lost: {again}"
        self.check_more(directory, places, one_attempt)


class Small(Disturbed):
    program = "small.hwf"

    @staticmethod
    def decide(question):
        if question.startswith("Drop"):
            return None
        return ("more", "--by", "7") if question.startswith("Look") else ("yes", "--add", "2")

    def check_more(self, directory, places, one_attempt):
        assert len(places) == 8, f"places: {sorted(places)}"
        assert len(look.journal(directory, "review_withdrawn")) == 1, "not withdrawn once"
        votes = collections.Counter(e["review"] for e in look.journal(directory, "vote"))
        # A job that ran again shows its state again, and that opens a review of its own.
        wanted = len(votes) == 2 if one_attempt else len(votes) in (2, 3)
        assert wanted and set(votes.values()) == {1}, f"votes: {votes}"


class Again(Disturbed):
    program = "again.hwf"

    @staticmethod
    def decide(question):
        return ("go", "--by", "7") if question.startswith("Go on") else ("yes",)

    def answerer(self):
        return Rewinder(self.world, self.runs, self.decide)

    def settle(self, directory):
        """Says of an effect whose end nobody knows whether it happened: `side` has it."""
        run = os.path.basename(directory)
        status = self.world.run(["hwf", "status", run, "--json", "--runs", self.runs])
        for task in json.loads(status.out)["tasks"] if status.status == 0 else []:
            if task["status"] == "in doubt":
                happened = any(line.startswith("effect") for line in self.lines())
                word = "happened" if happened else "did-not"
                self.world.run(["hwf", "doubt", run, task["place"], word, "--runs", self.runs])

    def check_more(self, directory, places, one_attempt):
        effects = [line for line in self.lines() if line.startswith("effect")]
        assert effects == ["effect tell 28"], f"effects: {effects}"
        assert {"a", "frail"} <= set(places), f"places: {sorted(places)}"
        assert len(look.journal(directory, "rewind_requested")) == 1, "not one rewind"
        votes = collections.Counter(e["review"] for e in look.journal(directory, "vote"))
        assert votes == {"call": 1, "verdict~2": 1}, f"votes: {votes}"


class Rewinder(look.Answerer):
    """Goes back to `middle` instead of answering `verdict` the first time."""

    def reply(self, review, choice):
        if review["review"] != "verdict":
            return super().reply(review, choice)
        return self.world.run(["hwf", "rewind", review["run"], "middle", "--fresh", "--runs", self.runs])


class Reuse(Disturbed):
    program = "reuse.hwf"

    @staticmethod
    def decide(question):
        return ("take", "--by", "7") if question.startswith("Take") else ("yes",)

    def __init__(self, world, number):
        super().__init__(world, number)
        earlier = os.path.join(self.dir, "earlier")
        first = [*self.command[: self.command.index("--runs")], "--tag", "1", "--runs", earlier]
        with look.Answerer(world, earlier, self.decide):
            world.must(first, seconds=60)
        (self.earlier,) = look.run_directories(earlier)
        self.was = self.left()
        os.remove(self.side)  # what is in it from now on the second run did
        self.command += ["--tag", "2", "--from", self.earlier]

    def left(self):
        """Of the earlier run, each file that a task or a person left, with its mode and its content; not what runners
        and agents note for themselves, who may outlive it by seconds: the agent of Slurm takes a job's claim away once
        the job is over."""
        own = re.compile("/(runner|agents)/|/tasks/[^/]+/[0-9]+/claim$")
        found = {}
        for top, _, names in os.walk(self.earlier):
            for path in (os.path.join(top, name) for name in names):
                if os.path.isfile(path) and not os.path.islink(path) and not own.search(path):
                    with open(path, "rb") as file:
                        found[path] = (os.stat(path).st_mode, file.read())
        return found

    def check_more(self, directory, places, one_attempt):
        assert set(places) == {"last"}, f"places: {sorted(places)}"
        reused = sorted(e["place"] for e in look.journal(directory, "task_reused"))
        assert reused == ["a", "numbers.0.one", "numbers.1.one", "numbers.2.one"], f"reused: {reused}"
        carried = [e["review"] for e in look.journal(directory, "answer_carried")]
        votes = [e["review"] for e in look.journal(directory, "vote")]
        assert (carried, votes) == (["call"], ["verdict"]), f"carried: {carried}, votes: {votes}"
        changed = [path for path, what in self.left().items() ^ self.was.items()]
        assert not changed, f"of the earlier run was changed: {sorted(set(changed))}"


PROGRAMS = {"small": Small, "again": Again, "reuse": Reuse}


def kill_runners(world):
    for pid, command in world.processes():
        if "hwf-runner" in command.split(" ")[0]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def count_calls(world, program, who, calls):
    """How often an undisturbed run makes each of the calls; also its outputs."""
    small = program(world, "undisturbed")
    trace = os.path.join(small.dir, "trace")
    with small.answerer():
        traced(world, small, who, ["-y", "-o", trace, "-e", "trace=" + ",".join(available(calls))])
    directory = small.directory()
    assert directory, "the undisturbed run did not begin"
    outputs = look.outputs(directory)
    small.check(outputs, True)
    # strace counts all opens and closes; of those only what is created, and what is the run's own, is a moment: hence
    # positions, not counts.
    positions = collections.defaultdict(list)
    seen = collections.Counter()
    with open(trace, errors="replace") as file:
        for line in file:
            match = re.match(r"(?:\d+ +)?(\w+)\((.*)", line)
            if not match:
                continue
            seen[match.group(1)] += 1
            needed = {"openat": "O_CREAT", "close": small.dir}.get(match.group(1), "")
            if needed in match.group(2):
                positions[match.group(1)].append(seen[match.group(1)])
    print({call: len(found) for call, found in positions.items()}, flush=True)
    return outputs, [(call, n) for call in sorted(positions) for n in positions[call]]


def available(calls):
    """Those that this machine's strace knows."""
    return [c for c in calls if subprocess.run(["strace", "-e", "trace=" + c, "true"], capture_output=True).returncode == 0]


def traced(world, small, who, options):
    """`hwf run` with strace on the engine, or on the runner that it starts."""
    options = ["-E", "LSAN_OPTIONS=detect_leaks=0", *options]  # the sanitizer's search for leaks cannot run while traced
    if who != "runner":
        return world.run(["strace", *options, *small.command], seconds=60)
    programs = os.path.join(small.dir, "programs")
    os.mkdir(programs)
    for name in ("hwf", "hwfc", "hwf-runner", "hwf-task"):
        shutil.copy(os.path.join(world.programs, name), programs)
    shutil.copytree(os.path.join(world.programs, "python"), os.path.join(programs, "python"))
    os.rename(os.path.join(programs, "hwf-runner"), os.path.join(programs, "real-hwf-runner"))
    quoted = " ".join(f"'{o}'" for o in options)
    with open(os.path.join(programs, "hwf-runner"), "w") as out:
        # The first runner alone is traced: the one that takes over must live. It stays in the foreground of strace, which
        # goes into the background in its place ($2 is the run's directory; of an agent of Slurm, $5 its own).
        out.write(
            f"""#!/bin/sh
state=$2/runner
[ "$1" != slurm ] || state=$5
if {{ [ "$1" = slurm ] || [ "$1" = --run ]; }} && mkdir '{small.dir}/traced' 2>/dev/null; then
  setsid strace {quoted} '{programs}/real-hwf-runner' "$@" --foreground < /dev/null > /dev/null 2>&1 &
  i=0
  while [ ! -S "$state/sock" ] && [ $i -lt 200 ]; do sleep 0.02; i=$((i + 1)); done
  exit 0
fi
exec '{programs}/real-hwf-runner' "$@"
"""
        )
    os.chmod(os.path.join(programs, "hwf-runner"), 0o755)
    path = f"{programs}:" + world.env["PATH"]
    world.env["PATH"], before = path, world.env["PATH"]
    try:
        return world.run(small.command, seconds=60)
    finally:
        world.env["PATH"] = before


def chosen(moments, sample):
    if os.environ.get("HWF_CRASH_FULL") == "1":
        return moments
    step = max(1, len(moments) // sample)
    return moments[step // 2 :: step]


def disturb(world, program, who, moments, tampering, check, sample=SAMPLE):
    """Makes the run again for each of the chosen moments, with what strace does to that call; `check(small, result)` then
    asserts what must hold. How many moments there were."""
    tried = chosen(moments, sample)
    print(f"{len(moments)} system calls, trying {len(tried)}", flush=True)
    failures = []
    for number, (call, n) in enumerate(tried):
        small = program(world, number)
        with small.answerer():
            options = ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{tampering}:when={n}"]
            result = traced(world, small, who, options)
            try:
                check(small, result)
            except AssertionError as error:
                failures.append(f"{call} {n} (in {small.dir}, first end: {result.status}): {error}")
                print("FAILED", failures[-1], flush=True)
                continue
        shutil.rmtree(small.dir, ignore_errors=True)
    assert not failures, f"{len(failures)} of {len(tried)} moments: " + "; ".join(failures)
    return len(tried)


def need_strace():
    if not shutil.which("strace"):
        worlds.skip("strace is not installed")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        worlds.skip("strace may not trace here")


@contextlib.contextmanager
def site(world, kind):
    """What the tasks' `here` is."""
    if kind == "slurm":
        with clusters.cluster(world, gpu_nodes=0):
            world.write("sites.hwf", 'hwf 1\nsite here = slurm(partition: "cpu")\n')
            yield
    elif kind == "ssh":
        with ssh_world.far_site(world) as host:
            os.chmod(world.dir, 0o755)
            world.write("sites.hwf", "hwf 1\n" + ssh_world.site(host).replace("site far", "site here") + "\n")
            yield
    else:
        world.write("sites.hwf", "hwf 1\nsite here = local()\n")
        yield


def main(world):
    name, who, kind = (world.arguments + [""])[:3]
    need_strace()
    program = PROGRAMS[name]
    shutil.copy(os.path.join(HERE, program.program), world.dir)
    with site(world, kind):
        expected, moments = count_calls(world, program, who, CALLS)

        def check(small, _):
            if who == "both":
                kill_runners(world)
            small.check(expected, who == "engine" or kind == "slurm")

        count = disturb(world, program, who, moments, "signal=KILL", check, SAMPLE_ELSEWHERE if kind else SAMPLE)
    print(f"{count} kills, each run came to the same end")


if __name__ == "__main__":
    worlds.main(main)
