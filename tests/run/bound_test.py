#!/usr/bin/env python3
"""What lies in a run's directory and decides what the run does is bound to the run's first record: a task that rewrites the
program, or the people file of `--people`, brings the run to a stop, and makes nothing its own."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow w() -> (text: String) {
  let call = await review "Release it?" {
    choose yes | no
    by     "board"
    within 1h else no
  }
  let text = match call { yes => "yes", no => "no" }
  (text: text)
}
group board = ["root", "nobody"]
"""


def begin(world, name, *options):
    runs = world.path(name)
    world.must(["hwf", "run", "bound.hwf", "--runs", runs, "--detach", *options], status=75)
    (run,) = look.run_directories(runs)
    return run, ["--runs", runs]


def rewrite(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert old in text, text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    return text


def program(world):
    run, where = begin(world, "program")
    path = os.path.join(run, "ir.json")
    text = rewrite(path, "Release it?", "Delete it?")
    for command in (["hwf", "resume", os.path.basename(run), "--once"], ["hwf", "status", os.path.basename(run)]):
        result = world.run(command + where)
        assert result.status == 3 and "not the program that the run began with" in result.text, repr(result)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    world.must(["hwf", "resume", os.path.basename(run), "--once"] + where, status=75)


def people(world):
    """A task that makes itself a reviewer."""
    entry = {"name": "ben", "uid": 65534, "groups": ["team"]}
    file = world.write("people", json.dumps({"v": 1, "people": [entry]}))
    run, where = begin(world, "with-people", "--people", file)
    assert look.journal(run, "run_started")[0]["people"]
    copy = os.path.join(run, "people")
    text = rewrite(copy, "65534", "0")
    result = world.run(["hwf", "resume", os.path.basename(run), "--once"] + where)
    assert result.status == 3 and "not what it was when the run began" in result.text, repr(result)
    os.remove(copy)
    result = world.run(["hwf", "resume", os.path.basename(run), "--once"] + where)
    assert result.status == 3 and copy in result.text, repr(result)
    with open(copy, "w", encoding="utf-8") as out:
        out.write(text)
    world.must(["hwf", "resume", os.path.basename(run), "--once"] + where, status=75)


def people_made_up(world):
    """The same in a run that began without the file."""
    run, where = begin(world, "made-up")
    entry = {"name": "ben", "uid": 0, "groups": ["team"]}
    with open(os.path.join(run, "people"), "w", encoding="utf-8") as out:
        json.dump({"v": 1, "people": [entry]}, out)
    os.chmod(os.path.join(run, "people"), 0o600)
    world.must(["hwf", "review", "answer", os.path.basename(run), "call", "yes"] + where, status=75)
    world.must(["hwf", "resume", os.path.basename(run), "--once"] + where)
    assert look.journal(run, "vote")[0]["person"]["name"] != "ben", look.journal(run, "vote")


def main(world):
    world.write("bound.hwf", SOURCE)
    for part in (program, people, people_made_up):
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
