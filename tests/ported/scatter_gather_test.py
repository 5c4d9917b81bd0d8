#!/usr/bin/env python3
"""What is gathered from shards is what the whole table says, however many shards there are."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import digits_example  # noqa: E402
import ported  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

REFUSED = (
    ("open(~{out.statistics}", "open(~{out.statistic}"),
    ("awk -v shards=~{shards} '\n      NR == 1", "awk '\n      BEGIN { shards = ~{shards} }\n      NR == 1"),
)


def compare(statistics):
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    assert statistics["rows"] == len(table.data) == 569, statistics["rows"]
    for key, whole in (("means", table.data.mean(axis=0)), ("deviations", table.data.std(axis=0, ddof=1))):
        gathered = statistics[key]
        assert list(gathered) == list(table.feature_names), list(gathered)
        for name, value in zip(table.feature_names, whole):
            assert abs(gathered[name] - value) <= 1e-12 * abs(value), (key, name, gathered[name], value)


def main(world):
    digits_example.need_sklearn()
    port = ported.Port(world, "scatter_gather")
    for change in REFUSED:
        port.refuses(change)
    for shards in (6, 1):
        run = port.run("--shards", str(shards))
        compare(look.outputs(run)["statistics"])
        measured = {e["place"] for e in look.journal(run, "attempt_ended") if "measure" in e["place"]}
        assert len(measured) == shards, measured


if __name__ == "__main__":
    worlds.main(main)
