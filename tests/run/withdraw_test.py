#!/usr/bin/env python3
"""`hwf review withdraw`: the owner takes a review back, with and without an engine, in a race with an answer, and nobody else does."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

# `beside` does not hang on the answer; with `needed` the result does.
SOURCE = """hwf 1

task note(text: String) -> (text: String at stdout) {
  effect
  run "printf '%s' ~{text}"
}

workflow w() -> (text: String) {
  let call = await review "Go on?" {
    choose yes(n: Int = 1) | no
    within 1h else no
  }
  let hangs = match call {
    yes(n) => note("yes ~{n}").text
    no     => "no"
  }
  let behind = note("behind ~{hangs}")
  let beside = note("beside")
  (text: RESULT)
}
"""


class Scene:
    def __init__(self, world, name, result, *options):
        self.world = world
        self.runs = world.path("runs")
        self.source = world.write(name + ".hwf", SOURCE.replace("RESULT", result))
        self.options = options

    def start(self, detach=False, **more):
        before = set(look.run_directories(self.runs))
        command = ["hwf", "run", self.source, "--runs", self.runs, *self.options] + (["--detach"] if detach else [])
        engine = self.world.start(command, **more)
        if detach:
            assert engine.wait(timeout=30 * worlds.SLOW) == 75

        def opened():
            new = set(look.run_directories(self.runs)) - before
            return next((d for d in new if look.journal(d, "review_opened")), None)

        self.run = self.world.until("the review opens", opened)
        return engine

    def hwf(self, *words, status=0, **more):
        done = self.world.run(["hwf", *words, "--runs", self.runs], **more)
        assert done.status == status, f"{words}: {done!r}"
        return done

    def withdraw(self, *more, status=0, **how):
        return self.hwf("review", "withdraw", os.path.basename(self.run), "call", *more, status=status, **how)

    def answer(self, *words, status=0):
        return self.hwf("review", "answer", os.path.basename(self.run), "call", *words, status=status)


def skipped_without_failing(world):
    scene = Scene(world, "beside", "beside.text")
    engine = scene.start()
    for bad in ("x" * 501, "two\nlines"):
        assert "--`why`" in scene.withdraw("--why", bad, status=2).text
    # It must be named in which run: what changes something never guesses.
    scene.hwf("review", "withdraw", "call", status=2)
    taken = scene.withdraw("--why", "asked too early", "--json")
    reply = json.loads(taken.out)
    assert reply["outcome"] == "accepted" and reply["run"] == os.path.basename(scene.run), reply
    assert engine.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(scene.run) == {"text": "beside"}
    (event,) = look.journal(scene.run, "review_withdrawn")
    assert event["why"] == "asked too early" and event["person"]["uid"] == os.geteuid(), event
    with open(os.path.join(scene.run, "reviews", "call.json")) as file:
        record = json.load(file)
    assert record["status"] == "withdrawn" and "asked too early" in record["closed_by"], record
    (tasks,) = [scene.hwf("status", os.path.basename(scene.run), "--json").json()["tasks"]]
    assert {t["place"]: t["status"] for t in tasks}["behind"] == "skipped", tasks
    # Whoever comes later is told by whom and why, and nothing can be taken back twice.
    late = scene.answer("yes", status=1)
    assert "asked too early" in late.text and record["closed_by"] in late.text, repr(late)
    assert not look.journal(scene.run, "vote")
    scene.withdraw(status=1)


def hangs_on_it(world):
    scene = Scene(world, "needed", "behind.text")
    engine = scene.start()
    world.until("nothing else runs", lambda: look.journal(scene.run, "attempt_ended"))
    told = scene.withdraw()
    assert "there is no result" in told.text, repr(told)
    assert engine.wait(timeout=30 * worlds.SLOW) == 1
    (end,) = look.journal(scene.run, "run_finished")
    assert not end["ok"] and "`call` was withdrawn: taken back by" in end["why"], end


def races(world):
    # The answer was first: the owner is told. And the other way round, by the same engine.
    scene = Scene(world, "race", "behind.text")
    engine = scene.start()
    scene.answer("yes", "--n", "3")
    assert engine.wait(timeout=30 * worlds.SLOW) == 0
    lost = scene.withdraw(status=1)
    assert "closed with `yes`" in lost.text, repr(lost)
    assert look.outputs(scene.run) == {"text": "behind yes 3"} and not look.journal(scene.run, "review_withdrawn")

    # Both wait for an engine: one of them counts, and the other's owner finds out why not.
    scene.start(detach=True)
    receipts = [json.loads(scene.answer("yes", "--json", status=75).out), json.loads(scene.withdraw("--json", status=75).out)]
    resumed = world.run(["hwf", "resume", os.path.basename(scene.run), "--runs", scene.runs])
    votes, taken = look.journal(scene.run, "vote"), look.journal(scene.run, "review_withdrawn")
    assert len(votes) + len(taken) == 1, (votes, taken)
    assert resumed.status == (0 if votes else 1), repr(resumed)
    replies = []
    for receipt in receipts:
        with open(os.path.join(scene.run, "replies", receipt["request"] + ".json")) as file:
            replies.append(json.load(file))
    assert sorted(r["outcome"] for r in replies) == ["accepted", "refused"], replies
    loser = next(r for r in replies if r["outcome"] == "refused")
    assert "the review is closed" in loser["why"], replies


def survives_kills(world):
    """The engine dies with the request on its way, and again right behind its reply: it is withdrawn, once."""
    scene = Scene(world, "killed", "beside.text")
    engine = scene.start()
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    scene.withdraw("--why", "twice", status=75)
    scene.withdraw("--why", "twice", status=75)
    engine = world.start(["hwf", "resume", os.path.basename(scene.run), "--runs", scene.runs])
    world.until("it is withdrawn", lambda: look.journal(scene.run, "review_withdrawn"))
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    if not look.journal(scene.run, "run_finished"):
        scene.hwf("resume", os.path.basename(scene.run))
    assert look.outputs(scene.run) == {"text": "beside"}
    assert len(look.journal(scene.run, "review_withdrawn")) == 1


def strangers(world):
    if os.geteuid() != 0:
        return print("without root there is no second user to try")
    share = world.group("s")
    ben = world.user("ben", [share])
    scene = Scene(world, "shared", "beside.text", "--share", share)
    engine = scene.start()
    refused = scene.withdraw(status=1, user=ben, cwd="/")
    assert "only the run's owner" in refused.text, repr(refused)
    # Also past the command: straight into the mailbox.
    request = {"v": 1, "run": os.path.basename(scene.run), "kind": "withdraw", "review": "call"}
    name = "A" * 26 + ".json"
    inbox = os.path.join(scene.run, "inbox", name)
    world.must(["sh", "-c", f"umask 022; echo '{json.dumps(request)}' > '{inbox}.tmp' && mv '{inbox}.tmp' '{inbox}'"], user=ben, cwd="/")
    reply = os.path.join(scene.run, "replies", name)
    world.until("it is replied to", lambda: os.path.exists(reply))
    with open(reply) as file:
        assert "only the run's owner" in json.load(file)["why"]
    assert not look.journal(scene.run, "review_withdrawn")
    scene.withdraw()
    assert engine.wait(timeout=30 * worlds.SLOW) == 0


def main(world):
    for case in (skipped_without_failing, hangs_on_it, races, survives_kills, strangers):
        print(case.__name__, flush=True)
        case(world)


if __name__ == "__main__":
    worlds.main(main)
