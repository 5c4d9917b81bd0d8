#!/usr/bin/env python3
"""The digits on a real Slurm, with examples/digits/sites/slurm.hwf and the workflow as it is: people answer while the job
runs, it obeys a `retune`, the engine is killed and resumed, slurmctld is killed and started again. The job's own log shows
that it never stopped; nothing ran twice; while the release is awaited no allocation is held."""

import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import digits_example as digits  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

EPOCHS, RATE = 24, 0.03


def epochs_done(run):
    return [e["values"] for e in look.journal(run, "emission")]


def supervise(world, cluster, runs):
    """The run until its training has ended: answers, kills."""
    line = ["hwf", "run", "digits.hwf", "--sites", "sites/slurm.hwf", "--epochs", str(EPOCHS), "--passes", "20",
            "--look-every", "6", "--runs", runs, "--release-to", world.path("released")]
    engine = world.start(line, stdout=subprocess.DEVNULL)
    first = world.until("the first review", lambda: digits.review(world, runs, "Epoch"), 120)
    (run,) = look.run_directories(runs)
    told = look.answer(world, runs, first, "retune", "--rate", str(RATE))
    assert told.status == 0, repr(told)

    # The engine dies: the job goes on, and so does its record when another engine comes.
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=30)
    engine = world.start(["hwf", "resume", os.path.basename(run), "--runs", runs], stdout=subprocess.DEVNULL)

    # So does it when the controller dies. (What that has not saved, every 5 s, it would forget.)
    time.sleep(6)
    before = len(epochs_done(run))
    cluster.kill("slurmctld")
    world.until("epochs while no controller lives", lambda: len(epochs_done(run)) >= min(EPOCHS, before + 3), 60)
    cluster.start_slurmctld()
    return run, engine


def check_the_log(run):
    (end,) = [e for e in look.journal(run, "attempt_ended") if e["place"] == "job"]
    digits.never_stopped(end["outputs"]["log"]["path"], EPOCHS)
    rates = [e["rate"] for e in epochs_done(run)]
    assert rates[0] == 0.1 and rates[-1] == RATE, rates


def check_nothing_ran_twice(run):
    assert digits.claims(run) == [("data", 1), ("job", 1), ("publish", 1)], digits.claims(run)
    started = [(e["place"], e.get("attempt", 1)) for e in look.journal(run, "attempt_started")]
    assert len(started) == len(set(started)) == 3, started


def main(world):
    digits.need_sklearn()
    digits.sources(world)
    runs = world.path("runs")
    with clusters.cluster(world, gpu_nodes=0, memory=digits.NODE_MEMORY, partitions=[digits.PARTITION]) as cluster:
        run, engine = supervise(world, cluster, runs)
        release = world.until("the release review", lambda: digits.review(world, runs, "Release"), 180)
        for later in iter(lambda: digits.review(world, runs, "Epoch"), None):
            look.answer(world, runs, later, "keep")

        # A person is awaited: Slurm has nothing of ours.
        world.until("no allocation while people think", lambda: not clusters.jobs(cluster))
        known = {job["id"] for job in clusters.jobs(cluster, "all")}
        accepted = look.answer(world, runs, release, "approve", "--note", "fine")
        answered = time.monotonic()
        assert accepted.status == 0, repr(accepted)
        world.until("what is downstream is submitted", lambda: {j["id"] for j in clusters.jobs(cluster, "all")} - known)
        took = time.monotonic() - answered
        assert took < 1.0 * worlds.SLOW, f"submitted {took:.2f} s after the answer"

        assert engine.wait(timeout=120 * worlds.SLOW) == 0
        check_the_log(run)
        check_nothing_ran_twice(run)
        assert os.path.getsize(world.path("released/digits.pkl")) > 1000
        world.until("Slurm has nothing of ours", lambda: not clusters.jobs(cluster))
        print(f"downstream submitted {took * 1000:.0f} ms after the answer")


if __name__ == "__main__":
    worlds.main(main)
