"""Heat in a rod: the left end is held at 1, the right end at 0. Replace it by your own simulation."""

import argparse
import json


def write(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out)


def advance(heat):
    inner = [b + 0.4 * (a - 2 * b + c) for a, b, c in zip(heat, heat[1:], heat[2:])]
    return [heat[0], *inner, heat[-1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["begin", "advance"])
    parser.add_argument("--cells", type=int)
    parser.add_argument("--state")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", required=True)
    parser.add_argument("--change")
    args = parser.parse_args()
    if args.what == "begin":
        write(args.out, [1.0] + [0.0] * (args.cells - 1))
        return
    with open(args.state, encoding="utf-8") as file:
        heat = before = json.load(file)
    for _ in range(args.steps):
        heat = advance(heat)
    write(args.out, heat)
    write(args.change, max(abs(a - b) for a, b in zip(heat, before)))


if __name__ == "__main__":
    main()
