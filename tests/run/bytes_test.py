#!/usr/bin/env python3
"""Bytes that are no text, in all places where they come from outside: the run tells of them and can be read afterwards."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

TASK = """hwf 1

task t(text: String) -> (n: Int at stdout) {
  checkpoint epoch(n: Int)
  SETTINGS
  run \"\"\"
    SHELL
  \"\"\"
}

workflow w(text: String = "") -> (n: Int) {
  let a = t(text)
  (n: a.n)
}
"""


class Scene:
    def __init__(self, world, name, shell, settings="", text=TASK):
        self.world, self.runs = world, world.path(f"runs-{name}")
        world.write(f"{name}.hwf", text.replace("SHELL", shell).replace("SETTINGS\n", settings + "\n"))
        self.command = ["hwf", "run", f"{name}.hwf", "--runs", self.runs]

    def go(self, status):
        """Runs it, and reads its record in all ways."""
        result = self.world.run(self.command, seconds=60)
        assert result.status == status, repr(result)
        assert look.run_directories(self.runs), repr(result)
        (self.run,) = look.run_directories(self.runs)
        name = os.path.basename(self.run)
        for command in (["status", name], ["logs", "--events", name], ["resume", name]):
            again = self.world.run(["hwf", *command, "--runs", self.runs])
            assert again.status in (0, 1) and "ncoding" not in again.text, repr(again)
        return result

    def events(self, kind):
        return look.journal(self.run, kind)


def errors(world):
    """A failing task's last words are cut inside a character, or are no text at all."""
    shells = {
        "progress": "python3 -c 'import sys; sys.stderr.write(\"\\\\r\".join(\"█\" * n for n in range(60)))'; exit 3",
        "binary": "printf 'a\\377b\\n' >&2; exit 3",
        "noise": "head -c 5000 /dev/zero | tr '\\0' '\\200' >&2; exit 3",
        "killed": "printf '█\\342\\226' >&2; kill -9 $$",
    }
    for name, shell in shells.items():
        scene = Scene(world, name, shell, "retry 1 on [exit, signal]")
        result = scene.go(1)
        ends = scene.events("attempt_ended")
        assert len(ends) == 2, ends
        if name == "progress":
            assert "█" in result.out and "\ufffd" not in ends[0]["message"], ends[0]
        else:
            assert "\ufffd" in ends[0]["message"], ends[0]


def emission_names(world):
    shell = (
        "echo '{\"checkpoint\":\"epoch\",\"values\":{\"n\":1}}' > .x; cp .x $'checkpoints/a\\377.json';"
        " mv .x checkpoints/b.json; echo 3"
    )
    scene = Scene(world, "names", shell)
    scene.go(0)
    (refused,) = scene.events("emission_refused")
    assert "UTF-8" in refused["why"] and refused["file"] == "a\ufffd.json", refused
    assert len(scene.events("emission")) == 1


def output_names(world):
    text = TASK.replace("(n: Int at stdout)", '(files: [File] at "*.txt")').replace(") -> (n: Int)", ") -> (n: [File])")
    scene = Scene(world, "outputs", "touch a.txt $'\\377b.txt'", text=text.replace("a.n", "a.files"))
    scene.go(1)
    (end,) = scene.events("attempt_ended")
    assert end["failure"] == "output" and "/\ufffdb.txt is not UTF-8" in end["message"], end


def deep_output(world):
    shell = "python3 -c 'print(\"[\" * 127 + \"]\" * 127)'"
    scene = Scene(world, "deep", shell)
    result = scene.go(1)
    assert "nested deeper than 100" in result.text, repr(result)


def command_lines(world):
    scene = Scene(world, "words", "echo 3")
    for more in (["--text", b"\xff"], [b"--text=\xe2\x96"], ["--runs", os.fsencode(world.dir) + b"/r\xff"]):
        result = world.run(scene.command + more)
        assert result.status == 2 and "UTF-8" in result.text, repr(result)
    place = os.fsencode(world.dir) + b"/here\xff"
    os.mkdir(place)
    result = world.run(["hwf", "run", "../words.hwf"], cwd=place)
    assert result.status == 2 and "UTF-8" in result.text, repr(result)
    assert not look.run_directories(scene.runs)


def main(world):
    wanted = world.arguments
    for part in (errors, emission_names, output_names, deep_output, command_lines):
        if wanted and part.__name__ not in wanted:
            continue
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
