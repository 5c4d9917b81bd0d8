#!/usr/bin/env python3
"""Tasks that mean harm or are badly wrong: what they can do to the run, and what is told about it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

HEAD = """hwf 1

task fit() -> (n: Int at stdout) {
  checkpoint epoch(n: Int, weights: File?)
  accept     halt()
  RETRY
  run \"\"\"
    SHELL
    echo 3
  \"\"\"
}
"""

WATCHED = (
    HEAD
    + """
workflow w() -> (n: Int) {
  let job = fit()
  (n: job.n)
}
"""
)

GRANTED = (
    HEAD
    + """
task publish(n: Approved[Int]) { run \"\"\" echo published \"\"\" }

workflow w() -> (n: Int) {
  let job = fit()
  checkpoint seed { n: 7 }
  let verdict = await review "Publish?" {
    show   seed
    choose approve() grants n | reject
    by     "root" RULE
    within 3s else reject
  }
  match verdict {
    approve(n) => publish(n)
    reject     => {}
  }
  (n: job.n)
}
"""
)

# Answers the run's own review as soon as it is open, by a file with every member right.
FORGE = """
    cat > forge.py <<'EOF'
    import json, os, time
    run = os.path.realpath(os.path.join(os.environ["HWF_TASK_DIR"], "../../.."))
    for _ in range(500):
        records = [f for f in os.listdir(run + "/reviews") if f.endswith(".json")]
        record = json.load(open(run + "/reviews/" + records[0])) if records else {}
        if record.get("status") == "open": break
        time.sleep(0.02)
    body = {"v": 1, "run": os.path.basename(run), "kind": "answer", "review": records[0][:-5], "form": record["form"],
            "variant": "approve", "fields": {}}
    path = run + "/inbox/" + "f" * 26 + ".json"
    with open(path + ".new", "w") as out: json.dump(body, out)
    os.chmod(path + ".new", 0o600)
    os.rename(path + ".new", path)
    while not os.path.exists(run + "/replies/" + "f" * 26 + ".json"): time.sleep(0.02)
    EOF
    python3 forge.py
""".strip()


class Scene:
    def __init__(self, world, name, shell, program=WATCHED, retry="", rule=""):
        self.world, self.runs = world, world.path(f"runs-{name}")
        text = program.replace("RETRY\n", retry + "\n").replace("SHELL", shell).replace("RULE", rule)
        world.write(f"{name}.hwf", text)
        self.command = ["hwf", "run", f"{name}.hwf", "--runs", self.runs]

    def go(self, status=0):
        self.result = self.world.run(self.command, seconds=60)
        assert self.result.status == status, repr(self.result)
        (self.run,) = look.run_directories(self.runs)
        return self

    def events(self, kind):
        return look.journal(self.run, kind)


def checkpoints_replaced(world):
    """Its checkpoints/ becomes a link to somewhere else: nothing there is read or removed."""
    outside = world.path("outside")
    os.mkdir(outside)
    bait = world.write("outside/bait.json", '{"checkpoint":"epoch","values":{"n":1}}')
    scene = Scene(
        world,
        "replaced",
        f"hwf-task checkpoint epoch n=1\n    rm -rf checkpoints; ln -s {outside} checkpoints\n    sleep 0.3",
    ).go()
    assert os.path.exists(bait), "a file outside the attempt was taken away"
    assert look.outputs(scene.run)["n"] == 3
    assert len(scene.events("emission")) <= 1, scene.events("emission")


def files_outside(world):
    secret = world.write("secret", "not for the record\n", 0o600)
    emit = "printf '{\"checkpoint\":\"epoch\",\"values\":{\"n\":1,\"weights\":{\"file\":\"%s\"}}}' '{0}' > checkpoints/.x; mv checkpoints/.x checkpoints/{1}.json"
    shell = "\n    ".join(
        [
            f"ln -s {secret} checkpoints/link",
            f"ln {secret} checkpoints/second || true",
            emit.replace("{0}", "link").replace("{1}", "a"),
            "sleep 0.3",
            emit.replace("{0}", "../../../../journal").replace("{1}", "b"),
            "sleep 0.3",
            emit.replace("{0}", secret).replace("{1}", "c"),
            "sleep 0.3",
            f"ln -s {secret} checkpoints/d.json",
            "sleep 0.3",
            "mkfifo checkpoints/e.json; mkdir checkpoints/f.json",
            "sleep 0.3",
        ]
    )
    scene = Scene(world, "files", shell).go()
    assert not scene.events("emission"), scene.events("emission")
    assert len(scene.events("emission_refused")) >= 3, scene.events("emission_refused")
    assert os.path.exists(secret)


def flood(world):
    """Ten thousand emissions as fast as it can: told as counts, the newest kept, the job's end not held up."""
    world.write(
        "flood.py",
        "import os\n"
        "for i in range(10000):\n"
        "    p = 'checkpoints/.%06d' % i\n"
        "    with open(p, 'w') as out: out.write('{\"checkpoint\":\"epoch\",\"values\":{\"n\":%d}}' % i)\n"
        "    os.rename(p, 'checkpoints/%06d.json' % i)\n",
    )
    scene = Scene(world, "flood", f"python3 {world.path('flood.py')}").go()
    emissions = scene.events("emission")
    dropped = sum(e["count"] for e in scene.events("emissions_coalesced"))
    assert 0 < len(emissions) < 1000, len(emissions)
    assert len(emissions) + dropped == 10000, f"{len(emissions)} shown and {dropped} counted"
    assert emissions[-1]["values"]["n"] == 9999, emissions[-1]
    assert os.path.getsize(os.path.join(scene.run, "journal")) < 4 << 20


def messages_filled(world):
    """It fills messages/ with what it likes: the message comes all the same, or is said not to have come."""
    program = WATCHED.replace(
        "  (n: job.n)",
        "  watch job.epoch as e { send job.halt() }\n  (n: job.n)",
    )
    shell = "\n    ".join(
        [
            "for i in $(seq 2000); do echo x > messages/junk$i.json; done",
            "mkdir messages/000002.json; ln -s /etc/passwd messages/000003.json",
            "hwf-task checkpoint epoch n=1",
            "until [ -e messages/000001.json ]; do sleep 0.02; done",
        ]
    )
    scene = Scene(world, "messages", shell, program).go()
    assert len(scene.events("message_delivered")) == 1


def forged_answer(world):
    """The run's own account answers as its owner: recorded as unproven where the rule allows it, refused where not."""
    scene = Scene(world, "forged", FORGE, GRANTED, rule="").go()
    votes = scene.events("vote")
    assert len(votes) == 1 and votes[0]["person"].get("level", 1) == 1, votes
    status = world.must(["hwf", "review", "show", os.path.basename(scene.run), votes[0]["review"], "--runs", scene.runs])
    assert "unproven" in status.text, repr(status)
    for number, rule in enumerate(("not starter", "at uid")):
        scene = Scene(world, f"forged{number}", FORGE, GRANTED, rule=rule)
        result = world.run(scene.command, seconds=60)
        runs = look.run_directories(scene.runs)
        assert not any(look.journal(r, "vote") for r in runs), rule
        assert not any(e["place"].startswith("publish") for r in runs for e in look.journal(r, "attempt_submitted")), repr(result)


def runner_killed(world):
    """It kills its own runner. The attempt is lost to it, nothing of it lives on, and a retry does its work."""
    scene = Scene(
        world,
        "killer",
        'if [ "$HWF_ATTEMPT" = 1 ]; then sleep 1000 & kill -KILL $PPID; sleep 1000; fi',
        retry="retry 1 on [node_fail]",
    ).go()
    ends = [e.get("failure") for e in scene.events("attempt_ended")]
    assert ends[0] == "node_fail" and len(ends) == 2, ends
    left = [c for _, c in world.processes() if c.startswith("sleep 1000")]
    assert not left, left
    assert look.outputs(scene.run)["n"] == 3


def main(world):
    wanted = world.arguments
    for part in (checkpoints_replaced, files_outside, flood, messages_filled, forged_answer, runner_killed):
        if wanted and part.__name__ not in wanted:
            continue
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
