"""measure.py MODEL PICTURES ACCURACY: the share of pictures that the model reads right."""

import json
import pickle
import sys

import numpy

with open(sys.argv[1], "rb") as file:
    model, _ = pickle.load(file)
pictures = numpy.load(sys.argv[2])
with open(sys.argv[3], "w", encoding="utf-8") as file:
    json.dump(model.score(pictures["pictures"], pictures["labels"]), file)
