"""prepare.py LABELS POOL TEST: scikit-learn's digits as somebody has them who has hardly looked at them yet.

One labelled picture of each digit, a pool of pictures without labels, and labelled pictures to measure by.
"""

import json
import sys

import numpy
from sklearn.datasets import load_digits

labels, pool, test = sys.argv[1:]
digits = load_digits()
order = numpy.random.default_rng(0).permutation(len(digits.target))
measured, known = order[:400], order[400:]
numpy.savez(test, pictures=digits.data[measured] / 16.0, labels=digits.target[measured])
numpy.savez(pool, names=known, pictures=digits.data[known] / 16.0)
seeds = [next(int(i) for i in known if digits.target[i] == digit) for digit in range(10)]
with open(labels, "w", encoding="utf-8") as file:
    json.dump([{"picture": f"picture-{i}", "digit": int(digits.target[i])} for i in seeds], file)
