#!/usr/bin/env python3
"""A run of several sites: each task goes to its own, also when the engine has died in between; each site has an agent."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

site here = local(cpus: 1)
site other = local(cpus: 1)

task far(word: String, go: String) -> (word: String at stdout) {
  on other
  run \"\"\"
    while [ ! -e ~{go} ]; do sleep 0.02; done
    echo "far and" ~{word}
  \"\"\"
}
task near(word: String) -> (word: String at stdout) {
  run \"\"\"
    echo "near and" ~{word}
  \"\"\"
}

workflow w(go: String) -> (word: String) {
  let a = far("nothing", go: go)
  let b = near(a.word)
  let c = far(b.word, go: go)
  (word: c.word)
}
"""
TEXTS = {"a": "far and nothing", "b": "near and far and nothing", "c": "far and near and far and nothing"}


def main(world):
    world.write("w.hwf", SOURCE)
    runs, go = world.path("runs"), world.path("go")
    engine = world.start(["hwf", "run", "w.hwf", "--go", go, "--runs", runs], stdout=subprocess.DEVNULL)

    def started():
        return [d for d in look.run_directories(runs) if look.journal(d, "attempt_started")]

    (run,) = world.until("the first task runs", started, seconds=120)
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=30)
    open(go, "w").close()
    name = os.path.basename(run)
    world.must(["hwf", "resume", name, "--runs", runs])
    assert look.outputs(run) == {"word": TEXTS["c"]}, look.outputs(run)
    sites = {e["place"]: e["site"] for e in look.journal(run, "attempt_submitted")}
    assert sites == {"a": "other", "b": "here", "c": "other"}, sites
    assert len(look.journal(run, "attempt_submitted")) == 3, "an attempt was submitted twice"
    for place, text in TEXTS.items():
        assert world.must(["hwf", "logs", name, place, "--stdout", "--runs", runs]).out == text + "\n"
    claims = [e for e in look.events(f"{run}/agents/other/log") if e["kind"] == "claimed"]
    assert sorted(e["place"] for e in claims) == ["a", "c"], claims


if __name__ == "__main__":
    worlds.main(main)
