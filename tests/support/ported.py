"""A port of examples/ported in a test's world: its run, and what its README.md says that the compiler refuses."""

import os
import shutil

import runs as look
import world as worlds

PORTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "ported")


def need(*commands):
    """Skips the test where one of these commands is missing."""
    for command in commands:
        if shutil.which(command, path="/usr/bin:/bin") is None:
            worlds.skip(f"{command} is not installed")


class Port:
    def __init__(self, world, name):
        self.world, self.name, self.source = world, name, f"{name}.hwf"
        shutil.copytree(os.path.join(PORTS, name), world.dir, dirs_exist_ok=True)
        self.readme = world.read("README.md")

    def run(self, *options, runs="runs", decide=None, seconds=120):
        """Runs it with its owner answering by `decide`; the directory of the run, which is the newest of `runs`."""
        command = ["hwf", "run", self.source, *options, "--runs", self.world.path(runs)]
        if decide is None:
            self.world.must(command, seconds=seconds)
        else:
            with look.Answerer(self.world, self.world.path(runs), decide):
                self.world.must(command, seconds=seconds)
        return look.run_directories(self.world.path(runs))[-1]

    def refuses(self, *changes):
        """`hwfc check` refuses the port with these changes, in the words that README.md shows."""
        text = self.world.read(self.source)
        for old, new in changes:
            assert text.count(old) == 1, f"{self.source} has {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        os.makedirs(self.world.path("broken"), exist_ok=True)
        shutil.copytree(os.path.join(PORTS, self.name), self.world.path("broken"), dirs_exist_ok=True)
        self.world.write(f"broken/{self.source}", text)
        checked = self.world.must(["hwfc", "check", self.source], status=1, cwd=self.world.path("broken"))
        assert checked.text in self.readme, f"README.md does not show what is printed:\n{checked.text}"


def file_output(run, name):
    """The path of an output of the finished run that is a file."""
    return look.journal(run, "run_finished")[0]["outputs"][name]["path"]


def done(run, task):
    """The places of this task that the run did itself, without those that it took from an earlier run."""
    return sorted({e["place"] for e in look.journal(run, "attempt_ended") if e["place"].split(".")[-1] == task})
