#!/usr/bin/env python3
"""The small examples run as a newcomer runs them; every example passes `hwfc check` without a word."""

import glob
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402


def main(world):
    shutil.copytree(os.path.join(HERE, "..", "..", "examples"), world.path("examples"))
    for source in sorted(glob.glob(world.path("examples/**/*.hwf"), recursive=True)):
        checked = world.must(["hwfc", "check", source])
        assert checked.text == "", f"{source}: {checked!r}"
    hello = world.must(["hwf", "run", "examples/hello/hello.hwf", "--name", "Ana"])
    assert "Hello, Ana!" in hello.text, repr(hello)
    world.must(["hwf", "run", "examples/wordcount/wordcount.hwf", "--runs", "counted"])
    (run,) = look.run_directories(world.path("counted"))
    assert look.outputs(run)["total"] == 173, look.outputs(run)
    table = look.journal(run, "run_finished")[0]["outputs"]["table"]["path"]
    assert world.read(table).splitlines() == ["67 origin.txt", "57 alice.txt", "49 frankenstein.txt"]


if __name__ == "__main__":
    worlds.main(main)
