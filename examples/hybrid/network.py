"""Reading with a trained network. It needs numpy alone: no scikit-learn, and nothing in a model's file is executed."""

import os

import numpy


def load_model(path):
    with numpy.load(path, allow_pickle=False) as file:
        layers = int(file["layers"])
        return [(file[f"weights{i}"], file[f"biases{i}"]) for i in range(layers)]


def load_pictures(directory):
    with numpy.load(os.path.join(directory, "pictures.npz"), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def probabilities(model, images):
    """One row a picture, one column a digit."""
    values = images.reshape(len(images), -1)
    for number, (weights, biases) in enumerate(model):
        values = values @ weights + biases
        if number + 1 < len(model):
            values = numpy.maximum(values, 0)
    values = numpy.exp(values - values.max(axis=1, keepdims=True))
    return values / values.sum(axis=1, keepdims=True)
