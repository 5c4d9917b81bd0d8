#!/usr/bin/env python3
"""Answers signed with a real SSH key: what a signature proves, from whichever account it comes, and that it counts once."""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow w() -> (text: String) {
  let call = await review "Which rate?" {
    choose set(rate: Float in 0.1..1.0) | stop
    by     "board" quorum 2 not starter at uid
    within 1h else stop
  }
  let text = match call {
    set(rate) => "rate ~{rate}"
    stop      => "stopped"
  }
  (text: text)
}
"""


class Scene:
    def __init__(self, world, carrier=None, group=None):
        self.world, self.carrier = world, carrier
        self.home = world.path("signed" if carrier is None else "carried")
        os.mkdir(self.home)
        self.runs = os.path.join(self.home, ".hwf", "runs")
        os.makedirs(self.runs)
        people = []
        for name in ("ana", "ben", "eve"):
            key = os.path.join(self.home, name)
            world.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key])
            with open(key + ".pub", encoding="utf-8") as public:
                if name != "eve":
                    people.append({"name": name, "groups": ["board"], "keys": [public.read().strip()]})
            if carrier:
                os.chown(key, carrier.uid, carrier.gid)
        with open(os.path.join(self.home, ".hwf", "people"), "w", encoding="utf-8") as out:
            json.dump({"v": 1, "people": people}, out)
        os.chmod(os.path.join(self.home, ".hwf", "people"), 0o644)
        command = ["hwf", "run", world.path("sign.hwf"), "--runs", self.runs]
        self.engine = world.start(command + (["--share", group] if group else []))

        def opened():
            return next((d for d in look.run_directories(self.runs) if look.journal(d, "review_opened")), None)

        self.run = world.until("the review opens", opened)
        self.review = look.journal(self.run, "review_opened")[0]["review"]

    def answer(self, key, name, rate):
        command = ["hwf", "review", "answer", os.path.basename(self.run), self.review, "set", "--rate", rate]
        command += ["--runs", self.runs] + (["--sign", os.path.join(self.home, key), "--as", name] if key else [])
        return self.world.run(command, user=self.carrier, cwd="/" if self.carrier else None)

    def votes(self):
        return look.journal(self.run, "vote")

    def put(self, letter, body):
        """A request written into the inbox by hand; its reply."""
        name = letter * 26 + ".json"
        path = os.path.join(self.run, "inbox", name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            json.dump(body, out)
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)
        reply = os.path.join(self.run, "replies", name)
        self.world.until("the reply comes", lambda: os.path.exists(reply))
        with open(reply, encoding="utf-8") as file:
            return json.load(file)

    def signed(self, letter, key, name, rate, **changes):
        """An answer signed as docs/architecture.md says, by ssh-keygen alone; `changes` come after the signing."""
        with open(os.path.join(self.run, "reviews", self.review + ".json"), encoding="utf-8") as file:
            form = json.load(file)["form"]
        body = {"v": 1, "run": os.path.basename(self.run), "kind": "answer", "review": self.review, "form": form}
        body.update({"variant": "set", "fields": {"rate": rate}})
        text = self.world.path("text")
        with open(text, "w", encoding="utf-8") as out:
            out.write(json.dumps(dict(body, id=letter * 26), separators=(",", ":")))
        if os.path.exists(text + ".sig"):
            os.unlink(text + ".sig")
        self.world.must(["ssh-keygen", "-q", "-Y", "sign", "-n", "hwf-answer", "-f", os.path.join(self.home, key), text])
        with open(text + ".sig", encoding="utf-8") as file:
            body.update({"signature": file.read(), "signer": name})
        return dict(body, **changes)


def same_account(world):
    scene = Scene(world)
    # Without a signature the run's own account is nobody here; neither is a key that nobody knows, nor another's.
    for wrong in (scene.answer(None, None, "0.5"), scene.answer("eve", "eve", "0.5"), scene.answer("eve", "ana", "0.5")):
        assert wrong.status == 1 and "refused" in wrong.text, repr(wrong)
    assert not scene.votes()
    first = scene.signed("1", "ana", "ana", 0.5)
    accepted = scene.put("1", first)
    assert accepted["outcome"] == "accepted", accepted
    (vote,) = scene.votes()
    assert vote["person"]["name"] == "ana" and vote["person"]["level"] == 2, vote
    assert vote["person"]["proof"] == "ssh-signature", vote
    # ana changes her mind; whoever kept her first answer cannot send it again, under its own id or another.
    changed = scene.answer("ana", "ana", "0.7")
    assert changed.status == 0, repr(changed)
    assert scene.put("2", first)["outcome"] == "refused"
    os.unlink(os.path.join(scene.run, "replies", "1" * 26 + ".json"))
    scene.put("1", first)
    # What was signed is what counts: nothing in it can be changed.
    assert scene.put("3", scene.signed("3", "ana", "ana", 0.5, fields={"rate": 0.9}))["outcome"] == "refused"
    assert scene.put("4", scene.signed("4", "ana", "ana", 0.5, signer="ben"))["outcome"] == "refused"
    assert [v["fields"]["rate"] for v in scene.votes()] == [0.5, 0.7], scene.votes()
    decided = scene.answer("ben", "ben", "0.7")
    assert decided.status == 0 and "decides" in decided.text, repr(decided)
    assert scene.engine.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(scene.run) == {"text": "rate 0.7"}


def another_account(world):
    """Somebody else carries what ana and ben have signed."""
    share = world.group("g")
    carrier = world.user("carrier", [share])
    scene = Scene(world, carrier, share)
    unsigned = scene.answer(None, None, "0.5")
    assert unsigned.status == 1, repr(unsigned)
    for name in ("ana", "ben"):
        result = scene.answer(name, name, "0.5")
        assert result.status == 0, repr(result)
    assert scene.engine.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(scene.run) == {"text": "rate 0.5"}
    people = [(v["person"]["name"], v["person"]["level"], v["person"]["proof"]) for v in scene.votes()]
    assert people == [("ana", 2, "ssh-signature"), ("ben", 2, "ssh-signature")], people


def main(world):
    if not shutil.which("ssh-keygen"):
        worlds.skip("ssh-keygen is not installed")
    world.write("sign.hwf", SOURCE)
    same_account(world)
    print("same_account ok", flush=True)
    if os.geteuid() != 0:
        print("another_account skipped: making throwaway users needs root")
        return
    another_account(world)


if __name__ == "__main__":
    worlds.main(main)
