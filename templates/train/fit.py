"""Fits y = a*x + b to the rows of a CSV file by gradient descent, and lets people look on.

After each epoch it shows `epoch` and takes what it has been told. It never waits for anybody. Replace the arithmetic; the
calls of hwf_task are what a training of your own needs.
"""

import argparse
import csv
import json
import time

import hwf_task


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--resume", help="the weights of an earlier epoch")
    parser.add_argument("--model", required=True)
    parser.add_argument("--loss", required=True)
    args = parser.parse_args()

    with open(args.data, encoding="utf-8") as file:
        rows = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
    state = {"epoch": 0, "rate": args.rate, "a": 0.0, "b": 0.0, "loss": 0.0}
    if args.resume:
        with open(args.resume, encoding="utf-8") as file:
            state = json.load(file)

    halted = False
    while state["epoch"] < args.epochs and not halted:
        errors = [(x, state["a"] * x + state["b"] - y) for x, y in rows]
        state["a"] -= state["rate"] * 2 * sum(x * error for x, error in errors) / len(rows)
        state["b"] -= state["rate"] * 2 * sum(error for _, error in errors) / len(rows)
        state["loss"] = sum(error * error for _, error in errors) / len(rows)
        state["epoch"] += 1

        weights = f"weights-{state['epoch']}.json"
        with open(weights, "w", encoding="utf-8") as out:
            json.dump(state, out)
        hwf_task.checkpoint("epoch", n=state["epoch"], loss=state["loss"], files={"weights": weights})
        for message in hwf_task.messages():
            if message.name == "retune":
                state["rate"] = message.fields["rate"]
            halted = halted or message.name == "halt"
        time.sleep(args.pause)

    with open(args.model, "w", encoding="utf-8") as out:
        json.dump({"a": state["a"], "b": state["b"]}, out)
    with open(args.loss, "w", encoding="utf-8") as out:
        json.dump(state["loss"], out)


if __name__ == "__main__":
    main()
