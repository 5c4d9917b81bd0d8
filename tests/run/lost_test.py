#!/usr/bin/env python3
"""A machine goes down with engine, runner and task: `hwf resume` does the pure task again, and asks about the effect."""

import contextlib
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task pure(go: String) -> (n: Int at stdout) {
  run \"\"\"
    while [ ! -e ~{go} ]; do sleep 0.05; done
    echo ~{attempt}
  \"\"\"
}

task publish(go: String) -> (n: Int at stdout) {
  effect
  needs cpus: 0.1
  run \"\"\"
    while [ ! -e ~{go} ]; do sleep 0.05; done
    echo ~{attempt}
  \"\"\"
}

workflow w(go: String) -> (pure: Int, effect: Int) {
  let a = pure(go)
  let b = publish(go)
  (pure: a.n, effect: b.n)
}
"""


def main(world):
    world.write("lost.hwf", SOURCE)
    runs, go = world.path("runs"), world.path("go")
    with open(world.path("log"), "wb") as log:
        engine = world.start(["hwf", "run", "lost.hwf", "--go", go, "--runs", runs], stdout=log, stderr=subprocess.STDOUT)

    def started():
        return [d for d in look.run_directories(runs) if len(look.journal(d, "attempt_started")) == 2]

    (run,) = world.until("both tasks run", started)
    for pid, _ in world.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    engine.wait(timeout=30)
    open(go, "w").close()
    resume = ["hwf", "resume", os.path.basename(run), "--runs", runs]
    waiting = world.start(resume, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ended = world.until("the pure task ends again", lambda: look.journal(run, "attempt_ended")[2:])
    assert [(e["place"], e.get("failure")) for e in ended] == [("a", None)], ended
    world.must(["hwf", "doubt", os.path.basename(run), "b", "did-not", "--runs", runs])
    assert waiting.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(run) == {"pure": 2, "effect": 2}, look.outputs(run)


if __name__ == "__main__":
    worlds.main(main)
