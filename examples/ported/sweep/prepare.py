"""Deals scikit-learn's digits out in three parts: three fifths to train on, a fifth to compare trials by, a fifth for the end."""

import sys

import numpy
from sklearn.datasets import load_digits

digits = load_digits()
order = numpy.random.default_rng(0).permutation(len(digits.target))
borders = [len(order) * 3 // 5, len(order) * 4 // 5]
for path, chosen in zip(sys.argv[1:], numpy.split(order, borders)):
    numpy.savez(path, pictures=digits.data[chosen] / 16.0, labels=digits.target[chosen])
