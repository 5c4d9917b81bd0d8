"""Trains on the labels there are, measures, and draws the pictures of the pool whose labels would teach the most.

These are the ones with the least distance between the two likeliest digits, each unlike those chosen before it. A picture
whose label is null was unreadable to people: it is not asked for again.
"""

import argparse
import json
import os
import pickle

import numpy
from sklearn.linear_model import LogisticRegression

INK = " .:-=+*#%@"
CANDIDATES = 4  # for each picture that is chosen, so many are considered


def drawn(picture):
    rows = (picture.reshape(8, 8) * (len(INK) - 1)).round().astype(int)
    return "\n".join("".join(INK[v] * 2 for v in row) for row in rows) + "\n"


def chosen(model, pictures, count):
    likely = numpy.sort(model.predict_proba(pictures), axis=1)
    candidates = list(numpy.argsort(likely[:, -1] - likely[:, -2], kind="stable")[: CANDIDATES * count])
    taken = [candidates.pop(0)]
    while candidates and len(taken) < count:
        apart = [min(numpy.linalg.norm(pictures[c] - pictures[t]) for t in taken) for c in candidates]
        taken.append(candidates.pop(int(numpy.argmax(apart))))
    return taken


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--batch", type=int, required=True)
for name in ("labels", "pool", "test", "model", "accuracy", "drawings"):
    parser.add_argument(f"--{name}", required=True)
args = parser.parse_args()

pool, test = numpy.load(args.pool), numpy.load(args.test)
asked = {label["picture"]: label["digit"] for label in json.loads(args.labels)}
names = numpy.array([f"picture-{n}" for n in pool["names"]])
known = numpy.array([asked.get(n) is not None for n in names])
model = LogisticRegression(C=10.0, max_iter=500)
model.fit(pool["pictures"][known], [asked[n] for n in names[known]])

with open(args.model, "wb") as file:
    pickle.dump(model, file)
with open(args.accuracy, "w", encoding="utf-8") as file:
    json.dump(model.score(test["pictures"], test["labels"]), file)
fresh = numpy.flatnonzero([n not in asked for n in names])
os.makedirs(args.drawings)
for i in fresh[chosen(model, pool["pictures"][fresh], args.batch)]:
    with open(os.path.join(args.drawings, f"{names[i]}.txt"), "w", encoding="utf-8") as file:
        file.write(drawn(pool["pictures"][i]))
