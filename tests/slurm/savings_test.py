#!/usr/bin/env python3
"""What arrays, packs and allocations save in a run, counted by a real Slurm: the same `for` on the same cluster, with
elements one by one (a Slurm that takes no arrays), as an array, in packs, and inside an allocation. Counted are submissions
(RPCs of sbatch, by sdiag) and jobs (ids that Slurm gave, those of an array's elements too)."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1
import "sites.hwf"

task double(n: Int) -> (m: Int) {
  cache off
  needs cpus: 1, memory: 20MiB
  run \"\"\" echo $((~{n} * 2)) > ~{out.m} \"\"\"
}
workflow w() -> (all: [Int]) {
  let all = for n in range(24) { double(n).m }
  (all: all)
}
"""
COUNT = 24


def go(world, cluster, name, fields):
    world.write("sites.hwf", f'hwf 1\nsite here = slurm(partition: "cpu"{fields})\n')
    cluster.run("sdiag", "--reset")
    known = {job["id"] for job in cluster.queue("all")}
    runs = world.path(name)
    world.must(["hwf", "run", "w.hwf", "--runs", runs])
    assert look.outputs(look.run_directories(runs)[0]) == {"all": [2 * n for n in range(COUNT)]}
    world.until("an empty queue", lambda: not clusters.jobs(cluster), 30)
    asked = re.search(r"REQUEST_SUBMIT_BATCH_JOB\s*\(\s*\d+\)\s*count:(\d+)", cluster.run("sdiag"))
    jobs = {job["id"] for job in cluster.queue("all")} - known
    print(f"{name}: {asked.group(1)} submissions, {len(jobs)} jobs")
    return int(asked.group(1)), len(jobs)


def main(world):
    world.write("w.hwf", PROGRAM)
    with clusters.cluster(world, gpu_nodes=0, settings=["MaxArraySize=2"]) as cluster:
        assert go(world, cluster, "each", "") == (COUNT, COUNT)
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        assert go(world, cluster, "array", "") == (1, COUNT)
        assert go(world, cluster, "packs", ", pack: 8") == (1, COUNT // 8)
        assert go(world, cluster, "allocation", ", allocation: 2, max_time: 5min") == (1, 1)


if __name__ == "__main__":
    worlds.main(main)
