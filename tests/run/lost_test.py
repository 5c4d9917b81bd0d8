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

task number(go: String) -> (n: Int at stdout) {
  KIND
  run \"\"\"
    while [ ! -e ~{go} ]; do sleep 0.05; done
    echo ~{attempt}
  \"\"\"
}

workflow w(go: String) -> (n: Int) {
  let a = number(go)
  (n: a.n)
}
"""


def lose(world, kind):
    """Starts the task, kills all that runs, and lets the task go on if it is done again. The run's directory."""
    world.write(f"{kind}.hwf", SOURCE.replace("KIND", "effect" if kind == "effect" else "needs cpus: 1"))
    runs, go = world.path(f"{kind}-runs"), world.path(f"{kind}-go")
    engine = world.start(["hwf", "run", f"{kind}.hwf", "--go", go, "--runs", runs], stderr=subprocess.DEVNULL)

    def started():
        return [d for d in look.run_directories(runs) if look.journal(d, "attempt_started")]

    (run,) = world.until("the task runs", started)
    for pid, _ in world.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    engine.wait(timeout=30)
    open(go, "w").close()
    return run


def resume(run):
    return ["hwf", "resume", os.path.basename(run), "--runs", os.path.dirname(run)]


def main(world):
    pure = lose(world, "pure")
    world.must(resume(pure))
    assert look.outputs(pure) == {"n": 2}, look.outputs(pure)
    assert [e.get("failure") for e in look.journal(pure, "attempt_ended")] == ["node_fail", None]

    effect = lose(world, "effect")
    waiting = world.start(resume(effect), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    world.until("the attempt is lost", lambda: look.journal(effect, "attempt_ended"))
    world.must(["hwf", "doubt", os.path.basename(effect), "a", "did-not", "--runs", os.path.dirname(effect)])
    assert waiting.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(effect) == {"n": 2}, look.outputs(effect)


if __name__ == "__main__":
    worlds.main(main)
