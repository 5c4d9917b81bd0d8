#!/usr/bin/env python3
"""A run of two machines: files go where they are used, once; a review shows what was made there and the job obeys its
answer; the engine, the connection and the runner there are killed on the way; the results come back here."""

import contextlib
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

SITE

task words(n: Int) -> (text: File at "the text.txt") {
  run \"\"\"
    seq ~{n} > ~{out.text}
  \"\"\"
}
task train(text: File) -> (model: File at "model.bin", lines: Int at stdout) {
  on far
  uses "helper.sh", "parts.py", "sum.py"
  checkpoint step(n: Int, weights: File)
  accept finish(extra: String)
  run \"\"\"
    echo ran >> "$HOME/claims"
    for n in 1 2 3; do
      cat ~{text} > w$n
      echo "$n" >> w$n
      hwf-task checkpoint step n=$n --file weights=w$n
    done
    hwf-task messages --wait > told
    { cat ~{text} told; ./helper.sh; python3 sum.py; } > ~{out.model}
    wc -l < ~{text}
  \"\"\"
}
task publish(model: Approved[File], name: String) {
  on far
  run \"\"\"
    cp ~{model} "$HOME"/~{name}
    echo published >> "$HOME/claims"
  \"\"\"
}
task count(text: File, model: File) -> (n: Int at stdout) {
  run \"\"\"
    cat ~{text} ~{model} | wc -l
  \"\"\"
}
workflow w() -> (model: File, n: Int, lines: Int) {
  let text = words(2000)
  let job = train(text.text)
  watch job.step as e where e.n == 3 {
    let call = await review "Enough at ~{e.n}?" {
      show e.n, e.weights
      choose finish(extra: String)
    }
    match call {
      finish(extra) => send job.finish(extra: extra)
    }
  }
  let verdict = await review "Release it?" {
    show job.model
    choose approve(note: String?) grants model | reject
  }
  match verdict {
    approve(model) => publish(model, name: "released")
    reject => fail "rejected"
  }
  let lines = count(text.text, model: job.model)
  (model: job.model, n: lines.n, lines: job.lines)
}
"""


def kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def review(world, runs, question):
    def found():
        return [r for r in look.open_reviews(world, runs) if question in r["question"]]

    (one,) = world.until(f"the review `{question}`", found, seconds=60)
    return one


def main(world):
    with ssh_world.far_site(world) as host:
        world.write("w.hwf", SOURCE.replace("SITE", ssh_world.site(host)))
        world.write("helper.sh", "#!/bin/bash\necho helped\n", mode=0o755)
        world.write("parts.py", "WORD = 'imported'\n")
        world.write("sum.py", "import parts\nprint(parts.WORD)\n")  # found beside it, as on this machine
        runs = world.path("runs")
        log = open(world.path("run.log"), "w")
        engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=log, stderr=log)
        enough = review(world, runs, "Enough")
        (run,) = look.run_directories(runs)
        name = os.path.basename(run)

        # What the review shows was fetched and frozen here.
        shown = look.journal(run, "review_opened")[0]["evidence"][1]["value"]
        assert shown["path"].startswith(f"{run}/evidence/"), shown
        with open(shown["path"]) as file:
            assert file.read().splitlines()[-2:] == ["2000", "3"]

        # The connection dies, then the engine; the job goes on.
        kill(ssh_world.masters(world))
        engine.send_signal(signal.SIGKILL)
        engine.wait(timeout=30)
        engine = world.start(["hwf", "resume", name, "--runs", runs], stdout=log, stderr=log)
        done = look.answer(world, runs, enough, "finish", "--extra", "more")
        assert done.status in (0, 75), done
        release = review(world, runs, "Release")
        kill(ssh_world.masters(world))
        assert look.answer(world, runs, release, "approve").status in (0, 75)
        status = engine.wait(timeout=120)
        text = world.read("run.log")
        assert status == 0, text

        # Everything ran once and on its site; the output is here and whole.
        assert host.as_user("cat claims") == "ran\npublished\n", host.as_user("cat claims")
        sites = {e["place"]: e["site"] for e in look.journal(run, "attempt_submitted")}
        assert {p.split(".")[-1]: s for p, s in sites.items()} == {
            "text": "here", "job": "far", "publish": "far", "lines": "here"}, sites
        outputs = look.journal(run, "run_finished")[0]["outputs"]
        assert outputs["lines"] == 2000 and outputs["n"] == 4003, outputs
        model = outputs["model"]
        assert model["path"].startswith(f"{run}/store/") and "site" not in model, model
        with open(model["path"]) as file:
            made = file.read()
        assert made.splitlines()[-2:] == ["helped", "imported"] and '"more"' in made.splitlines()[-3], made[-200:]
        assert host.as_user("cat released") == made

        assert world.must(["hwf", "logs", name, "job", "--stdout", "--runs", runs]).out == "2000\n"

        # Each content went there once: the text, the `uses` (together), and the approved copy of the model.
        store = host.as_user("cd \"w o'rk \\\"dir\\\"\"/*/store && find . -type f -not -name '*.pyc' | sort").splitlines()
        assert sorted(os.path.basename(p) for p in store) == ["helper.sh", "model.bin", "parts.py", "sum.py", "the text.txt"], store
        modes = host.as_user("cd \"w o'rk \\\"dir\\\"\"/*/store && find . -type f -not -name '*.pyc' -perm /222")
        assert modes == "", f"what was brought can be written to: {modes}"


if __name__ == "__main__":
    worlds.main(main)
