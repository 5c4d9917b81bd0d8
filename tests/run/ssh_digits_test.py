#!/usr/bin/env python3
"""The digits on another machine, with the workflow as it is: people answer while it trains there, it obeys a `retune`, the
link is cut and the engine killed meanwhile. The job's own log, fetched here, shows that it never stopped."""

import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import digits_example as digits  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

EPOCHS, RATE = 24, 0.03


def main(world):
    digits.need_sklearn()
    runs = world.path("runs")
    with ssh_world.far_site(world, second_host=True) as host:
        digits.sources(world, digits.OWNER_ANSWERS + digits.LOG_IS_AN_OUTPUT)
        digits.name_host(world, host)
        log = open(world.path("run.log"), "w")
        released = str(host.home / "released")
        line = ["hwf", "run", "digits.hwf", "--sites", "sites/ssh.hwf", "--epochs", str(EPOCHS), "--passes", "20",
                "--look-every", "6", "--runs", runs, "--release-to", released]
        engine = world.start(line, stdout=log, stderr=log)
        first = world.until("the first review", lambda: digits.review(world, runs, "Epoch"), 120)
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
        release = world.until("the release review", lambda: digits.review(world, runs, "Release"), 180)
        for later in iter(lambda: digits.review(world, runs, "Epoch"), None):
            look.answer(world, runs, later, "keep")
        assert look.answer(world, runs, release, "approve", "--note", "fine").status == 0
        assert engine.wait(timeout=120 * worlds.SLOW) == 0, world.read("run.log")

        outputs = look.journal(run, "run_finished")[0]["outputs"]
        digits.never_stopped(outputs["log"]["path"], EPOCHS)
        rates = [e["values"]["rate"] for e in look.journal(run, "emission")]
        assert rates[0] == 0.1 and rates[-1] == RATE, rates
        assert epochs() == sorted(set(epochs())), epochs()
        assert digits.claims(run) == [("data", 1), ("job", 1), ("publish", 1)], digits.claims(run)
        assert int(host.as_user("stat -c %s released/digits.pkl")) > 1000


if __name__ == "__main__":
    worlds.main(main)
