"""Trains a small neural network on hand-written digits and lets people look on.

After each epoch it emits `epoch` (numbers and a weights file), then takes whatever it has been told: `retune` sets the
learning rate, `halt` ends the training with what there is. It never waits for anybody. Every epoch is a function of the
state before it and its number alone, so a restart from a weights file ends where an undisturbed training would have.

The log has one JSON line an epoch: when it began and ended on the monotonic clock, and how long calls into hwf took.
"""

import argparse
import json
import os
import pickle
import sys
import time

import numpy
from sklearn.neural_network import MLPClassifier

import hwf_task

BATCH = 32
CLASSES = numpy.arange(10)


def load(directory):
    data = numpy.load(os.path.join(directory, "data.npz"))
    return data["images"], data["labels"]


def new_model(rate, seed):
    # batch_size stays at its default: partial_fit takes each mini-batch as it is given.
    return MLPClassifier((64,), solver="sgd", learning_rate_init=rate, momentum=0.9, random_state=seed)


def set_rate(model, rate):
    model.learning_rate_init = rate
    if hasattr(model, "_optimizer"):
        model._optimizer.learning_rate = rate
        model._optimizer.learning_rate_init = rate


def train_epoch(model, images, labels, number, passes, seed):
    """Passes over the images in random order, each mini-batch shifted by up to a pixel; returns the mean loss."""
    rng = numpy.random.default_rng([seed, number])
    losses = []
    for _ in range(passes):
        order = rng.permutation(len(images))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            shifted = numpy.roll(images[chosen], rng.integers(-1, 2, 2), axis=(1, 2))
            model.partial_fit(shifted.reshape(BATCH, -1), labels[chosen], classes=CLASSES)
            losses.append(model.loss_)
    return float(numpy.mean(losses))


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--passes", type=int, default=6, help="passes over the images in an epoch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", help="a weights file of an earlier epoch")
    parser.add_argument("--model", required=True)
    parser.add_argument("--last", help="where the state after the last epoch goes, to be trained further")
    parser.add_argument("--metrics", required=True)
    parser.add_argument("--log", required=True)
    args = parser.parse_args()

    images, labels = load(args.train)
    test_images, test_labels = load(args.test)
    test_images = test_images.reshape(len(test_images), -1)

    state = {"model": new_model(args.rate, args.seed), "epoch": 0, "rate": args.rate, "loss": 0.0, "accuracy": 0.0}
    if args.resume:
        with open(args.resume, "rb") as file:
            state = pickle.load(file)
        print(f"restarting from epoch {state['epoch']}, rate {state['rate']}", flush=True)

    halted = False
    with open(args.log, "a", encoding="utf-8") as log:
        while state["epoch"] < args.epochs and not halted:
            began = time.monotonic()
            told = []
            for message in hwf_task.messages():
                told.append(message.name)
                if message.name == "retune":
                    state["rate"] = message.fields["rate"]
                elif message.name == "halt":
                    halted = True
            asked = time.monotonic()
            if halted:
                break

            number = state["epoch"] + 1
            set_rate(state["model"], state["rate"])
            loss = train_epoch(state["model"], images, labels, number, args.passes, args.seed)
            accuracy = float(state["model"].score(test_images, test_labels))
            state.update(epoch=number, loss=loss, accuracy=accuracy)
            weights = f"weights-{number}.pkl"
            with open(weights, "wb") as file:
                pickle.dump(state, file)

            trained = time.monotonic()
            hwf_task.checkpoint(
                "epoch", n=number, loss=loss, accuracy=accuracy, rate=state["rate"], files={"weights": weights}
            )
            ended = time.monotonic()
            line = {"n": number, "began": began, "ended": ended, "hwf": asked - began + ended - trained, "told": told}
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(f"epoch {number}: loss {loss:.4f}, accuracy {accuracy:.3f}, rate {state['rate']}", flush=True)

    with open(args.model, "wb") as file:
        pickle.dump(state["model"], file)
    if args.last:
        with open(args.last, "wb") as file:
            pickle.dump(state, file)
    metrics = {"loss": state["loss"], "accuracy": state["accuracy"], "epochs": state["epoch"], "rate": state["rate"]}
    write_json(args.metrics, metrics)
    if halted:
        print(f"halted after epoch {state['epoch']}, as told", flush=True)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
