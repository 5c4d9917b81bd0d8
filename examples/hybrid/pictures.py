"""Writes one part of scikit-learn's hand-written digits (1,797 real pictures of 8 by 8) as DIR/pictures.npz.

usage: pictures.py PART FEW DIR      PART: first (FEW of them), archive, held-out, camera; no picture is in two of them
"""

import os
import sys

try:
    import numpy
    from sklearn.datasets import load_digits
except ImportError as error:
    sys.exit(
        f"pictures.py: {sys.executable} has no scikit-learn ({error}).\n"
        "On Debian `apt-get install python3-sklearn` brings it for /usr/bin/python3."
    )

CAMERA, HELD_OUT = 300, 400


def main():
    part, few, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    digits = load_digits()
    order = numpy.random.default_rng(2026).permutation(len(digits.images))
    begin, end = {
        "camera": (0, CAMERA),
        "held-out": (CAMERA, CAMERA + HELD_OUT),
        "first": (CAMERA + HELD_OUT, CAMERA + HELD_OUT + few),
        "archive": (CAMERA + HELD_OUT + few, len(order)),
    }[part]
    chosen = order[begin:end]
    arrays = {"images": digits.images[chosen] / 16.0}
    if part != "camera":  # nobody has labelled those
        arrays["labels"] = digits.target[chosen]
    os.makedirs(directory, exist_ok=True)
    numpy.savez(os.path.join(directory, "pictures.npz"), **arrays)
    print(f"{part}: {len(chosen)} pictures")


if __name__ == "__main__":
    main()
