#!/usr/bin/env python3
"""`hwf doctor SITE` finds what is wrong with a Slurm site before a run does, and submits nothing."""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import world as worlds  # noqa: E402

SITES = """hwf 1
site good = slurm(partition: "cpu", cpus_per_node: 8, memory_per_node: 3GiB)
site nowhere = slurm(partition: "nowhere")
site proud = slurm(partition: "cpu", cpus_per_node: 80)
site owed = slurm(partition: "cpu", features: "unobtainium")
site boxed = slurm(partition: "cpu", containers: singularity)
site brought = slurm(partition: "cpu", containers: singularity, setup: "module load singularity")
"""

TASKS = """hwf 1
import "sites.hwf"

task fits() -> (n: Int at stdout) {
  on good
  needs cpus: 8, memory: 2GiB, time: 1h
  run \"\"\" echo 1 \"\"\"
}
task no_gpus() -> (n: Int at stdout) {
  on good
  needs gpus: 1
  run \"\"\" echo 1 \"\"\"
}
task depends(n: Int) -> (n: Int at stdout) {
  on good
  needs cpus: n * attempt
  run \"\"\" echo 1 \"\"\"
}
task elsewhere() -> (n: Int at stdout) {
  on proud
  run \"\"\" echo 1 \"\"\"
}
"""


def look(world, site, status, *file):
    checks = world.must(["hwf", "doctor", site, *file, "--json"], status=status).json()["checks"]
    return {check["what"]: (check["verdict"], check["found"]) for check in checks}


def main(world):
    world.write("sites.hwf", SITES)
    with clusters.cluster(world) as cluster:
        good = look(world, "good", 0)
        assert good["partition"][0] == "ok" and "2 nodes of up to 8 CPUs" in good["partition"][1], good
        assert good["controller"][0] == good["a small job"][0] == good["limits"][0] == "ok", good
        assert good["workdir"][0] == "ok" and good["nodes"][0] == "look", good  # below /tmp

        world.write("tasks.hwf", TASKS)
        tasks = {what: check for what, check in look(world, "good", 3, "tasks.hwf").items() if what.startswith("task ")}
        assert tasks["task fits"] == ("ok", "would be taken"), tasks
        assert tasks["task no_gpus"][0] == "bad" and "configuration is not available" in tasks["task no_gpus"][1], tasks
        assert tasks["task depends"] == ("ok", "its `cpus` depends on its arguments: not asked"), tasks
        assert len(tasks) == 3, tasks

        nowhere = look(world, "nowhere", 3)
        assert nowhere["partition"][0] == "bad" and "there are: cpu, debug, gpu" in nowhere["partition"][1], nowhere
        assert look(world, "proud", 0)["cpus_per_node"][0] == "look"
        owed = look(world, "owed", 3)
        assert owed["a small job"][0] == "bad" and "feature" in owed["a small job"][1].lower(), owed
        if not shutil.which("singularity"):
            boxed = look(world, "boxed", 3)
            assert boxed["containers"][0] == "bad" and "singularity does not answer" in boxed["containers"][1], boxed
            assert look(world, "brought", 0)["containers"][0] == "look"
        assert not clusters.jobs(cluster, "all"), "it submitted something"

        cluster.kill("slurmctld")
        down = look(world, "good", 3)
        assert down["controller"][0] == "bad" and "DOWN" in down["controller"][1], down
    missing = world.run(["hwf", "doctor", "good", "--json"], env={"PATH": world.programs + ":/bin/nowhere"})
    assert missing.status == 3 and "login" in missing.out, repr(missing)


if __name__ == "__main__":
    worlds.main(main)
