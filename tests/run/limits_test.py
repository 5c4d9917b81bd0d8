#!/usr/bin/env python3
"""Values that are too large for a record of the journal: what made them fails, and the run ends and can be read."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

BIG = """hwf 1

task big(n: Int) -> (text: String at stdout) { run \"\"\" head -c ~{n} /dev/zero | tr '\\0' x \"\"\" }
"""
THREE = "  let a = big(6500000)\n  let b = big(6500001)\n  let c = big(6500002)\n"

RESULT = BIG + "\nworkflow w() -> (a: String, b: String, c: String) {\n" + THREE + "  (a: a.text, b: b.text, c: c.text)\n}\n"

REVIEW = (
    BIG
    + "\nworkflow w() -> (a: String) {\n"
    + THREE
    + """  let verdict = await review "Fine?" {
    show   a.text, b.text, c.text
    choose yes | no
    within 30s else no
  }
  match verdict {
    yes => {}
    no  => fail "no"
  }
  (a: a.text)
}
"""
)

SINGLE = BIG + "\nworkflow w() -> (a: String) {\n  let a = big(8388600)\n  (a: a.text)\n}\n"


def go(world, name, program):
    """The run's record after a run that fails for `name`, and a resume of it."""
    runs = world.path(f"runs-{name}")
    world.write(f"{name}.hwf", program)
    result = world.run(["hwf", "run", f"{name}.hwf", "--runs", runs], seconds=60)
    assert result.status == 1, repr(result)[:2000]
    assert look.run_directories(runs), repr(result)[:2000]
    (run,) = look.run_directories(runs)
    for command in (["status"], ["resume"]):
        again = world.run(["hwf", *command, os.path.basename(run), "--runs", runs])
        assert again.status == 1 or command == ["status"] and again.status == 0, repr(again)[:2000]
    (finished,) = look.journal(run, "run_finished")
    assert not finished["ok"]
    return run, finished["why"]


def result(world):
    run, why = go(world, "result", RESULT)
    assert "outputs cannot be recorded" in why and "written to files" in why and "19500" in why, why
    assert all("failure" not in e for e in look.journal(run, "attempt_ended"))


def review(world):
    run, why = go(world, "review", REVIEW)
    assert "shows cannot be recorded" in why and "written to files" in why, why
    assert not look.journal(run, "review_opened")


def single(world):
    run, why = go(world, "single", SINGLE)
    assert "too many; declare them as files" in why, why


def main(world):
    wanted = world.arguments
    for part in (result, review, single):
        if wanted and part.__name__ not in wanted:
            continue
        part(world)
        print(part.__name__, "ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
