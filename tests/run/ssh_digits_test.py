#!/usr/bin/env python3
"""The digits on another machine, with the workflow as it is: people answer while it trains there, it obeys a `retune`, the
link is cut and the engine killed meanwhile. The job's own log, fetched here, shows that it never stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

EPOCHS, RATE = 24, 0.03
LONGEST_GAP = 1.0  # seconds between epochs; the link is cut for longer


def sources(world, host):
    example = os.path.join(HERE, "..", "..", "examples", "digits")
    for name in ("fit.py", "prepare.py", "sites.hwf"):
        shutil.copy(os.path.join(example, name), world.dir)
    with open(os.path.join(example, "digits.hwf")) as file:
        text = file.read()
    # The owner answers: other people are the business of other tests.
    text = text.replace('by     "ml-team"\n', "").replace('by     "safety-board" quorum 2 not starter\n', "")
    text = text.replace('  (metrics: job.metrics)\n}', '  (metrics: job.metrics, log: job.log)\n}')
    text = text.replace(") -> (metrics: Metrics) {", ") -> (metrics: Metrics, log: File) {")
    world.write("digits.hwf", text.replace(' escalate 24h to "head-of-lab"', ""))
    with open(os.path.join(example, "sites", "ssh.hwf")) as file:
        site = file.read()
    site = site.replace('"edge1"', '"far"').replace('"/data/hwf"', f'"{host.home}/hwf"').replace("cpus: 4, memory: 8GiB", "cpus: 2")
    world.write("ssh.hwf", site)


def review(world, runs, begins):
    found = [r for r in look.open_reviews(world, runs) if r["question"].startswith(begins)]
    return found[0] if found else None


def main(world):
    if subprocess.run(["/usr/bin/python3", "-c", "import sklearn"], capture_output=True).returncode != 0:
        worlds.skip("/usr/bin/python3 has no scikit-learn")
    runs = world.path("runs")
    with ssh_world.far_site(world, second_host=True) as host:
        sources(world, host)
        log = open(world.path("run.log"), "w")
        released = str(host.home / "released")
        line = ["hwf", "run", "digits.hwf", "--sites", "ssh.hwf", "--epochs", str(EPOCHS), "--passes", "20",
                "--look-every", "6", "--runs", runs, "--release-to", released]
        engine = world.start(line, stdout=log, stderr=log)
        first = world.until("the first review", lambda: review(world, runs, "Epoch"), 120)
        (run,) = look.run_directories(runs)
        assert look.answer(world, runs, first, "retune", "--rate", str(RATE)).status == 0

        def epochs():
            return [e["values"]["n"] for e in look.journal(run, "emission")]

        def told():
            return look.journal(run, "message_delivered")

        world.until("it has been told", told)
        host.cut()
        world.until("the site is in trouble", lambda: look.journal(run, "site_troubled"), 60)
        engine.send_signal(signal.SIGKILL)
        engine.wait(timeout=30)
        engine = world.start(["hwf", "resume", os.path.basename(run), "--runs", runs], stdout=log, stderr=log)
        host.mend()
        release = world.until("the release review", lambda: review(world, runs, "Release"), 180)
        for later in iter(lambda: review(world, runs, "Epoch"), None):
            look.answer(world, runs, later, "keep")
        assert look.answer(world, runs, release, "approve", "--note", "fine").status == 0
        assert engine.wait(timeout=120 * worlds.SLOW) == 0, world.read("run.log")

        outputs = look.journal(run, "run_finished")[0]["outputs"]
        with open(outputs["log"]["path"]) as lines:
            lines = [json.loads(line) for line in lines]
        assert [one["n"] for one in lines] == list(range(1, EPOCHS + 1)), lines
        gaps = [b["began"] - a["ended"] for a, b in zip(lines, lines[1:])]
        assert max(gaps) < LONGEST_GAP * worlds.SLOW, f"the training stood still for {max(gaps):.2f} s"
        rates = [e["values"]["rate"] for e in look.journal(run, "emission")]
        assert rates[0] == 0.1 and rates[-1] == RATE, rates
        assert epochs() == sorted(set(epochs())), epochs()
        claims = [(e["place"], e["attempt"]) for e in look.events(f"{run}/agents/here/log") if e["kind"] == "claimed"]
        assert sorted(claims) == [("data", 1), ("job", 1), ("publish", 1)], claims
        assert int(host.as_user("stat -c %s released/digits.pkl")) > 1000


if __name__ == "__main__":
    worlds.main(main)
