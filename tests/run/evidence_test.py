#!/usr/bin/env python3
"""Evidence that takes long to read: it is read beside the engine's other work, and the answer counts after that. A
changed file or directory voids the review instead, and a deadline in the meantime waits."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task make() -> (model: File at "model.bin", table: Dir at "table") {
  run \"\"\"
    truncate -s 150M ~{out.model}
    mkdir ~{out.table}; echo 1 > ~{out.table}/one
  \"\"\"
}

workflow w(deadline: Duration) -> (text: String) {
  let job = make()
  let call = await review "Good?" {
    show   job.model, job.table
    choose yes | no
    within deadline else no
  }
  let text = match call { yes => "yes", no => "no" }
  (text: text)
}
"""


def begin(world, name, deadline="1h"):
    runs = world.path(name)
    engine = world.start(["hwf", "run", "evidence.hwf", "--deadline", deadline, "--runs", runs])
    opened = world.until("it opens", lambda: [d for d in look.run_directories(runs) if look.journal(d, "review_opened")])
    return engine, opened[0], ["hwf", "review", "answer", os.path.basename(opened[0]), "call", "yes", "--runs", runs]


def answered(world):
    engine, run, answer = begin(world, "answered")
    result = world.must(answer)
    assert "accepted" in result.text, repr(result)
    assert engine.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(run) == {"text": "yes"}


def changed(world):
    def write(path):
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.write(b"2")

    for part in ("evidence", "tasks"):
        engine, run, answer = begin(world, "changed-" + part)
        name = "model.bin" if part == "evidence" else "one"
        paths = [os.path.join(d, f) for d, _, files in os.walk(os.path.join(run, part)) for f in files if f == name]
        assert len(paths) == 1, paths
        write(paths[0])
        result = world.run(answer)
        assert result.status == 1 and "void" in result.text and "has changed" in result.text, repr(result)
        assert engine.wait(timeout=30 * worlds.SLOW) == 1
        assert not look.journal(run, "vote")


def deadline_meanwhile(world):
    """Given in time to no engine, and read when the deadline has passed."""
    engine, run, answer = begin(world, "deadline", "4s")
    engine.terminate()
    assert engine.wait(timeout=30 * worlds.SLOW) == 75
    world.must(answer, status=75)
    opened = look.journal(run, "review_opened")[0]["t"]
    world.until("the deadline has passed", lambda: time.time() * 1000 > opened + 4000)
    world.must(["hwf", "resume", os.path.basename(run), "--runs", os.path.dirname(run)])
    assert look.outputs(run) == {"text": "yes"}, look.outputs(run)


def main(world):
    world.write("evidence.hwf", SOURCE)
    for part in (answered, changed, deadline_meanwhile):
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
