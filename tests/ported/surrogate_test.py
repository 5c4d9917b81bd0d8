#!/usr/bin/env python3
"""The surrogate finds with a few simulations what a grid finds with many; a person ends it early, and looks where they like."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import digits_example  # noqa: E402
import ported  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

TICKS = 7
REFUSED = (
    ("enough => stop with seasons", "enough => {}"),
    ("    exhausted(seasons) => seasons\n", ""),
)


def best_on_a_grid(port):
    sys.path.insert(0, os.path.join(ported.PORTS, port.name))
    sys.dont_write_bytecode = True
    import numpy
    import simulate

    ticks = numpy.linspace(0.0, 0.6, TICKS)
    return max(simulate.earned(numpy.array([prey, predators])) for prey in ticks for predators in ticks)


def main(world):
    digits_example.need_sklearn()
    port = ported.Port(world, "surrogate")
    for change in REFUSED:
        port.refuses(change)
    questions = []

    def once_aside(question):
        questions.append(question)
        return ("look_at", "--prey", "0.1", "--predators", "0.2") if len(questions) == 1 else ("go_on",)

    run = port.run(decide=once_aside)
    found = look.outputs(run)
    assert found["simulations"] < 40 and len(questions) >= 3, (found, questions)
    assert found["best"]["value"] >= best_on_a_grid(port), found
    finished = look.journal(run, "run_finished")[0]
    assert finished["ok"], finished

    # Somebody says that it is enough: what was simulated for the other run is not simulated again.
    short = port.run(decide=lambda _: ("enough",))
    outputs = look.outputs(short)
    assert outputs["simulations"] == 9 and outputs["best"]["value"] < found["best"]["value"], outputs
    assert not look.journal(short, "attempt_ended"), look.journal(short, "attempt_ended")


if __name__ == "__main__":
    worlds.main(main)
