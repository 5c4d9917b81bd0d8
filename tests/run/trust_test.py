#!/usr/bin/env python3
"""Whose results a run takes: one's own, and of those whom it trusts what they share; checked, whatever lies there."""

import grp
import json
import os
import shutil
import stat
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

MAKE = """hwf 1

task make(n: Int) -> (model: File at "model.txt", all: Dir at "all") {
  run \"\"\"
    echo make ~{n} >> SIDE
    echo "model ~{n}" > model.txt
    mkdir -p all/below
    echo "part ~{n}" > all/below/part.txt
  \"\"\"
}
"""

NOW = """
task size(model: File, n: Int) -> (n: Int at stdout) {
  run \"\"\"
    echo size ~{n} >> SIDE
    wc -c < ~{model}
  \"\"\"
}

workflow w(n: Int) -> (n: Int, model: File, all: Dir) {
  let made = make(n)
  let counted = size(made.model, n: n)
  (n: counted.n, model: made.model, all: made.all)
}
"""

LATER = """
workflow w(n: Int) -> (model: File) {
  let call = await review "Go on?" {
    choose yes | no
    within 1s else yes
  }
  let asked = match call {
    yes => n
    no  => 0
  }
  let made = make(asked)
  (model: made.model)
}
"""


class Scene:
    """ana and ben are in the group, eve is not; their runs lie side by side."""

    def __init__(self, world):
        self.world, self.group = world, world.group("g")
        self.ana, self.ben = world.user("ana", [self.group]), world.user("ben", [self.group])
        self.eve = world.user("eve")
        self.runs = world.path("runs")
        os.mkdir(self.runs)
        os.chmod(self.runs, 0o1777)
        self.side = world.write("side", "", 0o666)
        write = lambda name, text: world.write(name, text.replace("SIDE", self.side))  # noqa: E731
        self.now, self.later = write("now.hwf", MAKE + NOW), write("later.hwf", MAKE + LATER)
        self.shared = os.path.join(self.runs, f".cache-{self.ana.uid}.{grp.getgrnam(self.group).gr_gid}")

    def hwf(self, who, *words, status=0, runs=None):
        return self.world.must(["hwf", *words, "--runs", runs or self.runs], status=status, user=who, cwd="/")

    def run(self, who, n, *words):
        """The run's directory, and how many tasks were done in it: each leaves a line."""
        before, lines = set(look.run_directories(self.runs)), self.lines()
        self.hwf(who, "run", self.now, "--n", str(n), *words)
        (run,) = set(look.run_directories(self.runs)) - before
        assert look.outputs(run)["n"] == len(f"model {n}\n"), look.outputs(run)
        return run, self.lines() - lines

    def lines(self):
        return len(self.world.read("side").splitlines())

    def why(self, who, run, task="made"):
        return self.hwf(who, "explain", os.path.basename(run), task).out

    def model(self, run):
        return os.path.join(run, "tasks", "made", "1", "model.txt")

    def newest_log(self):
        return os.path.join(self.shared, max(os.listdir(self.shared)))


def taken(scene):
    """ana's work counts for ben once he says so; not before, and not for who is not in the group."""
    of_ana, done = scene.run(scene.ana, 1, "--share", scene.group)
    assert done == 2
    mode = lambda path: stat.S_IMODE(os.lstat(path).st_mode)  # noqa: E731
    assert mode(scene.shared) == 0o2750 and mode(scene.newest_log()) == 0o640, oct(mode(scene.shared))
    words = ["plan", scene.now, "--n", "1", "--json"]
    for more, expected in (([], None), (["--trust", scene.ana.name], os.path.basename(of_ana))):
        known = scene.hwf(scene.ben, *words, *more).json()["known"]
        assert known[0]["reused_from"] == expected, known
    of_ben, done = scene.run(scene.ben, 1, "--trust", scene.ana.name, "--trust", scene.eve.name)
    assert done == 0
    assert look.outputs(of_ben) == look.outputs(of_ana)
    reused = look.journal(of_ben, "task_reused")
    assert [(e["place"], e["from_run"]) for e in reused] == [(p, os.path.basename(of_ana)) for p in ("made", "counted")], reused
    assert f"run {os.path.basename(of_ana)} of {scene.ana.name} had done the same" in scene.why(scene.ben, of_ben)
    trust = scene.hwf(scene.ben, "status", os.path.basename(of_ben), "--json").json()["trust"]
    assert trust[0] == {"name": scene.ana.name, "uid": scene.ana.uid}, trust
    # What he took is nothing that he has done.
    of_ben, done = scene.run(scene.ben, 1)
    assert done == 2 and "no result of an equal task" in scene.why(scene.ben, of_ben)
    assert scene.run(scene.ben, 1)[1] == 0
    assert scene.run(scene.eve, 1, "--trust", scene.ana.name)[1] == 2, "eve cannot read what the group reads"
    # Her own are one, whomever she shares them with.
    assert scene.run(scene.ana, 1)[1] == 0


def private(scene):
    """What is not shared stays so, also where a shared run takes it later."""
    assert scene.run(scene.ana, 2)[1] == 2
    alone = os.path.join(scene.runs, f".cache-{scene.ana.uid}")
    assert stat.S_IMODE(os.lstat(alone).st_mode) == 0o700
    assert scene.run(scene.ana, 2, "--share", scene.group)[1] == 0
    assert scene.run(scene.ben, 2, "--trust", scene.ana.name)[1] == 2


def changed(scene):
    """Other content counts for nothing, whatever its size and time are."""
    of_ana, _ = scene.run(scene.ana, 3, "--share", scene.group)
    model = scene.model(of_ana)
    info = os.stat(model)
    with open(model, "r+") as file:
        file.write("MODEL 3\n")
    os.utime(model, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert os.stat(model).st_size == info.st_size
    of_ben, done = scene.run(scene.ben, 3, "--trust", scene.ana.name)
    assert done == 1, "size has another result for the same inputs: that of the model as it was"
    why = scene.why(scene.ben, of_ben)
    assert f"of a run of {scene.ana.name} does not count" in why and "model.txt is not what it was" in why, why
    with open(scene.model(of_ben), encoding="utf-8") as file:
        assert file.read() == "model 3\n"


def unreadable(scene):
    of_ana, _ = scene.run(scene.ana, 4, "--share", scene.group)
    os.chmod(scene.model(of_ana), 0o400)
    of_ben, done = scene.run(scene.ben, 4, "--trust", scene.ana.name)
    assert done == 1 and "Permission denied" in scene.why(scene.ben, of_ben), scene.why(scene.ben, of_ben)


def not_hers(scene):
    """A log in ana's directory that is somebody else's, and a directory that is only called as if it was hers."""
    scene.run(scene.ana, 5, "--share", scene.group)
    log = scene.newest_log()
    os.chown(log, scene.eve.uid, -1)
    os.chmod(log, 0o644)
    of_ben, done = scene.run(scene.ben, 5, "--trust", scene.ana.name)
    why = scene.why(scene.ben, of_ben)
    assert done == 2 and f"{os.path.basename(log)} is not {scene.ana.name}'s alone" in why, why
    os.unlink(log)
    called = os.path.join(scene.runs, f".cache-{scene.ana.uid}.4242")
    scene.run(scene.eve, 6)
    (theirs,) = [p for p in os.listdir(scene.runs) if p.startswith(f".cache-{scene.eve.uid}")]
    scene.world.must(["cp", "-r", os.path.join(scene.runs, theirs), called], user=scene.eve)
    scene.world.must(["chmod", "-R", "a+rX", called], user=scene.eve)
    of_ben, done = scene.run(scene.ben, 6, "--trust", scene.ana.name)
    why = scene.why(scene.ben, of_ben)
    assert done == 2 and f"{called} is not {scene.ana.name}'s alone" in why, why
    shutil.rmtree(called)


def records(path):
    with open(path, "rb") as log:
        log.read(16)
        while head := log.read(8):
            yield log.read(struct.unpack("<II", head)[0] & 0x7FFFFFFF).decode()


def outside(scene):
    """Entries, written by ana's hand, whose file lies outside of the run that they name."""
    other, _ = scene.run(scene.ana, 70, "--share", scene.group)
    for n, place in ((7, scene.world.path("outside")), (8, os.path.join(other, "tasks"))):
        of_ana, _ = scene.run(scene.ana, n, "--share", scene.group)
        log = scene.newest_log()
        (made,) = [r for r in records(log) if '"all"' in r]
        key, entry = made.split("\n", 1)
        entry = json.loads(entry)
        target = os.path.join(place, "model.txt")
        os.makedirs(place, exist_ok=True)
        shutil.copy2(scene.model(of_ana), target)
        for path in (place, target):
            os.chown(path, scene.ana.uid, -1)
        entry["outputs"]["model"]["path"] = target
        payload = f"{key}\n{json.dumps(entry)}".encode()
        length = struct.pack("<I", len(payload))
        with open(log, "ab") as out:  # the newest of equal keys counts
            out.write(length + struct.pack("<I", zlib.crc32(length + payload)) + payload)
        of_ben, done = scene.run(scene.ben, n, "--trust", scene.ana.name)
        why = scene.why(scene.ben, of_ben)
        assert done == 1 and f"{target} lies outside of that run" in why, why


def resumed(scene):
    """A run that is resumed trusts whom it trusted when it began."""
    scene.run(scene.ana, 9, "--share", scene.group)
    before, lines = set(look.run_directories(scene.runs)), scene.lines()
    scene.hwf(scene.ben, "run", scene.later, "--n", "9", "--trust", scene.ana.name, "--detach", status=75)
    (run,) = set(look.run_directories(scene.runs)) - before
    assert not look.journal(run, "task_reused")
    scene.hwf(scene.ben, "resume", os.path.basename(run))
    assert len(look.journal(run, "task_reused")) == 1 and scene.lines() == lines


def collected(scene):
    """What gc removes is remembered nowhere; the rest of the group does it again."""
    of_ana, _ = scene.run(scene.ana, 10, "--share", scene.group)
    assert any(p.startswith(os.path.basename(of_ana)) for p in os.listdir(scene.shared))
    scene.hwf(scene.ana, "gc", "--older-than", "0s")
    assert not os.path.exists(of_ana) and not os.listdir(scene.shared), os.listdir(scene.shared)
    assert scene.run(scene.ben, 10, "--trust", scene.ana.name)[1] == 2


def unknown(scene):
    for command in ("run", "plan"):
        said = scene.hwf(scene.ben, command, scene.now, "--n", "1", "--trust", "hwf-nobody-of-that-name", status=2)
        assert "no user of that name" in said.text and "getent" in said.text, repr(said)
    said = scene.hwf(scene.ben, "run", scene.now, "--n", "1", "--trust", "nobody", status=2)
    assert "nobody; name a user" in said.text, repr(said)


def main(world):
    if os.geteuid() != 0:
        worlds.skip("making throwaway users needs root")
    scene = Scene(world)
    for part in (taken, private, changed, unreadable, not_hers, outside, resumed, collected, unknown):
        part(scene)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
