#!/usr/bin/env python3
"""`dir(…, on: far)`: data that lies at a distant site and stays there. It is looked at there, not read; the calls that
read it go there; what they made of it is reused until a size or a time of it changes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

SITE

task count(corpus: Dir, word: String) -> (n: Int at stdout) {
  on here | far
  run \"\"\"
    echo count >> "$HOME/counted"
    grep -c -e ~{word} ~{corpus}/texts/one
  \"\"\"
}
task listed(corpus: Dir) -> (names: File at stdout) { on far run \"\"\" ls ~{corpus} \"\"\" }

workflow w(corpus: String) -> (n: Int, names: File, corpus: Dir) {
  let data = dir(corpus, on: far)
  let made = count(data, word: "a")
  let list = listed(data)
  (n: made.n, names: list.names, corpus: data)
}
"""

# A record hides from the compiler where the data lies: the run finds out.
ASTRAY = """hwf 1

SITE

task here_only(corpus: Dir) -> (n: Int at stdout) { on here run \"\"\" ls ~{corpus} | wc -l \"\"\" }

workflow w(corpus: String) -> (n: Int) {
  let either = if len(corpus) > 0 { dir(corpus, on: far) } else { dir(".") }
  (n: here_only(either).n)
}
"""


def main(world):
    with ssh_world.far_site(world) as host:
        site = ssh_world.site(host)
        world.write("w.hwf", SOURCE.replace("SITE", site).replace(" on far run", "\n  on far\n  run"))
        world.write("astray.hwf", ASTRAY.replace("SITE", site).replace(" on here run", "\n  on here\n  run"))
        corpus = str(host.home / "the cor'pus")
        host.as_user("mkdir -p \"the cor'pus/texts\"; printf 'a\\nb\\na\\n' > \"the cor'pus/texts/one\"")
        runs = world.path("runs")

        def run(expected):
            world.must(["hwf", "run", "w.hwf", "--runs", runs, "--corpus", corpus], seconds=120)
            newest = max(look.run_directories(runs), key=os.path.getctime)
            (end,) = look.journal(newest, "run_finished")
            assert end["ok"], end
            outputs = end["outputs"]
            assert outputs["n"] == expected, outputs
            assert outputs["corpus"] == {**outputs["corpus"], "path": corpus, "site": "far", "stays": True}, outputs
            with open(outputs["names"]["path"]) as names:
                assert names.read() == "texts\n"
            return newest

        def counted():
            return len(host.as_user("cat counted").splitlines())

        plan = world.must(["hwf", "plan", "w.hwf", "--runs", runs, "--corpus", corpus])
        assert "data: existing directory, which stays at far" in plan.out, plan.out
        assert "near the files that it reads" in plan.out, plan.out
        first = run(2)
        assert {e["site"] for e in look.journal(first, "attempt_submitted")} == {"far"}
        # What came here is what the run gives back; the data itself was copied nowhere.
        stored = sorted(name for _, _, names in os.walk(f"{first}/store") for name in names)
        assert len(stored) == 1 and "one" not in stored, stored
        assert host.as_user(f"find . -name one | wc -l").strip() == "1"

        # Nothing has changed: nothing is done again. Then a byte has.
        run(2)
        assert counted() == 1, counted()
        host.as_user("echo a >> \"the cor'pus/texts/one\"")
        run(3)
        assert counted() == 2, counted()

        # Where it is not.
        gone = world.run(["hwf", "run", "w.hwf", "--runs", runs, "--corpus", corpus + "/none"], seconds=120)
        assert gone.status == 1, gone
        assert "at site `far`: look at" in gone.text and "No such file" in gone.text, gone
        relative = world.run(["hwf", "run", "w.hwf", "--runs", runs, "--corpus", "corpus"], seconds=120)
        assert relative.status == 1 and "is named by its absolute path" in relative.text, relative
        astray = world.run(["hwf", "run", "astray.hwf", "--runs", runs, "--corpus", corpus], seconds=120)
        assert astray.status == 1, astray
        assert f"{corpus} stays at `far`, as its `on:` says" in astray.text, astray


if __name__ == "__main__":
    worlds.main(main)
