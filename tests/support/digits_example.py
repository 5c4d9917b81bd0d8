"""examples/digits in a test's world: its sources, the sites it comes with, and what its training's own log proves."""

import json
import os
import shutil
import subprocess

import runs as look
import world as worlds

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "digits")
LONGEST_GAP = 1.0  # seconds between epochs, whatever else is cut, killed or awaited for longer
# The partition that sites/slurm.hwf names.
PARTITION = "PartitionName=main Nodes=c1,c2 MaxTime=12:00:00 DefaultTime=60 DefMemPerCPU=100 State=UP"
NODE_MEMORY = 16384

OWNER_ANSWERS = (
    ('by     "ml-team"\n', ""),
    ('by     "safety-board" quorum 2 not starter\n', ""),
    (' escalate 24h to "head-of-lab"', ""),
)
LOG_IS_AN_OUTPUT = (
    ("  (metrics: job.metrics)\n}", "  (metrics: job.metrics, log: job.log)\n}"),
    (") -> (metrics: Metrics) {", ") -> (metrics: Metrics, log: File) {"),
)


def need_sklearn():
    if subprocess.run(["/usr/bin/python3", "-c", "import sklearn"], capture_output=True).returncode != 0:
        worlds.skip("/usr/bin/python3 has no scikit-learn")


def sources(world, changes=OWNER_ANSWERS):
    """The example, with these changes to its workflow. Most tests let the owner answer: other people are the business of
    others."""
    shutil.copytree(EXAMPLE, world.dir, dirs_exist_ok=True)
    text = world.read("digits.hwf")
    for old, new in changes:
        assert old in text, f"digits.hwf has no {old!r} any more"
        text = text.replace(old, new)
    world.write("digits.hwf", text)


def name_host(world, host):
    """sites/ssh.hwf with the test's own machine."""
    text = world.read("sites/ssh.hwf")
    for old, new in (('"edge1"', '"far"'), ('"/data/hwf"', f'"{host.home}/hwf"'), ("cpus: 4, memory: 8GiB", "cpus: 2")):
        assert old in text, text
        text = text.replace(old, new)
    world.write("sites/ssh.hwf", text)


def review(world, runs, begins):
    """The open review whose question begins so."""
    found = [r for r in look.open_reviews(world, runs) if r["question"].startswith(begins)]
    return found[0] if found else None


def never_stopped(log, epochs):
    """By its own log the training did every epoch once and never waited."""
    with open(log) as file:
        lines = [json.loads(line) for line in file]
    assert [line["n"] for line in lines] == list(range(1, epochs + 1)), lines
    gaps = [b["began"] - a["ended"] for a, b in zip(lines, lines[1:])]
    assert max(gaps) < LONGEST_GAP * worlds.SLOW, f"the training stood still for {max(gaps):.2f} s"


def claims(run, agent="agents/here"):
    return sorted((e["place"], e["attempt"]) for e in look.events(f"{run}/{agent}/log") if e["kind"] == "claimed")
