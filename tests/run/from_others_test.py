#!/usr/bin/env python3
"""A run takes nothing over from one of somebody else, also where it may read it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow w() -> (n: Int) { (n: 1) }
"""


def main(world):
    if os.geteuid() != 0:
        worlds.skip("making throwaway users needs root")
    group = world.group("g")
    ana, ben = world.user("ana", [group]), world.user("ben", [group])
    for person in (ana, ben):
        world.write(f"{person.name}/w.hwf", SOURCE)
        os.chown(world.path(person.name), person.uid, person.gid)
    mine = begin(world, ana, ["--share", group])
    closed = begin(world, ana, [])
    for run, status, why in ((mine, 1, f"is {ana.name}'s; results and answers"), (closed, 2, "no run")):
        taken = world.run(["hwf", "run", "w.hwf", "--from", run], user=ben, cwd=world.path(ben.name))
        assert taken.status == status and why in taken.text, repr(taken)
    assert not look.run_directories(os.path.join(world.path(ben.name), ".hwf", "runs"))


def begin(world, person, more):
    home = world.path(person.name)
    before = set(look.run_directories(os.path.join(home, ".hwf", "runs")))
    world.must(["hwf", "run", "w.hwf", *more], user=person, cwd=home)
    (run,) = set(look.run_directories(os.path.join(home, ".hwf", "runs"))) - before
    return run


if __name__ == "__main__":
    worlds.main(main)
