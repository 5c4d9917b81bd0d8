#!/usr/bin/env python3
"""Who may answer, with real accounts: three throwaway users, two groups, a run that one of them owns."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task note(text: String) -> (text: String at stdout) {
  run \"\"\"
    printf '%s' ~{text}
  \"\"\"
}

workflow w() -> (text: String) {
  let call = await review "Which rate?" {
    choose set(rate: Float in 0.1..1.0) | stop
    by     "TEAM" not starter at uid
    within 1h else stop
  }
  let text = match call {
    set(rate) => "rate ~{rate}"
    stop      => "stopped"
  }
  let n = note(text)
  (text: n.text)
}
"""


class Scene:
    """owner (in share) runs; ana (in share and team) may answer; ben (in share) may look; eve is a stranger."""

    def __init__(self, world):
        self.world = world
        self.share, self.team = world.group("s"), world.group("t")
        self.owner = world.user("owner", [self.share])
        self.ana = world.user("ana", [self.share, self.team])
        self.ben = world.user("ben", [self.share])
        self.eve = world.user("eve")
        self.home = world.path("owner")
        os.mkdir(self.home)
        os.chown(self.home, self.owner.uid, self.owner.gid)
        os.chmod(self.home, 0o755)
        self.runs = os.path.join(self.home, "runs")
        self.source = world.write("people.hwf", SOURCE.replace("TEAM", self.team))
        self.number = 0

    def start(self, umask=0o077, detach=False):
        """A run with its review open; the engine lives on unless detached."""
        command = ["hwf", "run", self.source, "--runs", self.runs, "--share", self.share]
        before = set(look.run_directories(self.runs))
        self.log = open(self.world.path(f"engine{self.number}.log"), "wb")
        self.number += 1
        engine = self.world.start(
            command + (["--detach"] if detach else []), user=self.owner, cwd=self.home, umask=umask, stdout=self.log, stderr=self.log
        )
        if detach:
            assert engine.wait(timeout=30 * worlds.SLOW) == 75

        def opened():
            new = set(look.run_directories(self.runs)) - before
            return next((d for d in new if look.journal(d, "review_opened")), None)

        self.run = self.world.until("the review opens", opened)
        self.id = look.journal(self.run, "review_opened")[0]["review"]
        return engine

    def answer(self, who, choice="set", *fields):
        command = ["hwf", "review", "answer", os.path.basename(self.run), self.id, choice, *fields, "--runs", self.runs]
        return self.world.run(command, user=who, cwd="/", umask=0o077)

    def votes(self):
        return look.journal(self.run, "vote")

    def finish(self, engine):
        assert engine.wait(timeout=60 * worlds.SLOW) == 0, open(self.log.name).read()
        return look.outputs(self.run)


def refused(result, *words):
    assert result.status == 1, f"expected a refusal: {result!r}"
    for word in words:
        assert word in result.text, f"`{word}` is not in the message: {result!r}"
    return result


def entitled_and_stranger(scene):
    engine = scene.start()
    # Another account of the machine that cannot even reach the run.
    stranger = scene.answer(scene.eve, "set", "--rate", "0.5")
    assert stranger.status != 0, repr(stranger)
    # May look, may not answer: not in the team.
    refused(scene.answer(scene.ben, "set", "--rate", "0.5"), scene.team)
    listed = scene.world.run(["hwf", "review", "list", "--runs", scene.runs], user=scene.ben, cwd="/")
    assert "Which rate?" in listed.out, repr(listed)
    resumed = scene.world.run(["hwf", "resume", scene.run], user=scene.ben, cwd="/")
    refused(resumed, f"only {scene.owner.name} can go on")
    # The owner started it, and `not starter at uid` excludes them.
    refused(scene.answer(scene.owner, "set", "--rate", "0.5"))
    assert not scene.votes(), "a refused answer was recorded as a vote"
    # Out of range, unknown choice, unknown field: before anything is sent.
    out_of_range = scene.answer(scene.ana, "set", "--rate", "7")
    assert out_of_range.status in (1, 2) and "1.0" in out_of_range.text, repr(out_of_range)
    assert scene.answer(scene.ana, "set", "--rate", "fast").status in (1, 2)
    assert scene.answer(scene.ana, "set", "--speed", "1").status in (1, 2)
    assert scene.answer(scene.ana, "set").status in (1, 2)
    assert scene.answer(scene.ana, "perhaps").status in (1, 2)
    good = scene.answer(scene.ana, "set", "--rate", "0.5")
    assert good.status == 0, repr(good)
    assert scene.finish(engine) == {"text": "rate 0.5"}
    (vote,) = scene.votes()
    assert vote["person"]["uid"] == scene.ana.uid and vote["person"]["level"] == 2, vote
    # The same answer again is fine; a different one comes too late, and is told who decided.
    again = scene.answer(scene.ana, "set", "--rate", "0.5")
    assert again.status in (0, 1), repr(again)
    refused(scene.answer(scene.ana, "set", "--rate", "0.9"), scene.ana.name)
    assert len(scene.votes()) == 1


def queued_without_engine(scene):
    """The engine is away: the answer waits in the mailbox, owned by who wrote it, and counts at the next wake."""
    scene.start(detach=True)
    scene.world.until("the engine is gone", lambda: not engines(scene.world))
    queued = scene.answer(scene.ana, "set", "--rate", "0.25")
    assert queued.status in (0, 75), repr(queued)
    assert "queued" in queued.text, repr(queued)
    assert not scene.votes()
    command = ["hwf", "resume", os.path.basename(scene.run), "--runs", scene.runs]
    resumed = scene.world.run(command, user=scene.owner, cwd=scene.home)
    assert resumed.status == 0, repr(resumed)
    assert look.outputs(scene.run) == {"text": "rate 0.25"}
    (vote,) = scene.votes()
    assert vote["person"]["uid"] == scene.ana.uid and vote["person"]["proof"] == "file", vote


ESCALATED = """hwf 1
workflow w() -> (text: String) {
  let call = await review "Go?" {
    choose yes | no
    by     "TEAM" at uid
    within 1h escalate 1s to "BEN" else no
  }
  (text: match call { yes => "yes", no => "no" })
}
"""


def escalated_without_engine(scene):
    """Whom an escalation asks may answer from its time on, also while no engine is there to note that it came."""
    source, scene.source = scene.source, scene.world.write("escalated.hwf", ESCALATED.replace("TEAM", scene.team).replace("BEN", scene.ben.name))
    scene.start(detach=True)
    scene.source = source
    scene.world.until("the engine is gone", lambda: not engines(scene.world))
    opened = look.journal(scene.run, "review_opened")[0]["t"]
    scene.world.until("the escalation is due", lambda: time.time() * 1000 > opened + 1000)
    queued = scene.answer(scene.ben, "yes")
    assert "queued" in queued.text, repr(queued)
    scene.world.must(["hwf", "resume", scene.run], user=scene.owner, cwd=scene.home)
    assert look.outputs(scene.run) == {"text": "yes"}
    kinds = [e["kind"] for e in look.journal(scene.run)]
    assert kinds.index("clock_fired") < kinds.index("vote"), kinds


def forged_files(scene):
    """Files put into the mailbox by hand. Only ana's own, regular, closed to others, once linked, counts."""
    scene.start(detach=True)
    scene.world.until("the engine is gone", lambda: not engines(scene.world))
    inbox = os.path.join(scene.run, "inbox")
    form = json.load(open(os.path.join(scene.run, "reviews", scene.id + ".json")))["form"]
    body = {"v": 1, "run": os.path.basename(scene.run), "kind": "answer", "review": scene.id, "form": form}
    body.update({"variant": "set", "fields": {"rate": 0.9}})

    # Readable by the engine, as the command writes them: each is refused for what is wrong with it, not as unreadable.
    def put(letter, user, mode=0o644, **changes):
        path = os.path.join(inbox, letter * 26 + ".json")
        with open(path, "w") as out:
            json.dump(dict(body, **changes), out)
        os.chown(path, user.uid, user.gid)
        os.chmod(path, mode)
        return path

    put("0", scene.owner)  # of the run's own account: as its tasks could
    put("1", scene.ben)
    put("2", scene.ana, 0o666)  # anyone may have written it
    put("3", scene.ana, 0o664)
    target = put("4", scene.ana)
    elsewhere = os.path.join(scene.home, "target.json")
    os.rename(target, elsewhere)
    os.symlink(elsewhere, target)
    linked = put("5", scene.ana)
    os.link(linked, os.path.join(scene.home, "second-name.json"))
    put("6", scene.ana, form="0" * len(form))  # of another question
    put("7", scene.ana, run="another")
    put("8", scene.ana, fields={"rate": 5.0})
    put("9", scene.ana, fields={"rate": "0.5"})
    put("a", scene.ana, variant="perhaps")
    os.mkdir(os.path.join(inbox, "b" * 26 + ".json"))
    os.mkfifo(os.path.join(inbox, "c" * 26 + ".json"))
    with open(put("d", scene.ana), "w") as out:
        out.write(json.dumps(body)[:-1] + " " * 70000 + "}")
    with open(put("e", scene.ana), "w") as out:
        out.write('{"v":1,')
    command = ["hwf", "resume", os.path.basename(scene.run), "--once", "--runs", scene.runs]
    resumed = scene.world.run(command, user=scene.owner, cwd=scene.home)
    assert resumed.status == 75, repr(resumed)
    assert not scene.votes(), f"a forged answer counted: {scene.votes()}"
    refused_now = os.listdir(os.path.join(scene.run, "refused"))
    assert len(refused_now) >= 12, f"refused: {sorted(refused_now)}"
    unreadable = [r for r in replies(scene) if "Permission denied" in r["why"]]
    assert not unreadable, f"refused, but not for what is wrong with them: {unreadable}"
    # Who left an answer while nobody was there sees what became of it.
    shown = scene.world.must(["hwf", "review", "show", scene.run, scene.id], user=scene.ana, cwd="/").out
    assert f"refused: set by {scene.ana.name}: " in shown and f"refused: set by {scene.ben.name}: " in shown, shown
    good = scene.answer(scene.ana, "set", "--rate", "0.75")
    assert good.status in (0, 75), repr(good)
    resumed = scene.world.run(command, user=scene.owner, cwd=scene.home)
    assert resumed.status == 0, repr(resumed)
    assert look.outputs(scene.run) == {"text": "rate 0.75"}


def replies(scene):
    directory = os.path.join(scene.run, "replies")
    return [json.load(open(os.path.join(directory, name))) for name in os.listdir(directory)]


def engines(world):
    return [c for _, c in world.processes() if c.split(" ")[0].endswith("hwf")]


def not_shared(world, scene):
    """Without --share nobody else sees anything; a run whose people cannot answer is refused before it starts."""
    private = os.path.join(scene.home, "private")
    command = ["hwf", "run", scene.source, "--runs", private]
    result = world.run(command, user=scene.owner, cwd=scene.home)
    assert result.status == 3 and "--share" in result.text, repr(result)
    assert not [name for name in os.listdir(private) if name[0] != "."], "a run began that nobody can answer"


def main(world):
    if os.geteuid() != 0:
        worlds.skip("making throwaway users needs root")
    scene = Scene(world)
    for part in (entitled_and_stranger, queued_without_engine, escalated_without_engine, forged_files):
        part(scene)
        print(part.__name__, "ok", flush=True)
    not_shared(world, scene)


if __name__ == "__main__":
    worlds.main(main)
