#!/usr/bin/env python3
"""A machine at the other end of ssh whose clock is five days behind, or ahead: a run there is as everywhere.

A kernel has one clock, so this one is a double: libfaketime stands between libc and all programs there (sshd's sessions, the
shells, rsync, the tasks, and a runner with shared libraries); times of files are the kernel's own."""

import glob
import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_host  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1

SITE

task stamp(text: File) -> (at: Int, copy: File at "copy") {
  on far
  checkpoint seen(n: Int)
  accept go(n: Int)
  needs time: 1min
  run \"\"\"
    date +%s > ~{out.at}
    cp ~{text} copy
    hwf-task checkpoint seen n=1
    hwf-task messages --wait 60 | grep -q '"n":1'
  \"\"\"
}
task late() -> (n: Int at stdout) {
  on far
  needs time: 2s
  run \"\"\" sleep 60; echo 1 \"\"\"
}
task here(copy: File) -> (n: Int at stdout) {
  run \"\"\" wc -l < ~{copy} \"\"\"
}
workflow w(text: File) -> (at: Int, n: Int, late: Bool) {
  let job = stamp(text)
  watch job.seen as s {
    send job.go(n: s.n)
  }
  let end = try late()
  (at: job.at, n: here(job.copy).n, late: end.failed)
}
"""
DAYS = 5


def programs(world):
    """hwf's own, with a runner that faketime can come between."""
    directory = world.path("bin")
    os.mkdir(directory)
    for name in ("hwf", "hwfc", "hwf-task"):
        shutil.copy2(os.path.join(world.programs, name), directory)
    shutil.copytree(os.path.join(world.programs, "python"), os.path.join(directory, "python"))
    shutil.copy2(os.path.join(world.programs, "shared", "hwf-runner"), directory)
    return directory


def skewed(world, host, days):
    name = f"days{days}"
    world.write(f"{name}.hwf", PROGRAM.replace("SITE", ssh_world.site(host, name)))
    world.write("text", "a\nb\n")
    runs, before = world.path(f"{name}-runs"), time.time()
    world.must(["hwf", "run", f"{name}.hwf", "--text", "text", "--runs", runs])
    took = (time.time() - before) * 1000
    (run,) = look.run_directories(runs)
    outputs = look.outputs(run)
    assert (outputs["n"], outputs["late"]) == (2, True), outputs
    assert abs(outputs["at"] - before - days * 86400) < 3600, "the clock there is another"
    events = look.journal(run)
    assert [e["t"] for e in events] == sorted(e["t"] for e in events), "times of the journal are this machine's"
    assert all(before * 1000 - 1 <= e["t"] <= before * 1000 + took + 1 for e in events), events
    ends = {e["place"]: e for e in events if e["kind"] == "attempt_ended"}
    assert ends["late"]["failure"] == "time_limit", ends["late"]
    for end in ends.values():
        assert 0 <= end["usage"].get("wall_ms", 0) <= took, end
    doctor = world.run(["hwf", "doctor", "far", f"{name}.hwf", "--json"]).json()["checks"]
    (clock,) = [check for check in doctor if check["what"] == "clock"]
    assert clock["verdict"] == "look" and ("behind" if days < 0 else "ahead of") in clock["found"], clock


def main(world):
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        worlds.skip("not installed: libfaketime")
    world.env["PATH"] = f"{programs(world)}:{world.env['PATH']}"
    for days in (-DAYS, DAYS):
        class Skewed(ssh_host.Host):
            def start(self):
                self.env = {"LD_PRELOAD": found[0], "FAKETIME": f"{days:+d}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
                super().start()

        with ssh_world.far_site(world, kind=Skewed) as host:
            skewed(world, host, days)
        shutil.rmtree(world.path("host"))


if __name__ == "__main__":
    worlds.main(main)
