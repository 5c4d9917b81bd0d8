#!/usr/bin/env python3
"""Ctrl-C, TERM and `hwf cancel`: what goes on, what ends, and that nothing lives on after a cancel."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

site here = local(cpus: 1)

# Leaves grandchildren in sessions of their own, which must not outlive a cancel.
task hold(n: Int, go: String) -> (n: Int at stdout) {
  needs cpus: 1
  run \"\"\"
    setsid sleep 1000 &
    while [ ! -e ~{go} ]; do sleep 0.05; done
    echo ~{n}
  \"\"\"
}

workflow w(go: String) -> (all: [Int]) {
  let all = for n in range(4) {
    let h = hold(n, go: go)
    h.n
  }
  (all: all)
}
"""


class Scene:
    def __init__(self, world, number):
        self.world, self.runs, self.go = world, world.path(f"runs{number}"), world.path(f"go{number}")
        command = ["hwf", "run", "stop.hwf", "--go", self.go, "--runs", self.runs]
        self.log = world.path(f"log{number}")
        with open(self.log, "wb") as log:
            self.engine = world.start(command, stdout=log, stderr=subprocess.STDOUT)
        world.until("a task runs", lambda: self.events("attempt_started"))
        (self.run,) = look.run_directories(self.runs)

    def events(self, kind):
        return [e for d in look.run_directories(self.runs) for e in look.journal(d, kind)]

    def end(self, status):
        self.engine.wait(timeout=30 * worlds.SLOW)
        assert self.engine.returncode == status, f"exit {self.engine.returncode}, wanted {status}\n{self.said()}"
        return self.said()

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def resume(self, status=0):
        open(self.go, "w").close()
        return self.world.must(["hwf", "resume", os.path.basename(self.run), "--runs", self.runs], status=status)

    def sleepers(self):
        return [c for _, c in self.world.processes() if c.startswith("sleep 1000")]


def interrupted_once(world):
    """What runs goes on, nothing new starts, and the way on is printed."""
    scene = Scene(world, 1)
    scene.engine.send_signal(signal.SIGINT)
    open(scene.go, "w").close()
    out = scene.end(75)
    assert "hwf resume" in out and "hwf cancel" in out, out
    assert len(scene.events("attempt_started")) == 1, "something new was started"
    scene.resume()
    assert look.outputs(scene.run) == {"all": [0, 1, 2, 3]}
    assert not scene.sleepers()


def interrupted_twice(world):
    scene = Scene(world, 2)
    scene.engine.send_signal(signal.SIGINT)
    # Two signals of one kind that arrive together are one: the second comes when the first was answered.
    world.until("the first is answered", lambda: "again" in scene.said() or "Ctrl-C" in scene.said())
    scene.engine.send_signal(signal.SIGINT)
    scene.end(1)
    world.until("nothing is left", lambda: not scene.sleepers(), 10)
    assert look.journal(scene.run, "cancel_requested")
    assert not look.journal(scene.run, "run_finished")[0]["ok"]


def terminated(world):
    """TERM detaches: the task lives on and is adopted."""
    scene = Scene(world, 3)
    scene.engine.send_signal(signal.SIGTERM)
    scene.end(75)
    assert scene.sleepers(), "the task did not go on"
    scene.resume()
    assert look.outputs(scene.run) == {"all": [0, 1, 2, 3]}
    assert len([e for e in scene.events("attempt_submitted")]) == 4, "an adopted task was run again"


def cancelled(world):
    scene = Scene(world, 4)
    run = os.path.basename(scene.run)
    world.must(["hwf", "cancel", run, "--runs", scene.runs])
    scene.end(1)
    world.until("nothing is left", lambda: not scene.sleepers(), 10)
    # And of a run without an engine: the request waits, and resume carries it out.
    scene = Scene(world, 5)
    scene.engine.send_signal(signal.SIGTERM)
    scene.end(75)
    queued = world.run(["hwf", "cancel", os.path.basename(scene.run), "--runs", scene.runs])
    assert queued.status in (0, 75), repr(queued)
    scene.resume(status=1)
    world.until("nothing is left", lambda: not scene.sleepers(), 10)


def main(world):
    world.write("stop.hwf", SOURCE)
    for part in (interrupted_once, interrupted_twice, terminated, cancelled):
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
