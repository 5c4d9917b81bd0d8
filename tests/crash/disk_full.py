#!/usr/bin/env python3
"""A full disk: nothing more is launched, the journal still records it, exit 3; with room again, resume ends the run."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

# Fills the disk with its own output until told that there is room (the file `room`).
task fill(room: String) -> (size: Int) {
  retry 3 on [exit, output, site]
  run \"\"\"
    if [ ! -e ~{room} ]; then head -c 64M /dev/zero > ballast; fi
    echo 5 > ~{out.size}
  \"\"\"
}

task after(n: Int) -> (n: Int at stdout) {
  run \"\"\"
    echo ~{n}
  \"\"\"
}

workflow w(room: String) -> (n: Int) {
  let f = fill(room)
  let a = after(f.size)
  (n: a.n)
}
"""

SHOWN = """hwf 1

task make() -> (model: File at "model.bin") {
  run \"\"\" head -c 5M /dev/zero > ~{out.model} \"\"\"
}

workflow w() -> (text: String) {
  let job = make()
  let call = await review "Good?" {
    show   job.model
    choose yes | no
    within 1h else no
  }
  let text = match call { yes => "yes", no => "no" }
  (text: text)
}
"""


def main(world):
    if os.geteuid() != 0:
        worlds.skip("mounting a small tmpfs needs root")
    small = world.path("small")
    os.mkdir(small)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small], capture_output=True, text=True)
    if mounted.returncode != 0:
        worlds.skip(f"tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    try:
        evidence(world, small)
        check(world, small)
    finally:
        world.until("the tmpfs is free", lambda: subprocess.run(["umount", small]).returncode == 0, 20)


def evidence(world, small):
    """No room for the copy of what a review shows: the review is not void, it opens when there is room."""
    world.write("shown.hwf", SHOWN)
    runs = os.path.join(small, "shown")
    subprocess.run(["mount", "-o", "remount,size=12m", small], check=True)
    result = world.run(["hwf", "run", "shown.hwf", "--runs", runs], seconds=60)
    assert result.status == 3 and "No space left" in result.text, repr(result)
    (directory,) = look.run_directories(runs)
    assert not look.journal(directory, "review_voided")
    subprocess.run(["mount", "-o", "remount,size=32m", small], check=True)
    world.must(["hwf", "resume", os.path.basename(directory), "--runs", runs, "--once"], status=75)
    assert look.journal(directory, "review_opened")
    world.must(["hwf", "review", "answer", os.path.basename(directory), "call", "yes", "--runs", runs], status=75)
    world.must(["hwf", "resume", os.path.basename(directory), "--runs", runs])
    assert look.outputs(directory) == {"text": "yes"}
    shutil.rmtree(runs)
    subprocess.run(["mount", "-o", "remount,size=6m", small], check=True)


def check(world, small):
    world.write("full.hwf", SOURCE)
    runs = os.path.join(small, "runs")
    room = world.path("room")
    result = world.run(["hwf", "run", "full.hwf", "--room", room, "--runs", runs], seconds=60)
    print(repr(result))
    assert result.status in (1, 3), f"exit {result.status}"
    assert "No space left" in result.text or "disk" in result.text, "the message does not name the cause"
    (directory,) = look.run_directories(runs)
    ends = [e for e in look.journal(directory, "attempt_ended") if e["place"] == "f"]
    assert ends or not look.journal(directory, "run_finished"), "the failure is not in the journal"
    # On a full disk every attempt would fail: those that are left are kept for when there is room.
    assert result.status == 3 and len(ends) < 4, f"exit {result.status}, all attempts spent: {ends}"
    status = world.run(["hwf", "status", "--runs", runs])
    assert status.status in (0, 1, 3, 75), repr(status)

    # Room again.
    for path, _, files in os.walk(small):
        for name in files:
            if name == "ballast":
                os.unlink(os.path.join(path, name))
    open(room, "w").close()
    if look.journal(directory, "run_finished"):
        # The task's own failure ended the run: a new one takes what was done.
        world.must(["hwf", "run", "full.hwf", "--room", room, "--runs", runs])
        assert any(look.outputs(d) == {"n": 5} for d in look.run_directories(runs) if d != directory)
    else:
        world.must(["hwf", "resume", os.path.basename(directory), "--runs", runs])
        assert look.outputs(directory) == {"n": 5}


if __name__ == "__main__":
    worlds.main(main)
