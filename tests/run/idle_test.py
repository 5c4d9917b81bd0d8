#!/usr/bin/env python3
"""A run that only waits for people costs nothing: below 10 ms of CPU a minute and below 30 MB, all its processes together."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task one() -> (n: Int at stdout) {
  run \"\"\"
    echo 1
  \"\"\"
}

workflow w() -> (n: Int) {
  let a = one()
  let go = await review "Go on with ~{a.n}?" {
    choose yes | no
    within 1h else no
  }
  let n = match go {
    yes => 1
    no  => 0
  }
  (n: n)
}
"""
WATCHED_SECONDS = 15
MOST_CPU_MS_A_MINUTE = 10
MOST_MIB = 30
# The promise is the release build's (ctest passes --optimised there); a debug build may take so many times as much.
UNOPTIMISED = 10  # and beside other tests, whose load on the caches counts here too


def cpu_ms(world):
    """Of all processes of the run, in milliseconds, by the scheduler's own nanoseconds."""
    total = 0
    for pid, _ in world.processes():
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
    return total / 1e6


def memory_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


def main(world):
    world.write("idle.hwf", SOURCE)
    runs = world.path("runs")
    engine = world.start(["hwf", "run", "idle.hwf", "--runs", runs])
    world.until("the review opens", lambda: [d for d in look.run_directories(runs) if look.journal(d, "review_opened")])
    time.sleep(2)  # what still settles (syncs, the runner's last task) is no part of waiting
    before = cpu_ms(world)
    time.sleep(WATCHED_SECONDS)
    spent = (cpu_ms(world) - before) * 60 / WATCHED_SECONDS
    memory = {command: memory_mib(pid) for pid, command in world.processes()}
    print(f"{spent:.2f} ms CPU a minute; MiB: {({c.split(' ')[0].rsplit('/', 1)[-1]: round(m, 1) for c, m in memory.items()})}")
    sanitized = worlds.SLOW > 1
    optimised = "--optimised" in world.arguments
    assert spent < MOST_CPU_MS_A_MINUTE * worlds.SLOW * (1 if optimised else UNOPTIMISED), f"{spent:.2f} ms CPU a minute"
    assert sanitized or sum(memory.values()) < MOST_MIB, f"{memory}"
    (review,) = look.open_reviews(world, runs)
    result = look.answer(world, runs, review, "yes")
    assert result.status == 0, repr(result)
    assert engine.wait(timeout=30 * worlds.SLOW) == 0


if __name__ == "__main__":
    worlds.main(main)
