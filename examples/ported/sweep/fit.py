"""Trains a linear classifier for some epochs more, from where an earlier round left it, and says how good it is now."""

import argparse
import json
import pickle

import numpy
from sklearn.linear_model import SGDClassifier

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--decay", type=float, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--from", dest="start", help="the model of an earlier round")
for name in ("train", "compare", "model", "accuracy"):
    parser.add_argument(f"--{name}", required=True)
args = parser.parse_args()

train, compare = numpy.load(args.train), numpy.load(args.compare)
model, done = SGDClassifier("log_loss", alpha=args.decay, learning_rate="constant", eta0=args.rate, random_state=0), 0
if args.start:
    with open(args.start, "rb") as file:
        model, done = pickle.load(file)
for epoch in range(done, done + args.epochs):
    order = numpy.random.default_rng(epoch).permutation(len(train["labels"]))
    model.partial_fit(train["pictures"][order], train["labels"][order], classes=range(10))
with open(args.model, "wb") as file:
    pickle.dump((model, done + args.epochs), file)
with open(args.accuracy, "w", encoding="utf-8") as file:
    json.dump(model.score(compare["pictures"], compare["labels"]), file)
