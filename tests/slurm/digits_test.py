#!/usr/bin/env python3
"""The digits on a real Slurm, with examples/digits/sites/slurm.hwf and the workflow as it is: people answer while the job
runs, it obeys a `retune`, the engine is killed and resumed, slurmctld is killed and started again. The job's own log shows
that it never stopped; nothing ran twice; while the release is awaited no allocation is held."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

EPOCHS, RATE = 24, 0.03
LONGEST_GAP = 1.0  # seconds between epochs: the controller is down for several


def sources(world):
    example = os.path.join(HERE, "..", "..", "examples", "digits")
    for name in ("fit.py", "prepare.py", "sites.hwf", "sites/slurm.hwf"):
        shutil.copy(os.path.join(example, name), world.path(os.path.basename(name)))
    shutil.move(world.path("sites.hwf"), world.path("local.hwf"))
    shutil.copy(os.path.join(example, "sites.hwf"), world.path("sites.hwf"))
    with open(os.path.join(example, "digits.hwf")) as file:
        text = file.read()
    # The owner answers: other people are the business of tests/run.
    text = text.replace('by     "ml-team"\n', "").replace('by     "safety-board" quorum 2 not starter\n', "")
    world.write("digits.hwf", text.replace(' escalate 24h to "head-of-lab"', ""))


def review(world, runs, begins):
    found = [r for r in look.open_reviews(world, runs) if r["question"].startswith(begins)]
    return found[0] if found else None


def epochs_done(run):
    return [e["values"] for e in look.journal(run, "emission")]


def supervise(world, cluster, runs):
    """The run until its training has ended: answers, kills."""
    line = ["hwf", "run", "digits.hwf", "--sites", "slurm.hwf", "--epochs", str(EPOCHS), "--passes", "20",
            "--look-every", "6", "--runs", runs, "--release-to", world.path("released")]
    engine = world.start(line, stdout=subprocess.DEVNULL)
    first = world.until("the first review", lambda: review(world, runs, "Epoch"), 120)
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
    with open(end["outputs"]["log"]["path"]) as log:
        lines = [json.loads(line) for line in log]
    assert [line["n"] for line in lines] == list(range(1, EPOCHS + 1)), lines
    gaps = [b["began"] - a["ended"] for a, b in zip(lines, lines[1:])]
    assert max(gaps) < LONGEST_GAP * worlds.SLOW, f"the training stood still for {max(gaps):.2f} s"
    rates = [e["rate"] for e in epochs_done(run)]
    assert rates[0] == 0.1 and rates[-1] == RATE, rates


def check_nothing_ran_twice(run):
    claims = [(e["place"], e["attempt"]) for e in look.events(f"{run}/agents/here/log") if e["kind"] == "claimed"]
    assert len(claims) == len(set(claims)), claims
    assert {place for place, _ in claims} == {"data", "job", "publish"}, claims
    started = [(e["place"], e.get("attempt", 1)) for e in look.journal(run, "attempt_started")]
    assert len(started) == len(set(started)) == 3, started


def main(world):
    if subprocess.run(["/usr/bin/python3", "-c", "import sklearn"], capture_output=True).returncode != 0:
        worlds.skip("/usr/bin/python3 has no scikit-learn")
    sources(world)
    runs = world.path("runs")
    main_partition = "PartitionName=main Nodes=c1,c2 MaxTime=12:00:00 DefaultTime=60 DefMemPerCPU=100 State=UP"
    with clusters.cluster(world, gpu_nodes=0, memory=16384, partitions=[main_partition]) as cluster:
        run, engine = supervise(world, cluster, runs)
        release = world.until("the release review", lambda: review(world, runs, "Release"), 180)
        for later in iter(lambda: review(world, runs, "Epoch"), None):
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
        assert not clusters.jobs(cluster)
        print(f"downstream submitted {took * 1000:.0f} ms after the answer")


if __name__ == "__main__":
    worlds.main(main)
