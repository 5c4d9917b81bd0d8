#!/usr/bin/env python3
"""`on here | far`: a call goes where the files that it reads were made, on a machine reached over SSH; `hwf plan` says so
before anything runs. The files of a record come together there."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

import "sites.hwf"

task take(n: Int) -> (image: File) {
  on far
  run \"\"\" echo "image ~{n}" > ~{out.image} \"\"\"
}
task sharpen(image: File) -> (image: File) {
  on here | far
  run \"\"\" tr a-z A-Z < ~{image} > ~{out.image} \"\"\"
}
task count(image: File) -> (bytes: Int at stdout) {
  on here | far
  run \"\"\" wc -c < ~{image} \"\"\"
}
record Pair { one: File, two: File }
task together(pair: Pair) -> (names: String at stdout) {
  on far
  run \"\"\" ls "$(dirname ~{pair.one})" | tr '\\n' ' '; cat ~{pair.one} ~{pair.two} > /dev/null \"\"\"
}
task told(text: String) -> (text: File at "told.txt") {
  on here
  run \"\"\" echo ~{text} > ~{out.text} \"\"\"
}
task guess(n: Int) -> (n: Int at stdout) {
  on here | far
  run \"\"\" echo ~{n} \"\"\"
}

workflow w() -> (bytes: Int, n: Int, names: String) {
  let taken = take(1)
  let sharp = sharpen(taken.image)
  let size  = count(sharp.image)
  let other = guess(3)
  let here  = told("x")
  let both  = together(Pair(one: here.text, two: taken.image))
  (bytes: size.bytes, n: other.n, names: both.names)
}
"""


def main(world):
    with ssh_world.far_site(world) as host:
        world.write("w.hwf", SOURCE)
        world.write("sites.hwf", "hwf 1\n\n" + ssh_world.site(host) + "\n")
        runs = world.path("runs")
        calls = {c["name"]: c for c in world.must(["hwf", "plan", "w.hwf", "--json", "--runs", runs]).json()["calls"]}
        assert {name: call["site"] for name, call in calls.items()} == {
            "taken": "far", "sharp": "far", "size": "far", "other": "here", "here": "here", "both": "far"}, calls
        assert calls["sharp"]["why"] == "near the files that it reads", calls["sharp"]
        assert {name for name, call in calls.items() if call["moves"]} == {"both"}, calls

        world.must(["hwf", "run", "w.hwf", "--runs", runs])
        (run,) = look.run_directories(runs)
        assert look.outputs(run) == {"bytes": 8, "n": 3, "names": "image told.txt "}, look.outputs(run)
        sites = {e["place"]: e["site"] for e in look.journal(run, "attempt_submitted")}
        assert sites == {name: call["site"] for name, call in calls.items()}, sites


if __name__ == "__main__":
    worlds.main(main)
