#!/usr/bin/env python3
"""The engine killed at random moments of a real training; then runner and engine together.

usage: digits.py PROGRAMS [kills]      100 kills with HWF_CRASH_FULL=1

The training goes on while the engine is dead and is adopted by the next one: it starts once, and its epochs are
numbered without gap or repetition. With the runner killed too it restarts from its newest emission and ends the same.
"""

import os
import random
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import digits_example as digits  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

EPOCHS = 30
# Of an engine, after its start or the last kill.
LONGEST_LIFE = 0.6


# The owner answers, and the runner's death is a reason to try again.
CHANGES = digits.OWNER_ANSWERS + (
    ("retry 2 on [oom, node_fail]", "retry 20 on [node_fail]"),
    ('uses  "prepare.py"\n', 'uses  "prepare.py"\n  cache off\n  retry 20 on [node_fail]\n'),
    ('uses  "fit.py"\n', 'uses  "fit.py"\n  cache off\n'),
)


def command(world, runs):
    return ["hwf", "run", "digits.hwf", "--epochs", str(EPOCHS), "--passes", "1", "--runs", runs, "--release-to", world.path("released")]


def decide(question):
    return ("keep",) if question.startswith("Epoch") else ("approve", "--note", "fine")


def kill_while_running(world, runs, kills, rng, runner_too):
    """Starts, kills after a random time, resumes, until so many kills are done or the run has ended; returns how many."""
    done = 0
    while True:
        begun = [d for d in look.run_directories(runs) if look.journal(d, "run_started")]
        if begun and look.journal(begun[0], "run_finished"):
            return done, begun[0]
        line = ["hwf", "resume", os.path.basename(begun[0]), "--runs", runs] if begun else command(world, runs)
        engine = world.start(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done >= kills:
            _, err = engine.communicate(timeout=240 * worlds.SLOW)
            assert engine.returncode == 0, f"{line}: exit {engine.returncode}\n{err.decode()}"
            continue
        try:
            engine.wait(timeout=rng.uniform(0, LONGEST_LIFE))
        except subprocess.TimeoutExpired:
            os.kill(engine.pid, signal.SIGKILL)
            engine.wait()
            done += 1
            if runner_too:
                for pid, name in world.processes():
                    if "hwf-runner" in name.split(" ")[0]:
                        os.kill(pid, signal.SIGKILL)
        engine.stderr.close()


def check_epochs(directory, one_attempt):
    emissions = [e for e in look.journal(directory, "emission") if e["stream"] == "epoch"]
    numbers = [e["values"]["n"] for e in emissions]
    assert len(set(e["file"] for e in emissions)) == len(emissions), "an emission was recorded twice"
    assert numbers[-1] == EPOCHS, f"the last epoch is {numbers[-1]}"
    if one_attempt:
        # Bursts are coalesced, so numbers may be missing; none comes twice or out of order.
        assert numbers == sorted(set(numbers)), f"epochs {numbers}"
        starts = [e for e in look.journal(directory, "attempt_submitted") if e["place"] == "job"]
        assert len({e["attempt"] for e in starts}) == 1, f"{len(starts)} attempts of the training"


def main(world):
    digits.need_sklearn()
    full = os.environ.get("HWF_CRASH_FULL") == "1"
    kills = int(world.arguments[0]) if world.arguments else (100 if full else 6)
    seed = int(os.environ.get("HWF_CRASH_SEED", time.time_ns() % 1000000))
    print(f"seed {seed} (HWF_CRASH_SEED)", flush=True)
    rng = random.Random(seed)
    digits.sources(world, CHANGES)

    undisturbed = world.path("undisturbed")
    with look.Answerer(world, undisturbed, decide):
        world.must(command(world, undisturbed), seconds=240)
    expected = look.outputs(look.run_directories(undisturbed)[0])

    total, number = 0, 0
    while total < kills:
        for runner_too in (False, True):
            runs = world.path(f"runs{number}")
            number += 1
            with look.Answerer(world, runs, decide):
                done, directory = kill_while_running(world, runs, min(20, max(2, kills // 2)), rng, runner_too)
            found = look.outputs(directory)
            assert found == expected, f"{directory}: {found} instead of {expected}"
            check_epochs(directory, not runner_too)
            total += done
            print(f"{done} kills{' of engine and runner' if runner_too else ' of the engine'}: same metrics", flush=True)
    print(f"{total} kills in all")


if __name__ == "__main__":
    worlds.main(main)
