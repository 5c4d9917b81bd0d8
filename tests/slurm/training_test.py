#!/usr/bin/env python3
"""A real distributed training: two nodes, a rank on each, gradients averaged over both by torch.distributed (gloo), started by
srun, by torchrun and by mpirun. Both ranks end with the same weights, which one process alone would not have got."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1
import "sites.hwf"

record Rank { rank: Int, world: Int, node: String, local: Int, weights: [Float], loss: Float, own: Int }

task fit(launcher: String) -> (ranks: [File] at "rank*.json") {
  uses "train.py"
  launch LAUNCH
  needs nodes: 2, ranks: 2, cpus: 1, memory: 1GiB, time: 10min
  run \"\"\" python3 train.py \"\"\"
}
workflow w() -> (ranks: [File]) {
  let r = fit("LAUNCH")
  (ranks: r.ranks)
}
"""
TRAIN = '''
import json, os
import torch
import torch.distributed as dist

torch.manual_seed(0)
torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
x = torch.linspace(-1, 1, 64).reshape(-1, 1)
y = 3 * x + 0.5
mine = torch.arange(len(x)) % world == rank            # each rank sees half of the data
model = torch.nn.Linear(1, 1)
for _ in range(200):
    loss = ((model(x[mine]) - y[mine]) ** 2).mean()
    model.zero_grad()
    loss.backward()
    for parameter in model.parameters():
        dist.all_reduce(parameter.grad)
        parameter.data -= 0.1 * parameter.grad / world
with open(f"rank{rank}.json", "w") as out:
    json.dump({"rank": rank, "world": world, "node": os.environ["SLURMD_NODENAME"], "local": int(os.environ["LOCAL_RANK"]),
               "weights": [float(p) for p in torch.cat([p.flatten() for p in model.parameters()])],
               "loss": float(loss), "own": int(mine.sum())}, out)
dist.barrier()
'''


# torch 1.13 reads `--redirects 0`, its default, as None where Python is 3.11: its own launcher with that mended.
TORCHRUN = """#!/usr/bin/python3
import sys
from torch.distributed.elastic.multiprocessing.api import Std
from torch.distributed import run
was = Std.from_str.__func__
Std.from_str = classmethod(lambda cls, text: Std.NONE if text == "0" else was(cls, text))
sys.exit(run.main())
"""


def train(world, launcher):
    world.write("w.hwf", SOURCE.replace("LAUNCH", launcher))
    runs = world.path(f"runs-{launcher}")
    world.must(["hwf", "run", "w.hwf", "--sites", "slurm.hwf", "--runs", runs], seconds=180)
    (run,) = look.run_directories(runs)
    (end,) = look.journal(run, "attempt_ended")
    ranks = []
    for file in end["outputs"]["ranks"]:
        with open(file["path"]) as text:
            ranks.append(json.load(text))
    assert [r["rank"] for r in ranks] == [0, 1] and {r["world"] for r in ranks} == {2}, ranks
    assert {r["node"] for r in ranks} == {"c1", "c2"} and {r["local"] for r in ranks} == {0}, ranks
    assert ranks[0]["weights"] == ranks[1]["weights"], ranks
    slope, offset = ranks[0]["weights"]
    assert abs(slope - 3) < 0.05 and abs(offset - 0.5) < 0.05, ranks
    print(f"{launcher}: {slope:.3f} x + {offset:.3f} on both nodes", flush=True)


def main(world):
    if subprocess.run(["/usr/bin/python3", "-c", "import torch.distributed"], capture_output=True).returncode != 0:
        worlds.skip("/usr/bin/python3 has no torch")
    world.write("train.py", TRAIN)
    world.write("sites.hwf", "hwf 1\nsite here = local()\n")
    # mpirun refuses root unless told twice; tests may run as root.
    world.write("bin/torchrun", TORCHRUN, 0o755)
    setup = f"PATH={world.path('bin')}:$PATH; export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 GLOO_SOCKET_IFNAME=lo"
    world.write("slurm.hwf", f'hwf 1\nsite here = slurm(partition: "cpu", nodes: 2, setup: "{setup}")\n')
    with clusters.cluster(world, gpu_nodes=0):
        for launcher in ("srun", "torchrun", "mpirun"):
            train(world, launcher)


if __name__ == "__main__":
    worlds.main(main)
