#!/usr/bin/env python3
"""`keep 2`: the files of older emissions go while the job runs, but not what an open review shows. The engine is killed, and the
files lie there as if it had died before it removed them: the next one removes them. What is gone is said, by the status
and by a rewind that would show it again."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task train(go: String) -> (n: Int) {
  checkpoint epoch(n: Int, weights: File) keep 2 every all
  run \"\"\"
    for n in 1 2 3 4 5 6; do
      until [ -e ~{go}/$n ]; do sleep 0.05; done
      echo "weights $n" > w$n
      hwf-task checkpoint epoch n=$n --file weights=w$n
    done
    until [ -e ~{go}/end ]; do sleep 0.05; done
    echo 6 > ~{out.n}
  \"\"\"
}

workflow w(go: String) -> (n: Int) {
  let job = train(go)
  watch job.epoch as e where e.n == 2 {
    let call = await review "Epoch ~{e.n}: is it sound?" {
      show   e.weights
      choose sound | broken
      within 720h else sound
    }
    match call {
      sound  => {}
      broken => fail "epoch ~{e.n} is broken"
    }
  }
  (n: job.n)
}
"""


def paths_of(run):
    """Where the files of the emissions lay when they were recorded, by epoch."""
    return {e["values"]["n"]: e["values"]["weights"]["path"] for e in look.journal(run, "emission")}


def there(run):
    return [n for n, path in sorted(paths_of(run).items()) if os.path.exists(path)]


def main(world):
    runs, go = world.path("runs"), world.path("go")
    os.mkdir(go)
    world.write("keep.hwf", SOURCE)
    engine = world.start(["hwf", "run", "keep.hwf", "--go", go, "--runs", runs])
    for n in range(1, 6):
        world.write(f"go/{n}", "")
        world.until(f"emission {n}", lambda: any(n in paths_of(run) for run in look.run_directories(runs)), 60)
    (run,) = look.run_directories(runs)
    world.until("the files of the older ones to go", lambda: there(run) == [2, 4, 5])

    # As if it had died between the record and the removal, and in the middle of it.
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    for n in (1, 3):
        with open(paths_of(run)[n], "w", encoding="utf-8") as file:
            file.write(f"weights {n}\n")
    assert there(run) == [1, 2, 3, 4, 5], there(run)
    engine = world.start(["hwf", "resume", "--runs", runs])
    world.until("the next engine to remove them", lambda: there(run) == [2, 4, 5], 60)

    # What is shown is there, however many came after it and however long its deadline is.
    (shown,) = look.journal(run, "review_opened")
    with open(shown["evidence"][0]["value"]["path"], encoding="utf-8") as file:
        assert file.read() == "weights 2\n"
    (review,) = look.open_reviews(world, runs)
    assert "weights" in world.must(["hwf", "review", "show", "--runs", runs, review["review"]]).out
    answered = look.answer(world, runs, review, "sound")
    assert answered.status == 0, repr(answered)
    world.until("the file of a review that is over to go", lambda: there(run) == [4, 5])

    world.write("go/6", "")
    world.write("go/end", "")
    assert engine.wait(timeout=60 * worlds.SLOW) == 0
    assert there(run) == [5, 6], there(run)
    assert look.outputs(run) == {"n": 6}, look.outputs(run)

    status = world.must(["hwf", "status", "--json", "--runs", runs]).json()
    (job,) = [t for t in status["tasks"] if t["place"] == "job"]
    said = {e["number"]: e.get("files_removed", False) for e in job["streams"]["epoch"]}
    assert said == {1: True, 2: True, 3: True, 4: True, 5: False, 6: False}, json.dumps(job)

    # The only body showed the second, which is gone.
    refused = world.run(["hwf", "rewind", os.path.basename(run), "watch", "--yes", "--runs", runs], merge=True)
    assert refused.status != 0, repr(refused)
    assert "would show emission 2 of `job` again, whose files are gone" in refused.out, repr(refused)
    assert "go back to `job`" in refused.out, repr(refused)
    assert not look.journal(run, "rewind_requested")
    print(refused.out.strip())


if __name__ == "__main__":
    worlds.main(main)
