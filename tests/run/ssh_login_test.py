#!/usr/bin/env python3
"""`hwf login` at a terminal, of a machine that is not known yet and wants a password: it asks what ssh asks, runs ask for
nothing, wait, and go on with the connection that it opened."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402
from terminals import Terminal  # noqa: E402

PASSWORD = "correct horse 3 battery"
SOURCE = """hwf 1
SITE
task there() -> (who: String at stdout) {
  on far
  run \"\"\"
    id -un
  \"\"\"
}
workflow w() -> (who: String) { (who: there().who) }
"""


def main(world):
    with ssh_world.far_site(world) as host:
        host.methods, host.password = "password", "yes"
        host.restart()
        subprocess.run(["chpasswd"], input=f"{host.user}:{PASSWORD}\n", text=True, check=True)
        (host.dir / "known_hosts").write_text("")
        text = host.config.read_text()
        host.config.write_text(text.replace("StrictHostKeyChecking yes", "StrictHostKeyChecking ask"))
        world.write("w.hwf", SOURCE.replace("SITE", ssh_world.site(host, "w")))
        runs = world.path("runs")
        log = open(world.path("run.log"), "w")
        engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=log, stderr=log)

        def trouble():
            found = look.run_directories(runs)
            return found and [e["why"] for e in look.journal(found[0], "site_troubled")]

        (why,) = world.until("the run waits", trouble, 60)
        assert "is not known here" in why and "hwf login far" in why, why

        # No to its key: nothing is opened. Then yes, and the second try at the password is right.
        refused = Terminal(world, ["hwf", "login", "far", "w.hwf"])
        refused.until(r"\(yes/no")
        refused.say("no")
        assert refused.exit() == 3
        assert not ssh_world.masters(world)
        login = Terminal(world, ["hwf", "login", "far", "w.hwf"])
        shown = login.until(r"\(yes/no")
        assert "fingerprint is SHA256:" in shown, shown
        login.say("yes")
        login.until(r"password:")
        login.say("wrong")
        login.until(r"password:")
        login.say(PASSWORD)
        login.until(r"is open; runs use it")
        assert login.exit() == 0
        began = time.monotonic()
        try:
            status = engine.wait(timeout=60 * worlds.SLOW)
        except subprocess.TimeoutExpired:
            status = None
        assert status == 0, f"exit {status}\n{world.read('run.log')}"
        assert time.monotonic() - began < 30 * worlds.SLOW, "it went on when it would have tried again, not at once"
        (run,) = look.run_directories(runs)
        assert look.outputs(run) == {"who": host.user}
        assert PASSWORD not in world.read("run.log")

        # Whoever has logged in need not do so again, until they close it.
        again = world.must(["hwf", "login", "far", "w.hwf"])
        assert "is open\n" in again.out, again
        world.must(["hwf", "run", "w.hwf", "--runs", world.path("more")])
        assert "closed the connection" in world.must(["hwf", "login", "far", "w.hwf", "--close"]).out
        assert "there was no connection" in world.must(["hwf", "login", "far", "w.hwf", "--close"]).out
        assert not ssh_world.masters(world)


if __name__ == "__main__":
    worlds.main(main)
