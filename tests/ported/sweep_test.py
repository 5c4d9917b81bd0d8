#!/usr/bin/env python3
"""Trials that a person keeps go on from where they stood, the others never again; the last one kept reads unseen pictures well."""

import os
import pickle
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import digits_example  # noqa: E402
import ported  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

# Four trials, two of them worse than some that go; the better half of them; the winner.
FIRST = ["rate 0.0003 decay 0.0001", "rate 0.003 decay 0.0001", "rate 0.03 decay 0.0001", "rate 0.3 decay 0.0001"]
SECOND = ["rate 0.003 decay 0.0001", "rate 0.03 decay 0.0001"]
REFUSED = (
    ("settle(winner) => stop with for t in trained where t.name == winner { t }", "settle         => stop with trained"),
    (" else keep(names: names_of(better_half(trained)))", ""),
    ("next trials = for t in trained where contains(names, t.name) { t }, epochs = epochs * 2", "{}"),
)
WINNER = "rate 0.03 decay 0.0001"


def decide(question):
    if question.startswith("8 trials"):
        return "keep", "--names", ",".join(FIRST)
    if question.startswith("4 trials"):
        return "keep", "--names", ",".join(SECOND)
    assert question.startswith("2 trials"), question
    return "settle", "--winner", WINNER


def main(world):
    digits_example.need_sklearn()
    port = ported.Port(world, "sweep")
    for change in REFUSED:
        port.refuses(change)
    run = port.run(decide=decide)

    rounds = {}
    for place in ported.done(run, "job"):
        rounds.setdefault(place.split(".")[1], []).append(place)
    assert {n: len(places) for n, places in rounds.items()} == {"0": 8, "1": 4, "2": 2}, rounds

    outputs = look.journal(run, "run_finished")[0]["outputs"]
    assert outputs["winner"]["name"] == WINNER, outputs
    assert outputs["accuracy"] > 0.92, outputs
    with open(outputs["winner"]["model"]["path"], "rb") as file:
        _, epochs = pickle.load(file)
    assert epochs == 1 + 2 + 4, "the winner did not go on from the rounds before"


if __name__ == "__main__":
    worlds.main(main)
