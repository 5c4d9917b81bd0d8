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

site here = local(cpus: 2)
site other = local(cpus: 1)

task near(go: String) -> (word: String at stdout) {
  run \"\"\"
    while [ ! -e ~{go} ]; do sleep 0.02; done
    echo "near ~{attempt}"
  \"\"\"
}
task far(word: String, go: String) -> (word: String at stdout) {
  on other
  run \"\"\"
    while [ ! -e ~{go} ]; do sleep 0.02; done
    echo "far and" ~{word}
  \"\"\"
}

workflow w(go: String) -> (a: String, b: String, c: String) {
  let a = near(go)
  let b = far("alone", go: go)
  let c = far(a.word, go: go)
  (a: a.word, b: b.word, c: c.word)
}
"""


def main(world):
    world.write("w.hwf", SOURCE)
    runs, go = world.path("runs"), world.path("go")
    engine = world.start(["hwf", "run", "w.hwf", "--go", go, "--runs", runs], stdout=subprocess.DEVNULL)

    def started():
        return [d for d in look.run_directories(runs) if len(look.journal(d, "attempt_started")) == 2]

    (run,) = world.until("a task runs on each site", started, seconds=120)
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=30)
    open(go, "w").close()
    name = os.path.basename(run)
    world.must(["hwf", "resume", name, "--runs", runs])
    assert look.outputs(run) == {"a": "near 1", "b": "far and alone", "c": "far and near 1"}, look.outputs(run)
    sites = {e["place"]: e["site"] for e in look.journal(run, "attempt_submitted")}
    assert sites == {"a": "here", "b": "other", "c": "other"}, sites
    assert len(look.journal(run, "attempt_submitted")) == 3, "an attempt was submitted twice"
    for place, text in {"a": "near 1\n", "b": "far and alone\n", "c": "far and near 1\n"}.items():
        assert world.must(["hwf", "logs", name, place, "--stdout", "--runs", runs]).out == text
    claims = [e for e in look.events(f"{run}/agents/other/log") if e["kind"] == "claimed"]
    assert sorted(e["place"] for e in claims) == ["b", "c"], claims


if __name__ == "__main__":
    worlds.main(main)
