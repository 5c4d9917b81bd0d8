"""Measures two models on labelled pictures."""

import argparse
import json

from network import load_model, load_pictures, probabilities


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--old", "--new", "--pictures", "--scores"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()

    pictures = load_pictures(args.pictures)

    def score(path):
        digits = probabilities(load_model(path), pictures["images"]).argmax(axis=1)
        return round(float((digits == pictures["labels"]).mean()), 4)

    scores = {"old": score(args.old), "new": score(args.new)}
    with open(args.scores, "w", encoding="utf-8") as out:
        json.dump(scores, out)
    print(f"right readings: old model {scores['old']:.1%}, new model {scores['new']:.1%}")


if __name__ == "__main__":
    main()
