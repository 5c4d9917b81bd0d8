"""Fits a Gaussian process to the seasons simulated so far and says which plans are worth simulating next.

Worth it is where the process, at its mean and two standard deviations, is highest; a plan that is chosen is taken as if
its mean had come out, so that the next one lies elsewhere. The gain is how far that optimism is above the best season.
"""

import argparse
import json
import warnings

import numpy
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plans", type=int, required=True)
for name in ("highest", "seasons", "advice", "chart"):
    parser.add_argument(f"--{name}", required=True)
args = parser.parse_args()

seasons = json.loads(args.seasons)
at = numpy.array([[s["plan"]["prey"], s["plan"]["predators"]] for s in seasons])
values = numpy.array([s["value"] for s in seasons])
ticks = numpy.linspace(0, float(args.highest), 41)
grid = numpy.array([[prey, predators] for prey in ticks for predators in ticks])

warnings.simplefilter("ignore")
process = GaussianProcessRegressor(
    ConstantKernel(1.0) * RBF([0.2, 0.2], (0.05, 2.0)) + WhiteKernel(1e-5, (1e-8, 1e-3)), normalize_y=True, random_state=0
).fit(at, values)
fixed = GaussianProcessRegressor(process.kernel_, optimizer=None, normalize_y=True)

plans, gain, chart = [], 0.0, None
for _ in range(args.plans):
    mean, doubt = fixed.fit(at, values).predict(grid, return_std=True)
    best = int(numpy.argmax(mean + 2 * doubt))
    if chart is None:
        gain, chart = float(mean[best] + 2 * doubt[best] - values.max()), mean.reshape(41, 41)
    plans.append({"prey": float(grid[best][0]), "predators": float(grid[best][1])})
    at, values = numpy.vstack([at, grid[best]]), numpy.append(values, mean[best])

with open(args.advice, "w", encoding="utf-8") as file:
    json.dump({"plans": plans, "gain": gain}, file)
ink = numpy.array(list(" .:-=+*#%@"))
low, high = chart.min(), chart.max()
with open(args.chart, "w", encoding="utf-8") as file:
    file.write(f"predators' effort up to {args.highest}, prey's to the right; ' ' is {low:.3f}, '@' is {high:.3f}\n")
    for row in ink[((chart.T[::-2, ::1] - low) / (high - low) * 9).round().astype(int)]:
        file.write("".join(row) + "\n")
