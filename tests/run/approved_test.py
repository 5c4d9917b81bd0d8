#!/usr/bin/env python3
"""What a review approved, wherever in an argument it is: the run can be replayed, only the approved content gets to a
task, and an effect that waits for its copy is not started after Ctrl-C."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

record Release { note: String, model: Approved[File] }

task make(size: Int) -> (model: File at "model.bin") {
  run \"\"\" printf weights > ~{out.model}; truncate -s ~{size} ~{out.model} \"\"\"
}
task wait(go: String, after: File) -> (done: Bool at stdout) {
  run \"\"\" while [ ! -e ~{go} ]; do sleep 0.05; done; echo true \"\"\"
}
task one(m: Approved[File], to: String, after: Bool) { run \"\"\" head -c 7 ~{m} >> ~{to}/one \"\"\" }
task list(m: [Approved[File]], to: String, after: Bool) { run \"\"\" head -c 7 ~{m} >> ~{to}/list \"\"\" }
task map(m: [String: Approved[File]], to: String, after: Bool) {
  run \"\"\" head -c 7 ~{m["a"]} >> ~{to}/map \"\"\"
}
task record(m: Release, to: String, after: Bool) { run \"\"\" head -c 7 ~{m.model} >> ~{to}/record \"\"\" }
task optional(m: Approved[File]?, to: String, after: Bool) { run \"\"\" head -c 7 ~{m} >> ~{to}/optional \"\"\" }

workflow w(size: Int, go: String, to: String) -> () {
  let job = make(size)
  let gate = wait(go, after: job.model)
  checkpoint trained { model: job.model }
  let verdict = await review "Publish?" {
    show   trained
    choose approve() grants model | reject
    within 1h else reject
  }
  match verdict {
    approve(model) => {
      one(model, to: to, after: gate.done)
      list([model], to: to, after: gate.done)
      map(["a": model], to: to, after: gate.done)
      record(Release(note: "n", model: model), to: to, after: gate.done)
      optional(model, to: to, after: gate.done)
    }
    reject => {}
  }
}
"""
NAMES = ["list", "map", "one", "optional", "record"]


class Scene:
    def __init__(self, world, name, size):
        self.world, self.runs = world, world.path("runs-" + name)
        self.go, self.to, self.log = world.path("go-" + name), world.path("to-" + name), world.path("log-" + name)
        os.mkdir(self.to)
        command = ["hwf", "run", "approved.hwf", "--size", str(size), "--go", self.go, "--to", self.to]
        with open(self.log, "wb") as log:
            self.engine = world.start(command + ["--runs", self.runs], stdout=log, stderr=subprocess.STDOUT)
        world.until("the review opens", lambda: any(self.events("review_opened")))
        (self.run,) = look.run_directories(self.runs)
        self.name = os.path.basename(self.run)

    def events(self, kind):
        return [e for d in look.run_directories(self.runs) for e in look.journal(d, kind)]

    def approve(self):
        review = self.events("review_opened")[0]["review"]
        self.world.must(["hwf", "review", "answer", self.name, review, "approve", "--runs", self.runs])

    def let_go(self):
        open(self.go, "w").close()

    def end(self, status):
        self.engine.wait(timeout=60 * worlds.SLOW)
        with open(self.log, encoding="utf-8") as log:
            text = log.read()
        assert self.engine.returncode == status, f"exit {self.engine.returncode}, wanted {status}\n{text}"
        return text

    def published(self):
        return sorted(os.listdir(self.to))


def published(world):
    scene = Scene(world, "published", 7)
    scene.approve()
    # A replay in the middle, with the approved values of tasks that have not begun yet.
    scene.engine.send_signal(signal.SIGTERM)
    scene.end(75)
    world.must(["hwf", "status", scene.name, "--runs", scene.runs])
    scene.let_go()
    world.must(["hwf", "resume", scene.name, "--runs", scene.runs])
    assert scene.published() == NAMES, scene.published()
    for name in NAMES:
        with open(os.path.join(scene.to, name), encoding="utf-8") as file:
            text = file.read()
        assert text == "weights", f"{name}: {text}"
    world.must(["hwf", "logs", scene.name, "--runs", scene.runs])


def tampered(world):
    """Evidence that is rewritten between the answer and the start gets to no task."""
    scene = Scene(world, "tampered", 7)
    scene.approve()
    files = [os.path.join(d, f) for d, _, names in os.walk(os.path.join(scene.run, "evidence")) for f in names]
    assert len(files) == 1, files
    os.chmod(files[0], 0o600)
    with open(files[0], "w", encoding="utf-8") as file:
        file.write("WEIGHTS")
    scene.let_go()
    text = scene.end(1)
    assert "what was approved for `m`" in text and "has changed" in text, text
    assert scene.published() == [], scene.published()
    failed = sorted(e["place"] for e in scene.events("attempt_ended") if e.get("failure"))
    assert failed == NAMES, failed


def interrupted(world):
    """Ctrl-C while approved files are being copied: nothing of what waits for them is started."""
    scene = Scene(world, "interrupted", 200 << 20)
    scene.let_go()
    world.until("the gate is open", lambda: [e for e in scene.events("attempt_ended") if e["place"] == "gate"])
    scene.approve()
    scene.engine.send_signal(signal.SIGINT)
    scene.end(75)
    before = len(scene.events("attempt_submitted"))
    assert before < 2 + len(NAMES), "everything was started after Ctrl-C"
    ended = len([e for e in scene.events("attempt_ended")])
    assert ended == before, f"{before} attempts were handed out, {ended} have ended: the engine left them"
    world.must(["hwf", "resume", scene.name, "--runs", scene.runs])
    assert scene.published() == NAMES, scene.published()


def main(world):
    world.write("approved.hwf", SOURCE)
    for part in (published, tampered, interrupted):
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
