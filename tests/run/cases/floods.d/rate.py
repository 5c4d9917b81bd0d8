"""Reads `hwf status --json`: the last `tick` of `j`, and whether its emissions came at no more than five a second."""

import datetime
import json
import sys

emissions = next(task for task in json.load(sys.stdin)["tasks"] if task["place"] == "j")["streams"]["tick"]
first, last = (datetime.datetime.fromisoformat(emissions[i]["time"].replace("Z", "+00:00")) for i in (0, -1))
most = 5 * (last - first).total_seconds() + 10
verdict = "no more than five a second" if len(emissions) <= most else f"{len(emissions)} in {last - first}"
print("last", emissions[-1]["values"]["n"], "-", verdict)
