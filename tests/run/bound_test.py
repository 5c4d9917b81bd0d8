#!/usr/bin/env python3
"""What lies in a run's directory and decides what the run does is bound to the run's first record: a task that rewrites the
program brings the run to a stop, and makes nothing its own."""

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


def main(world):
    world.write("bound.hwf", SOURCE)
    for part in (program,):
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
