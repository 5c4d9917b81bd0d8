#!/usr/bin/env python3
"""Results whose files are on a distant site are reused: what is there is read there and counts while it is what it was."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

SITE

task train(n: Int) -> (model: File at "model.bin", parts: Dir at "parts") {
  on far
  run \"\"\"
    echo train ~{n} >> "$HOME/claims"
    seq ~{n} > ~{out.model}
    mkdir ~{out.parts}; seq 3 > ~{out.parts}/one
  \"\"\"
}
task score(model: File, parts: Dir) -> (n: Int at stdout) {
  run \"\"\"
    cat ~{model} ~{parts}/one | wc -l
  \"\"\"
}
workflow w(n: Int = 1000) -> (n: [Int]) {
  (n: for k in [1, 2] {
    let made = train(n + k)
    score(made.model, parts: made.parts).n
  })
}
"""


def main(world):
    with ssh_world.far_site(world) as host:
        world.write("w.hwf", SOURCE.replace("SITE", ssh_world.site(host)))
        runs = world.path("runs")

        def run(*more):
            world.must(["hwf", "run", "w.hwf", "--runs", runs, *more], seconds=120)
            newest = max(look.run_directories(runs), key=os.path.getctime)
            assert look.outputs(newest) == {"n": [1004, 1005]}, look.outputs(newest)
            return newest

        def trained():
            return sorted(host.as_user("cat claims").splitlines())

        first = run()
        assert trained() == ["train 1001", "train 1002"], trained()

        # Another run: nothing is done again, and what is scored here is not even fetched.
        plan = world.must(["hwf", "plan", "w.hwf", "--runs", runs]).out
        assert "2 reused" in plan or "4 reused" in plan, plan
        assert f"reused from {os.path.basename(first)}, if far still has its files" in plan, plan
        second = run()
        assert trained() == ["train 1001", "train 1002"], trained()
        reused = look.journal(second, "task_reused")
        assert len(reused) == 4 and {e["from_run"] for e in reused} == {os.path.basename(first)}, reused
        assert not os.path.exists(f"{second}/store"), os.listdir(second)

        # One of them has changed, at its old time and of its old length: that one alone is made again.
        model = next(e["outputs"]["model"]["path"] for e in reused if e["outputs"].get("model", {}).get("size", 0) < 3900)
        quoted = "'" + model.replace("'", "'\\''") + "'"
        host.as_user(f"chmod u+w {quoted}; touch -r {quoted} t; printf 9 | dd of={quoted} conv=notrunc 2>/dev/null; touch -r t {quoted}")
        third = run()
        assert len(trained()) == 3, trained()
        assert [e["place"].split(".")[-1] for e in look.journal(third, "attempt_submitted")] == ["made"], trained()

        # Nothing is left of any: all is made again.
        host.as_user("chmod -R u+w *work* 2>/dev/null; rm -rf \"w o'rk \\\"dir\\\"\"/*/tasks")
        run()
        assert len(trained()) == 5, trained()


if __name__ == "__main__":
    worlds.main(main)
