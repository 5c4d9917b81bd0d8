"""Splits scikit-learn's digits into a training and a test directory of one data.npz each."""

import argparse
import os
import sys

try:
    import numpy
    from sklearn.datasets import load_digits
except ImportError as error:
    sys.exit(
        f"prepare.py: {sys.executable} has no scikit-learn ({error}).\n"
        "On Debian `apt-get install python3-sklearn` brings it for /usr/bin/python3; put that python3 first in PATH, "
        "or install scikit-learn for the python3 that comes first now."
    )

TEST_PART = 0.2


def save(directory, images, labels):
    os.makedirs(directory, exist_ok=True)
    numpy.savez(os.path.join(directory, "data.npz"), images=images, labels=labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    args = parser.parse_args()

    digits = load_digits()
    images = digits.images / 16.0
    order = numpy.random.default_rng(args.seed).permutation(len(images))
    border = int(len(order) * TEST_PART)
    save(args.test, images[order[:border]], digits.target[order[:border]])
    save(args.train, images[order[border:]], digits.target[order[border:]])
    print(f"{len(order) - border} images to train on, {border} to test with")


if __name__ == "__main__":
    main()
