"""Reads pictures and draws those that the model is least sure of, for a person to judge."""

import argparse
import json

import numpy

from network import load_model, load_pictures, probabilities

UNSURE = 0.8  # a reading below this certainty
DRAWN, IN_A_ROW = 24, 6
INK = " .:-=+*#"


def drawing(image):
    return ["".join(INK[int(value * (len(INK) - 1) + 0.5)] * 2 for value in row) for row in image]


def sheet(images, digits, certainty):
    chosen = numpy.argsort(certainty, kind="stable")[:DRAWN]
    lines = [f"The {len(chosen)} least certain of {len(images)} readings", ""]
    for start in range(0, len(chosen), IN_A_ROW):
        row = chosen[start : start + IN_A_ROW]
        lines.append("   ".join(f"{digits[i]}? {certainty[i]:.0%}".ljust(16) for i in row).rstrip())
        lines += ["   ".join(parts).rstrip() for parts in zip(*(drawing(images[i]) for i in row))]
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--model", "--pictures", "--sheet", "--readings"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()

    images = load_pictures(args.pictures)["images"]
    found = probabilities(load_model(args.model), images)
    digits, certainty = found.argmax(axis=1), found.max(axis=1)
    with open(args.sheet, "w", encoding="utf-8") as out:
        out.write(sheet(images, digits, certainty))
    readings = {
        "pictures": len(images),
        "unsure": int((certainty < UNSURE).sum()),
        "mean_certainty": round(float(certainty.mean()), 4),
    }
    with open(args.readings, "w", encoding="utf-8") as out:
        json.dump(readings, out)
    print(f"{readings['unsure']} of {len(images)} readings are less than {UNSURE:.0%} certain")


if __name__ == "__main__":
    main()
