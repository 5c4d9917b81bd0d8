#!/usr/bin/env python3
"""Reviews that one `for` opens are one group: listed in one block, answered at once, each by itself underneath."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow ask(name: String, most: Int) -> (text: String) {
  let call = await review "Keep this?" {
    show   name
    choose keep(n: Int in 0..most = 1) | drop
    within 1h else drop
  }
  let text = match call {
    keep(n) => "~{name} ~{n}"
    drop    => "~{name} dropped"
  }
  (text: text)
}

workflow w() -> (each: [String], alone: [String]) {
  let each = for i in range(4) {
    let one = ask("part ~{i}", most: i + 2)
    one.text
  }
  let alone = for i in range(1) {
    let one = ask("alone", most: 9)
    one.text
  }
  (each: each, alone: alone)
}
"""


def main(world):
    world.write("w.hwf", SOURCE)
    runs = world.path("runs")
    engine = world.start(["hwf", "run", "w.hwf", "--runs", runs])
    reviews = world.until("all are open", lambda: (r := look.open_reviews(world, runs)) and len(r) == 5 and r)
    run = reviews[0]["run"]
    directory = os.path.join(runs, run)

    # In JSON each says its group; the `for` with one element has none.
    groups = [r.get("group") for r in reviews]
    group = "each.*.one.call"
    assert sorted(groups, key=str) == [None] + [group] * 4, groups

    listed = world.must(["hwf", "review", "list", run, "--runs", runs]).out
    assert listed.count("Keep this?") == 2 and "4 open" in listed, listed
    assert "they differ in: name, keep --n" in listed and "name = part 2" in listed, listed
    assert f"hwf review answer {directory} '{group}'" in listed, listed
    each = world.must(["hwf", "review", "list", run, "--each", "--runs", runs]).out
    assert each.count("Keep this?") == 5 and "4 open" not in each, each
    status = world.must(["hwf", "status", run, "--runs", runs]).out
    assert status.count("Keep this?") == 2 and "4 open" in status, status

    def answer(*words, status=0):
        done = world.run(["hwf", "review", "answer", run, *words, "--runs", runs])
        assert done.status == status, repr(done)
        return done

    # What cannot be meant sends nothing.
    assert "none of the group" in answer(group, "keep", "--except", "9", status=2).text
    assert "has no group" in answer("other.*.call", "keep", status=2).text
    assert "no answer to this review" in answer(group, "perhaps", status=2).text
    assert "say which answer" in answer(group, status=2).text
    assert "4 open" in answer(group, status=2).out
    assert "which is named before it" in world.run(["hwf", "review", "answer", group, "keep", "--runs", runs]).text
    assert "no group is named" in answer(reviews[0]["review"], "keep", "--except", "1", status=2).text
    assert not look.journal(directory, "vote")

    # 3 is out of the bounds of element 0, which is told; the others count. 2 is an exception.
    partly = json.loads(answer(group, "keep", "--n", "3", "--except", "2", "--json", status=1).out)
    assert (partly["accepted"], partly["refused"], partly["queued"]) == (2, 1, 0), partly
    outcomes = {r["review"]: r["outcome"] for r in partly["results"]}
    assert outcomes == {"each.0.one.call": "refused", "each.1.one.call": "accepted", "each.3.one.call": "accepted"}, outcomes
    assert len({v["request"] for v in look.journal(directory, "vote")}) == 2, "each has a request of its own"

    # Again: what is answered stays. The one that is still open takes no such answer, so that nothing is sent.
    assert "must lie in 0..2" in answer(group, "keep", "--n", "3", "--except", "2", status=2).text
    assert len(look.journal(directory, "vote")) == 2
    done = answer(group, "drop", "--except", "each.0.one.call")
    assert "drop to each.2.one.call: accepted" in done.out and f"{group}: 1 accepted" in done.out, done.out
    # The last one of a group is a review like any other.
    alone = world.must(["hwf", "review", "list", run, "--runs", runs]).out
    assert "each.0.one.call" in alone and "differ" not in alone, alone
    answer("each.0.one.call", "keep", "--n", "2")

    # None is open: to say the same is fine, and another is told who decided.
    same = answer(group, "keep", "--n", "3", "--except", "2", "--except", "0")
    assert "all have this answer" in same.text, repr(same)
    fields = answer(group, "keep", "--n", "2", "--except", "2", status=1)
    assert "each.1.one.call was closed with `keep(n: 3)` by" in fields.text, repr(fields)
    other = answer(group, "drop", status=1)
    assert "each.0.one.call was closed with `keep(n: 2)` by" in other.text, repr(other)
    assert len(look.journal(directory, "vote")) == 4

    answer("alone.0.one.call", "drop")
    assert engine.wait(timeout=30 * worlds.SLOW) == 0
    expected = {"each": ["part 0 2", "part 1 3", "part 2 dropped", "part 3 3"], "alone": ["alone dropped"]}
    assert look.outputs(directory) == expected, look.outputs(directory)
    queued(world, runs)


def queued(world, runs):
    """Without an engine every answer waits for the next one."""
    world.must(["hwf", "run", "w.hwf", "--runs", runs, "--detach"], status=75)
    run = look.run_directories(runs)[-1]
    name = os.path.basename(run)
    done = world.run(["hwf", "review", "answer", name, "each.*.one.call", "keep", "--json", "--runs", runs])
    assert done.status == 75 and json.loads(done.out)["queued"] == 4, repr(done)
    assert not look.journal(run, "vote")
    world.must(["hwf", "review", "answer", name, "alone.0.one.call", "drop", "--runs", runs], status=75)
    world.must(["hwf", "resume", name, "--runs", runs])
    assert look.outputs(run)["each"] == [f"part {i} 1" for i in range(4)]


if __name__ == "__main__":
    worlds.main(main)
