#!/usr/bin/env python3
"""A person who labels what the model is least sure of brings it from ten labels to the goal; what is unreadable is not asked twice."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import digits_example  # noqa: E402
import ported  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

GOAL = 0.85
REFUSED = (
    ("          unreadable   => none\n", ""),
    ("digit: Int? }", "digit: Int }"),
)


class Person:
    """Knows what each picture shows, and calls every twelfth unreadable."""

    def __init__(self):
        from sklearn.datasets import load_digits

        self.digits = load_digits().target
        self.readable = {}

    def decide(self, question):
        number = int(question.removeprefix("Which digit is picture-").removesuffix("?"))
        self.readable[number] = number % 12 != 0
        return ("reads", "--digit", str(self.digits[number])) if self.readable[number] else ("unreadable",)


def main(world):
    digits_example.need_sklearn()
    port = ported.Port(world, "active_learning")
    for change in REFUSED:
        port.refuses(change)
    person = Person()
    run = port.run("--goal", str(GOAL), decide=person.decide)

    taught = look.outputs(run)["taught"]
    reviews = look.journal(run, "review_opened")
    rounds = len(ported.done(run, "learnt")) - 1  # the last one is good enough, and asks nobody
    assert taught["accuracy"] >= GOAL and rounds >= 2, (taught, rounds)
    assert len(reviews) == len(person.readable) == rounds * 10, (len(reviews), len(person.readable))
    assert taught["labels"] == 10 + rounds * 10 <= 200, taught
    assert not all(person.readable.values()), "every picture was readable: the test has lost a case"
    # Ten labels alone are not enough: the first model had to ask.
    eager = port.run("--goal", "0.5")
    assert look.outputs(eager)["taught"]["accuracy"] < 0.8, look.outputs(eager)
    assert not look.journal(eager, "review_opened")


if __name__ == "__main__":
    worlds.main(main)
