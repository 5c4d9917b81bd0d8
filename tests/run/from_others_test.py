#!/usr/bin/env python3
"""A run takes nothing over from one of somebody else, also where it may read it; and no answer of who may not answer it."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow w() -> (n: Int) { (n: 1) }
"""


ASKS = """hwf 1

workflow w() -> (text: String) {
  let call = await review "Good?" {
    choose yes | no
    by     "board"
    within 1h else no
  }
  let text = match call { yes => "yes", no => "no" }
  (text: text)
}
"""


def main(world):
    if os.geteuid() != 0:
        worlds.skip("making throwaway users needs root")
    group = world.group("g")
    ana, ben = world.user("ana", [group]), world.user("ben", [group])
    for person in (ana, ben):
        world.write(f"{person.name}/w.hwf", SOURCE)
        os.chown(world.path(person.name), person.uid, person.gid)
    not_theirs(world, ana, ben, group)
    not_entitled(world, ana, ben, group)


def not_theirs(world, ana, ben, group):
    mine = begin(world, ana, ["w.hwf", "--share", group])
    closed = begin(world, ana, ["w.hwf"])
    for run, status, why in ((mine, 1, f"is {ana.name}'s; results and answers"), (closed, 2, "no run")):
        taken = world.run(["hwf", "run", "w.hwf", "--from", run], user=ben, cwd=world.path(ben.name))
        assert taken.status == status and why in taken.text, repr(taken)
    assert not look.run_directories(os.path.join(world.path(ben.name), ".hwf", "runs"))


def not_entitled(world, ana, ben, group):
    """Who answered was of the board, and is not now."""
    world.write(f"{ana.name}/asks.hwf", ASKS)
    for name, board in (("then", ben), ("now", ana)):
        people = [{"name": p.name, "login": p.name, "groups": ["board"] if p is board else []} for p in (ana, ben)]
        file = world.write(f"{ana.name}/{name}", json.dumps({"v": 1, "people": people}))
        os.chown(file, ana.uid, ana.gid)
    run = begin(world, ana, ["asks.hwf", "--detach", "--share", group, "--people", "then"], 75)
    world.must(["hwf", "review", "answer", run, "call", "yes"], status=75, user=ben)
    world.must(["hwf", "resume", run], user=ana)
    again = begin(world, ana, ["asks.hwf", "--detach", "--share", group, "--people", "then", "--from", run])
    (carried,) = look.journal(again, "answer_carried")
    assert carried["vote"]["person"]["name"] == ben.name and carried["vote"]["person"]["level"] == 2, carried
    assert look.outputs(again) == {"text": "yes"}
    asked = begin(world, ana, ["asks.hwf", "--detach", "--share", group, "--people", "now", "--from", run], 75)
    assert not look.journal(asked, "answer_carried")


def begin(world, person, what, status=0):
    home = world.path(person.name)
    before = set(look.run_directories(os.path.join(home, ".hwf", "runs")))
    world.must(["hwf", "run", *what], status=status, user=person, cwd=home)
    (run,) = set(look.run_directories(os.path.join(home, ".hwf", "runs"))) - before
    return run


if __name__ == "__main__":
    worlds.main(main)
