#!/usr/bin/env python3
"""What an engine that lost its lease still writes counts for nobody; a heartbeat that fails is no lost lease; an answer whose
record may or may not have reached the disk is not called refused."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1
workflow w() -> (text: String) {
  let call = await review "Yes?" {
    choose yes | no
    within 1h else no
  }
  (text: match call { yes => "yes", no => "no" })
}
"""


def append(run, event):
    payload = json.dumps(event).encode()
    length = struct.pack("<I", len(payload))
    with open(os.path.join(run, "journal"), "ab") as journal:
        journal.write(length + struct.pack("<I", zlib.crc32(length + payload)) + payload)


def waiting_run(world, runs):
    world.must(["hwf", "run", "w.hwf", "--runs", runs, "--detach"], status=75)
    (run,) = look.run_directories(runs)
    return run, look.journal(run, "review_opened")[0]["review"]


def stale_records_do_not_count(world):
    runs = world.path("stale")
    run, review = waiting_run(world, runs)
    world.must(["hwf", "resume", run, "--once"], status=75)
    person = {"name": "ghost", "uid": os.getuid(), "level": 1, "proof": "uid"}
    append(run, {
        "v": 1, "epoch": 1, "t": int(time.time() * 1000), "kind": "vote", "review": review, "person": person,
        "groups": [], "variant": "no", "fields": {}, "request": "01KAKE0000000000000000000G",
    })  # fmt: skip
    assert len(look.open_reviews(world, runs)) == 1, "a stale vote closed the review"
    queued = world.run(["hwf", "review", "answer", run, review, "yes"])
    assert queued.status == 75, repr(queued)
    world.must(["hwf", "resume", run])
    assert look.outputs(run) == {"text": "yes"}


def traced(world, run, call, tampering, *only):
    command = ["strace", "-f", "-E", "LSAN_OPTIONS=detect_leaks=0", "-o", "/dev/null", *only, "-e", f"trace={call}"]
    command += ["-e", f"inject={call}:{tampering}", "hwf", "resume", run]
    return world.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def a_beat_may_fail(world):
    runs = world.path("beat")
    run, review = waiting_run(world, runs)
    engine = traced(world, run, "rename", "error=ENOSPC:when=2")  # the first is the lease's own
    world.until("the beat is tried again", lambda: os.path.exists(os.path.join(run, "lease.2.beat")))
    world.must(["hwf", "review", "answer", run, review, "yes"])
    out = engine.communicate(timeout=60 * worlds.SLOW)[0].decode()
    assert engine.returncode == 0 and "the lease: " in out, out
    assert look.outputs(run) == {"text": "yes"}


def what_may_be_recorded_is_not_refused(world):
    runs = world.path("sync")
    run, review = waiting_run(world, runs)
    engine = traced(world, run, "fdatasync", "error=EIO:when=3", "-P", os.path.join(run, "journal"))
    world.until("the engine is there", lambda: os.path.exists(os.path.join(run, "lease.2.beat")))
    answered = world.run(["hwf", "review", "answer", run, review, "yes"])
    out = engine.communicate(timeout=60 * worlds.SLOW)[0].decode()
    assert engine.returncode == 3 and "Input/output error" in out, out
    assert answered.status == 75 and "refused" not in answered.text, repr(answered)
    world.must(["hwf", "resume", run])
    assert look.outputs(run) == {"text": "yes"}
    assert len(look.journal(run, "vote")) == 1


def main(world):
    world.write("w.hwf", SOURCE)
    stale_records_do_not_count(world)
    if not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        worlds.skip("strace may not trace here")
    a_beat_may_fail(world)
    what_may_be_recorded_is_not_refused(world)


if __name__ == "__main__":
    worlds.main(main)
