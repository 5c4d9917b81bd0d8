#!/usr/bin/env python3
"""std.review: a sign-off approves a file for the task that takes it, a rejection and silence fail what needs it."""

import getpass
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1
import std.review as people

task make() -> (model: File at "model.bin") { run "printf weights > ~{out.model}" }
task publish(model: Approved[File]) -> (text: String at stdout) { run "cat ~{model}" }

workflow two(who: String) -> (text: String) {
  let made = make()
  let agreed = people.four_eyes("Release?", file: made.model, who: who, deadline: 1s)
  let done = publish(agreed.file)
  (text: done.text)
}

workflow one(who: String, patience: Duration) -> (text: String, yes: Bool?) {
  let made = make()
  let agreed = people.sign_off("Release?", file: made.model, who: who)
  let done = publish(agreed.file)
  let said = people.ask("Go on?", about: "the loss is ~{0.5}", who: who, deadline: patience)
  (text: done.text, yes: said.yes)
}
"""


def main(world):
    # What runs is the file's last workflow.
    world.write("one.hwf", SOURCE)
    world.write("two.hwf", SOURCE.split("workflow one")[0])
    who = ["--who", getpass.getuser()]

    runs = world.path("agreed")
    choices = {"Release?": ("approve",), "Go on?": ("no",)}
    with look.Answerer(world, runs, choices.get):
        world.must(["hwf", "run", "one.hwf", *who, "--patience", "1h", "--runs", runs])
    (run,) = look.run_directories(runs)
    assert look.outputs(run) == {"text": "weights", "yes": False}, look.outputs(run)

    # Silence is no answer, and `ask` says so.
    runs = world.path("silent")
    with look.Answerer(world, runs, lambda question: ("approve",) if question == "Release?" else ("nothing",)):
        world.must(["hwf", "run", "one.hwf", *who, "--patience", "1s", "--runs", runs])
    (run,) = look.run_directories(runs)
    assert look.outputs(run) == {"text": "weights", "yes": None}, look.outputs(run)

    runs = world.path("rejected")
    choices = {"Release?": ("reject", "--reason", "too large"), "Go on?": ("yes",)}
    with look.Answerer(world, runs, choices.get):
        done = world.run(["hwf", "run", "one.hwf", *who, "--patience", "1h", "--runs", runs])
    assert done.status == 1 and "`Release?` was rejected: too large" in done.text, repr(done)
    (run,) = look.run_directories(runs)
    assert not any("publish" in str(event) for event in look.journal(run, "attempt_submitted")), "publish was started"

    # Whoever started the run is not one of the two.
    runs = world.path("alone")
    done = world.run(["hwf", "run", "two.hwf", *who, "--runs", runs])
    assert done.status == 1 and "not starter" in done.text, repr(done)


if __name__ == "__main__":
    worlds.main(main)
