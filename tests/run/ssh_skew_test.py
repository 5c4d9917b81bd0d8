#!/usr/bin/env python3
"""A machine at the other end of ssh whose clock is five days behind, or ahead: a run there is as everywhere.

A kernel has one clock, so this one is a double: libfaketime stands between libc and all programs there (sshd's sessions, the
shells, rsync, the tasks, and a runner with shared libraries); times of files are the kernel's own."""

import glob
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

task stamp(text: File) -> (at: Int, runner: Int, copy: File at "copy") {
  on far
  checkpoint seen(n: Int)
  accept go(n: Int)
  needs time: 1min
  run \"\"\"
    date +%s > ~{out.at}
    grep -c libfaketime /proc/$PPID/maps > ~{out.runner} || true
    cp ~{text} copy
    hwf-task checkpoint seen n=1
    hwf-task messages --wait 60 | grep -q '"n":1'
  \"\"\"
}
task here(copy: File) -> (n: Int at stdout) {
  run \"\"\" wc -l < ~{copy} \"\"\"
}
workflow w(text: File) -> (at: Int, runner: Int, n: Int) {
  let job = stamp(text)
  watch job.seen as s {
    send job.go(n: s.n)
  }
  (at: job.at, runner: job.runner, n: here(job.copy).n)
}
"""
LATE = """hwf 1

SITE

task late() -> (n: Int at stdout) {
  on far
  needs time: 2s
  run \"\"\"
    sleep 60
  \"\"\"
}
workflow w() -> (n: Int) {
  (n: late().n)
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


def variables(library, days):
    return {"LD_PRELOAD": library, "FAKETIME": f"{days:+d}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def run_there(world, host, name, program, arguments=(), status=0):
    # A task's environment is not that of the session: `setup` gives it the other clock.
    setup = "".join(f"export {name}={value}; " for name, value in host.env.items() if name != "HWF_TEST_WORLD")
    site = ssh_world.site(host, "w", setup=f'"{setup}"')
    """The run's directory; its journal's times are this machine's, and what was used is a part of what it took."""
    world.write(f"{name}.hwf", program.replace("SITE", site))
    runs, before = world.path(f"{name}-runs"), time.time() * 1000
    world.must(["hwf", "run", f"{name}.hwf", *arguments, "--runs", runs], status=status)
    after = time.time() * 1000
    (run,) = look.run_directories(runs)
    events = look.journal(run)
    assert [e["t"] for e in events] == sorted(e["t"] for e in events), events
    assert all(before - 1 <= e["t"] <= after + 1 for e in events), events
    for end in look.journal(run, "attempt_ended"):
        assert 0 <= end["usage"]["wall_ms"] <= after - before, end
    return run


def skewed(world, host, days):
    world.write("text", "a\nb\n")
    run = run_there(world, host, f"days{days}", PROGRAM, ["--text", "text"])
    outputs = look.outputs(run)
    assert outputs["n"] == 2 and abs(outputs["at"] - time.time() - days * 86400) < 3600, f"{outputs}: the clock there is another"
    assert outputs["runner"] > 0, "the clock of the runner there is another"
    ended = look.journal(run_there(world, host, f"late{days}", LATE, status=1), "attempt_ended")
    assert [end["failure"] for end in ended] == ["time_limit"], ended
    doctor = world.run(["hwf", "doctor", "far", f"days{days}.hwf", "--json"]).json()["checks"]
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
                self.env = variables(found[0], days)
                super().start()

        with ssh_world.far_site(world, kind=Skewed) as host:
            skewed(world, host, days)
        shutil.rmtree(world.path("host"))


if __name__ == "__main__":
    worlds.main(main)
