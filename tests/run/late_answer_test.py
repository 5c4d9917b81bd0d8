#!/usr/bin/env python3
"""An answer after the deadline, a second different answer, a change of vote before the quorum is there."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow w(deadline: Duration) -> (text: String) {
  let call = await review "Yes?" {
    choose yes(n: Int = 1) | no
    within deadline else no
  }
  let text = match call {
    yes(n) => "yes ~{n}"
    no     => "no"
  }
  (text: text)
}
"""


def review_of(world, runs, count):
    def opened():
        found = [d for d in look.run_directories(runs) if look.journal(d, "review_opened")]
        return found[-1] if len(found) == count else None

    run = world.until("the review opens", opened)
    return run, look.journal(run, "review_opened")[0]["review"]


def main(world):
    world.write("late.hwf", SOURCE)
    runs = world.path("runs")

    # Expired: the policy decided, and whoever comes later is told so.
    world.must(["hwf", "run", "late.hwf", "--deadline", "1s", "--runs", runs])
    run, review = review_of(world, runs, 1)
    assert look.outputs(run) == {"text": "no"}
    late = world.run(["hwf", "review", "answer", os.path.basename(run), review, "yes", "--runs", runs])
    assert late.status == 1 and "closed" in late.text, repr(late)
    assert not look.journal(run, "vote")

    # Answered: the same again is fine, another is refused and told by whom it was decided.
    engine = world.start(["hwf", "run", "late.hwf", "--deadline", "1h", "--runs", runs])
    run, review = review_of(world, runs, 2)
    command = ["hwf", "review", "answer", os.path.basename(run), review, "--runs", runs]
    world.must(command + ["yes", "--n", "3"])
    assert engine.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(run) == {"text": "yes 3"}
    second = world.run(command + ["no"])
    assert second.status == 1 and "closed" in second.text, repr(second)
    assert len(look.journal(run, "vote")) == 1

    # Expired while no engine was alive, answered in time: the answer counts.
    world.must(["hwf", "run", "late.hwf", "--deadline", "3s", "--runs", runs, "--detach"], status=75)
    run, review = review_of(world, runs, 3)
    in_time = world.run(["hwf", "review", "answer", os.path.basename(run), review, "yes", "--n", "4", "--runs", runs])
    assert in_time.status in (0, 75), repr(in_time)
    opened = look.journal(run, "review_opened")[0]["t"]
    world.until("the deadline has passed", lambda: time.time() * 1000 > opened + 3000)
    world.must(["hwf", "resume", os.path.basename(run), "--runs", runs])
    assert look.outputs(run) == {"text": "yes 4"}

    # Answered in time into a mailbox that the engine cannot read when the deadline comes: it waits until it can.
    world.must(["hwf", "run", "late.hwf", "--deadline", "3s", "--runs", runs, "--detach"], status=75)
    run, review = review_of(world, runs, 4)
    # Without the run: of all the reviews of this name only one is open.
    in_time = world.run(["hwf", "review", "answer", review, "yes", "--n", "5", "--runs", runs])
    assert in_time.status == 75, repr(in_time)
    inbox = os.path.join(run, "inbox")
    os.rename(inbox, inbox + ".away")
    engine = world.start(["hwf", "resume", os.path.basename(run), "--runs", runs])
    opened = look.journal(run, "review_opened")[0]["t"]
    world.until("the deadline has long passed", lambda: time.time() * 1000 > opened + 4500)
    assert not look.journal(run, "clock_fired"), "the deadline passed over an answer that nobody could see"
    assert engine.poll() is None
    os.rename(inbox + ".away", inbox)
    assert engine.wait(timeout=30 * worlds.SLOW) == 0
    assert look.outputs(run) == {"text": "yes 5"}


if __name__ == "__main__":
    worlds.main(main)
