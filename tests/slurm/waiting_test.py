#!/usr/bin/env python3
"""Why jobs wait is said where people look: once for all that wait for the same."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1
site cluster = slurm(partition: "cpu")

task square(n: Int) -> (n: Int at stdout) {
  on cluster
  run \"\"\" echo $((~{n} * ~{n})) \"\"\"
}
workflow w() -> (all: [Int]) {
  (all: for i in range(20) { square(i).n })
}
"""


def main(world):
    world.write("w.hwf", SOURCE)
    runs = world.path("runs")
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        cluster.run("scontrol", "update", "nodename=c[1-2]", "state=drain", "reason=test")
        with open(world.path("log"), "w") as log:
            engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=log, stderr=log)

        def told():
            if not look.run_directories(runs):
                return ""
            out = world.run(["hwf", "status", "--runs", runs]).out  # it may not have begun
            return out if "drained" in out and " and 19 more " in out else ""  # it is told of one after the other

        status = world.until("the reason", told, 30)
        assert status.count("drained") == 1, status
        waiting = [t["waiting"] for t in world.must(["hwf", "status", "--json", "--runs", runs]).json()["tasks"]]
        assert len(waiting) == 20 and all("drained" in why for why in waiting), waiting
        cluster.run("scontrol", "update", "nodename=c[1-2]", "state=resume")
        assert engine.wait(timeout=60) == 0, world.read("log")
        log = world.read("log")
        # Slurm words it in two ways, one after the other; each is said once, not of each element.
        said = [line.split(": ", 1)[1] for line in log.splitlines() if " waits " in line]
        assert said and len(said) == len(set(said)), log
        (run,) = look.run_directories(runs)
        assert look.outputs(run) == {"all": [n * n for n in range(20)]}


if __name__ == "__main__":
    worlds.main(main)
