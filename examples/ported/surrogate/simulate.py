"""simulate.py PREY PREDATORS VALUE: what a fishery earns a year when both fishes are caught with these efforts.

A prey that grows to a limit and a predator that lives on it (Rosenzweig and MacArthur's equations), each caught in
proportion to how many there are; a predator is worth more, and effort costs. The mean over the last half of 200 years.
"""

import json
import sys

import numpy

GROWTH, HALF_FED, HUNGER, GAIN, DEATH = 1.0, 0.4, 0.9, 0.8, 0.15
PRICES, COSTS = numpy.array([1.0, 2.0]), numpy.array([0.02, 0.05])
YEARS, STEP = 200, 0.1


def change(fish, efforts):
    prey, predators = fish
    eaten = HUNGER * prey * predators / (HALF_FED + prey)
    grown = numpy.array([GROWTH * prey * (1 - prey) - eaten, GAIN * eaten - DEATH * predators])
    return grown - efforts * fish


def earned(efforts):
    fish, caught = numpy.array([0.5, 0.3]), []
    for _ in range(int(YEARS / STEP)):  # Runge and Kutta's method of fourth order
        a = change(fish, efforts)
        b = change(fish + STEP / 2 * a, efforts)
        c = change(fish + STEP / 2 * b, efforts)
        d = change(fish + STEP * c, efforts)
        fish = fish + STEP / 6 * (a + 2 * b + 2 * c + d)
        caught.append(efforts * fish)
    return float(PRICES @ numpy.mean(caught[len(caught) // 2 :], axis=0) - COSTS @ efforts)


if __name__ == "__main__":
    prey, predators, value = sys.argv[1:]
    with open(value, "w", encoding="utf-8") as file:
        json.dump(earned(numpy.array([float(prey), float(predators)])), file)
