"""Trains a small neural network on labelled pictures and writes its weights, readable without scikit-learn (network.py).

With --show it shows `epoch` after each: how good the model is on the pictures of --test, and a state from which a training
that was interrupted goes on.
"""

import argparse
import os
import pickle

import numpy
from sklearn.neural_network import MLPClassifier

import hwf_task

BATCH, SEED = 16, 0
CLASSES = numpy.arange(10)


def load(directory):
    with numpy.load(os.path.join(directory, "pictures.npz"), allow_pickle=False) as file:
        return file["images"], file["labels"]


def train_epoch(model, images, labels, number):
    order = numpy.random.default_rng([SEED, number]).permutation(len(images))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        model.partial_fit(images[chosen].reshape(len(chosen), -1), labels[chosen], classes=CLASSES)


def show(number, accuracy, model):
    with open("state.pkl", "wb") as file:
        pickle.dump((number, model), file)
    hwf_task.checkpoint("epoch", n=number, accuracy=accuracy, files={"state": "state.pkl"})


def write_model(path, model):
    arrays = {"layers": len(model.coefs_)}
    for number, (weights, biases) in enumerate(zip(model.coefs_, model.intercepts_)):
        arrays[f"weights{number}"], arrays[f"biases{number}"] = weights, biases
    numpy.savez(path, **arrays)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--resume", help="the state of an earlier epoch")
    parser.add_argument("--model", required=True)
    args = parser.parse_args()

    images, labels = load(args.train)
    test_images, test_labels = load(args.test)
    done, model = 0, MLPClassifier((64,), solver="sgd", learning_rate_init=0.02, momentum=0.9, random_state=SEED)
    if args.resume:
        with open(args.resume, "rb") as file:
            done, model = pickle.load(file)
        print(f"going on behind epoch {done}", flush=True)
    for number in range(done + 1, args.epochs + 1):
        train_epoch(model, images, labels, number)
        accuracy = float(model.score(test_images.reshape(len(test_images), -1), test_labels))
        print(f"epoch {number}: {accuracy:.1%} right", flush=True)
        if args.show:
            show(number, accuracy, model)
    write_model(args.model, model)


if __name__ == "__main__":
    main()
