#!/usr/bin/env python3
"""What `cmake --install` puts into a directory works there alone: a run in bash and one that imports the Python module."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1
import std.sweep
task spoken(word: String) -> (text: String at stdout) {
  run "printf %s ~{word}"
}
task counted(word: String) -> (n: Int at stdout) {
  checkpoint step(n: Int)
  run python \"\"\"
    import hwf_task
    hwf_task.checkpoint("step", n=1)
    print(len(~{word}))
  \"\"\"
}
workflow w(word: String) -> (text: String, n: Int) {
  let a = spoken(word)
  let b = counted(a.text)
  checkpoint rates { all: spaced(0.0, high: 1.0, n: 3) }
  (text: a.text, n: b.n)
}
"""


def main(world):
    prefix = world.path("there is a space/prefix")
    build = os.path.dirname(world.programs)
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL, timeout=120)
    installed = sorted(os.path.relpath(os.path.join(at, f), prefix) for at, _, files in os.walk(prefix) for f in files)
    others = os.path.join(os.path.dirname(build), "aarch64", "bin")  # what scripts/build-aarch64 has made, if it was called
    tools = [f"bin/{name}-aarch64" for name in ("hwf-runner", "hwf-task") if os.path.exists(f"{others}/{name}-aarch64")]
    listed = json.loads(subprocess.run([f"{prefix}/bin/hwf", "new", "--json"], capture_output=True, text=True, check=True).stdout)
    templates = sorted(f"{each['template']}/{name}" for each in listed for name in each["files"])
    assert "train/train.hwf" in templates, templates
    assert sorted(set(installed) - set(tools)) == [
        "bin/hwf",
        "bin/hwf-runner",
        "bin/hwf-task",
        "bin/hwfc",
        "share/bash-completion/completions/hwf",
        "share/hwf/python/hwf_task.py",
        "share/hwf/std/review.hwf",
        "share/hwf/std/sweep.hwf",
        "share/hwf/std/train.hwf",
        *(f"share/hwf/templates/{name}" for name in templates),
        "share/man/man1/hwf.1",
    ] and set(tools) <= set(installed), installed
    world.env["PATH"] = os.path.join(prefix, "bin") + ":/usr/bin:/bin"
    world.write("w.hwf", PROGRAM)
    world.must(["hwf", "run", "w.hwf", "--word", "été", "--runs", "runs"])
    (run,) = look.run_directories(world.path("runs"))
    assert look.outputs(run) == {"text": "été", "n": 3}, look.outputs(run)
    assert len(look.journal(run, "emission")) == 1
    world.must(["bash", "-n", os.path.join(prefix, "share/bash-completion/completions/hwf")])


if __name__ == "__main__":
    worlds.main(main)
