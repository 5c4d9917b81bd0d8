#!/usr/bin/env python3
"""The link to a second host (a network namespace of its own): slow, cut while a file is on its way and while a task runs,
for longer than every time limit of the connection. The run waits and says so; nothing is lost or done twice."""

import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

SITE

task make() -> (data: File at "data") {
  run \"\"\"
    head -c 6000000 /dev/urandom > ~{out.data}
  \"\"\"
}
task use(data: File) -> (sum: String at stdout) {
  on far
  checkpoint beat(n: Int) every all
  run \"\"\"
    echo ran >> "$HOME/claims"
    n=0
    while [ ! -e "$HOME/stop" ]; do
      n=$((n + 1))
      hwf-task checkpoint beat n=$n
      sleep 0.3
    done
    echo "$n" > "$HOME/beats"
    sha256sum < ~{data}
  \"\"\"
}
workflow w() -> (sum: String, data: File) {
  let made = make()
  let used = use(made.data)
  (sum: used.sum, data: made.data)
}
"""
# Seconds; ServerAliveInterval times CountMax is 3 s here, ConnectTimeout 3 s. HWF_TEST_CUT_S=3600 cuts it for an hour.
LONGER_THAN_ALL = int(os.environ.get("HWF_TEST_CUT_S", "16"))


def main(world):
    with ssh_world.far_site(world, second_host=True) as host:
        world.write("w.hwf", SOURCE.replace("SITE", ssh_world.site(host)))
        runs = world.path("runs")
        # The tools go there first, over a fast link.
        log = open(world.path("run.log"), "w")
        engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=log, stderr=log)

        def incoming():
            return host.as_user("find . -path '*/store/.in-*' -type f -size +100k").splitlines()

        world.until("the site is reached", lambda: host.as_user("find . -name hwf-runner -path '*/bin/hwf-*'"), seconds=60)
        host.slow("8mbit")
        world.until("a part of the file is there", incoming, seconds=60)
        (run,) = look.run_directories(runs)
        name = os.path.basename(run)

        def status():
            return json.loads(world.must(["hwf", "status", name, "--json", "--runs", runs]).out)

        def waiting():
            return [t.get("waiting", "") for t in status()["tasks"] if t["place"] == "used"]

        # Cut while the file is on its way.
        host.cut()
        world.until("the site is in trouble", lambda: "far" in status()["troubled_sites"], seconds=60)
        world.until("the task says what it waits for", lambda: any("on the way" in w for w in waiting()), seconds=30)
        host.slow(None)
        host.mend()
        world.until("the task runs", lambda: look.journal(run, "emission"), seconds=90)
        assert not incoming(), "a part of the file was left"

        # Cut while it runs: it beats on, and all of its beats arrive in the end.
        host.cut()
        cut = time.monotonic()
        world.until("the site is in trouble", lambda: "far" in status()["troubled_sites"], seconds=60)
        # Whoever wants to leave need not wait for the link; the next engine begins while it is down.
        engine.send_signal(signal.SIGINT)
        assert engine.wait(timeout=60) == 75, world.read("run.log")
        engine = world.start(["hwf", "resume", name, "--runs", runs], stdout=log, stderr=log)
        time.sleep(max(0.0, LONGER_THAN_ALL - (time.monotonic() - cut)))  # the point of the test
        assert engine.poll() is None, "the run ended while it was to wait"
        host.mend()
        world.until("the site works again", lambda: not status()["troubled_sites"], seconds=60)
        host.as_user("touch stop")
        assert engine.wait(timeout=90) == 0, world.read("run.log")
        assert host.as_user("cat claims") == "ran\n"
        beats = int(host.as_user("cat beats"))
        seen = [e["values"]["n"] for e in look.journal(run, "emission")]
        assert seen == list(range(1, beats + 1)), f"{beats} beats, seen {seen}"
        assert beats > LONGER_THAN_ALL * 2, f"it did not go on while the link was cut: {beats}"
        outputs = look.journal(run, "run_finished")[0]["outputs"]
        local = subprocess.run(["sha256sum"], stdin=open(outputs["data"]["path"], "rb"), capture_output=True, text=True)
        assert outputs["sum"] == local.stdout.strip(), outputs


if __name__ == "__main__":
    worlds.main(main)
