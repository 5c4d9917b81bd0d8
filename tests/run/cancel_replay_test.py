#!/usr/bin/env python3
"""An engine that died behind a cancel: what it had not handed out yet never starts, and the run ends."""

import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import json  # noqa: E402

import runs as look  # noqa: E402
import world as worlds  # noqa: E402

# More than an engine hands out ahead of what runs (128): some are submitted, others wait in the engine.
COUNT = 200
SOURCE = f"""hwf 1

site here = local(cpus: 1)

task hold(n: Int, go: String) -> (n: Int at stdout) {{
  needs cpus: 1
  run \"\"\"
    echo begun >> ~{{go}}.begun
    while [ ! -e ~{{go}} ]; do sleep 0.05; done
    echo ~{{n}}
  \"\"\"
}}

workflow w(go: String) -> (all: [Int]) {{
  let all = for n in range({COUNT}) {{
    let h = hold(n, go: go)
    h.n
  }}
  (all: all)
}}
"""


def cut_behind(log_path, kind):
    """The log ends with the first record of this kind: as if its writer had died right after it."""
    with open(log_path, "rb") as log:
        data = log.read()
    at = 16
    while at + 8 <= len(data):
        word, checksum = struct.unpack("<II", data[at : at + 8])
        length = word & 0x7FFFFFFF
        payload = data[at + 8 : at + 8 + length]
        assert zlib.crc32(data[at : at + 4] + payload) == checksum
        at += 8 + length
        if word == length and json.loads(payload)["kind"] == kind:
            os.truncate(log_path, at)
            return
    raise AssertionError(f"no {kind} in {log_path}")


def cancelled_run(world, number):
    runs, go = world.path(f"runs{number}"), world.path(f"go{number}")
    engine = world.start(["hwf", "run", "many.hwf", "--go", go, "--runs", runs])
    world.until("a task runs", lambda: any(look.journal(d, "attempt_started") for d in look.run_directories(runs)))
    (run,) = look.run_directories(runs)
    # What no task has: refused, by the command and by the engine.
    unknown = world.run(["hwf", "cancel", os.path.basename(run), "nothing", "--runs", runs])
    assert unknown.status == 2 and "no task `nothing`" in unknown.text, repr(unknown)
    request = {"v": 1, "run": os.path.basename(run), "kind": "cancel", "place": "nothing"}
    path = os.path.join(run, "inbox", "7" * 26 + ".json")
    with open(path + ".new", "w", encoding="utf-8") as out:
        json.dump(request, out)
    os.rename(path + ".new", path)
    reply = os.path.join(run, "replies", "7" * 26 + ".json")
    world.until("the reply comes", lambda: os.path.exists(reply))
    with open(reply, encoding="utf-8") as file:
        refused = json.load(file)
    assert refused["outcome"] == "refused" and "no task `nothing`" in refused["why"], refused
    world.must(["hwf", "cancel", os.path.basename(run), "--runs", runs])
    assert engine.wait(timeout=30 * worlds.SLOW) == 1
    submitted = len(look.journal(run, "attempt_submitted"))
    assert 1 <= submitted < COUNT, f"{submitted} of {COUNT} were submitted: the test needs some of both"
    world.until("nothing is left", lambda: not world.processes(), 20)
    return runs, run


def ends_cancelled(world, runs, run):
    before = open(world.path(os.path.basename(runs).replace("runs", "go") + ".begun"), encoding="utf-8").read()
    resumed = world.run(["hwf", "resume", os.path.basename(run), "--runs", runs], seconds=30)
    assert resumed.status == 1, repr(resumed)
    ends = look.journal(run, "attempt_ended")
    assert len(ends) == COUNT and len({e["place"] for e in ends}) == COUNT, f"{len(ends)} ends"
    after = open(world.path(os.path.basename(runs).replace("runs", "go") + ".begun"), encoding="utf-8").read()
    assert before == after, "something began after the cancel"


def main(world):
    world.write("many.hwf", SOURCE)
    # The engine died behind the record of the cancel.
    runs, run = cancelled_run(world, 1)
    cut_behind(os.path.join(run, "journal"), "cancel_requested")
    ends_cancelled(world, runs, run)
    # And the runner has lost its log: what the journal says was submitted is known to nobody.
    runs, run = cancelled_run(world, 2)
    cut_behind(os.path.join(run, "journal"), "cancel_requested")
    os.unlink(os.path.join(run, "runner", "log"))
    ends_cancelled(world, runs, run)


if __name__ == "__main__":
    worlds.main(main)
