#!/usr/bin/env python3
"""Two people who work in one directory, and two engines on one run."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task one(n: Int, wait: String) -> (n: Int at stdout) {
  run \"\"\"
    while [ ! -e ~{wait} ]; do sleep 0.05; done
    echo ~{n}
  \"\"\"
}

workflow w(n: Int, wait: String) -> (n: Int) {
  let a = one(n, wait: wait)
  (n: a.n)
}
"""


def main(world):
    if os.geteuid() != 0:
        worlds.skip("making throwaway users needs root")
    group = world.group("g")
    people = [world.user("ana", [group]), world.user("ben", [group])]
    shared = world.path("shared")
    os.mkdir(shared)
    os.chown(shared, 0, people[0].groups[0])
    os.chmod(shared, 0o2775)
    world.write("shared/w.hwf", SOURCE)
    wait = world.path("go")

    # Both start in one directory, each with a strict umask; neither disturbs the other.
    engines = []
    for n, who in enumerate(people):
        engines.append(
            world.start(
                ["hwf", "run", "w.hwf", "--n", str(n), "--wait", wait],
                user=who, cwd=shared, umask=0o077, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        )  # fmt: skip
        # The first one makes `.hwf`; the second finds it made by somebody else.
        world.until("the run begins", lambda: len(started(shared)) == n + 1 or engines[-1].poll() is not None)
    two_engines(world, shared, people, started(shared))
    open(wait, "w").close()
    for n, engine in enumerate(engines):
        out, _ = engine.communicate(timeout=60 * worlds.SLOW)
        assert engine.returncode == 0, f"{people[n].name}: exit {engine.returncode}\n{out.decode()}"
    assert len(started(shared)) == 2


def started(shared):
    return [d for d in look.run_directories(os.path.join(shared, ".hwf", "runs")) if look.journal(d, "attempt_started")]


def two_engines(world, shared, people, directories):
    """A second engine on a run that has one is refused, and says who has it."""
    mine = [d for d in directories if os.stat(d).st_uid == people[0].uid]
    assert len(mine) == 1, directories
    second = world.run(["hwf", "resume", os.path.basename(mine[0])], user=people[0], cwd=shared)
    assert second.status not in (0, 75), repr(second)
    assert "engine" in second.text and "pid" in second.text, repr(second)
    # And a stranger's run cannot even be read.
    other = [d for d in directories if d not in mine]
    foreign = world.run(["hwf", "cancel", os.path.basename(other[0])], user=people[0], cwd=shared)
    assert foreign.status not in (0, 75), repr(foreign)
    assert f"is {people[1].name}'s and closed to you" in foreign.text, repr(foreign)


if __name__ == "__main__":
    worlds.main(main)
