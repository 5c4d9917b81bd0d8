#!/usr/bin/env python3
"""A cluster that is not as its site says: each gives one clear line, and waits where waiting can help.

usage: broken.py PROGRAMS SCENARIO
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1

site here = slurm(SITE)

task work(i: Int) -> (part: File at "part.txt") {
  cache off
  needs cpus: 1, memory: 50MiB, time: 10min
  run \"\"\" seq ~{i} > part.txt \"\"\"
}
workflow w() -> (parts: [File]) {
  (parts: for i in range(4) { work(i).part })
}
"""


def write(world, site):
    world.write("w.hwf", PROGRAM.replace("SITE", site))


def mount(directory, options, *more):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, *more, "tmpfs", directory], check=True)


def no_space_in_workdir(world):
    """A workdir that is full: said, waited for, and the run ends well once there is room."""
    small, runs = world.path("small"), world.path("runs")
    os.mkdir(small)
    mount(small, "size=256k")
    try:
        with open(os.path.join(small, "others"), "wb") as others, clusters.cluster(world, gpu_nodes=0):
            others.write(b"x" * (220 << 10))
            others.flush()
            write(world, f'partition: "cpu", workdir: "{small}"')
            engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            (run,) = world.until("the run", lambda: look.run_directories(runs))

            def said():
                return [e["why"] for e in look.journal(run, "site_troubled") if "No space left" in e["why"] or "disk full" in e["why"]]

            why = world.until("word of the full disk", said, 60)
            assert small in why[0], why
            mount(small, "remount,size=64m")
            out, _ = engine.communicate(timeout=120 * worlds.SLOW)
            assert engine.returncode == 0, out.decode()
            assert len(look.outputs(run)["parts"]) == 4
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def unknown_account(world):
    """Where Slurm enforces its associations: the attempts end with Slurm's words, none is tried again, nothing is queued."""
    with clusters.cluster(world, gpu_nodes=0, accounting="dbd", settings=["AccountingStorageEnforce=associations"]) as cluster:
        cluster.run("sacctmgr", "-i", "add", "account", "lab", "Cluster=hwftest")
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        cluster.run("sacctmgr", "-i", "add", "user", user, "account=lab", "Cluster=hwftest")
        write(world, 'partition: "cpu", account: "nobodys"')
        runs = world.path("runs")
        done = world.run(["hwf", "run", "w.hwf", "--runs", runs])
        assert done.status == 1 and "Invalid account" in done.text, done
        (run,) = look.run_directories(runs)
        ends = look.journal(run, "attempt_ended")
        assert [e["failure"] for e in ends] == ["site"] * len(ends) and len(ends) <= 4, ends
        assert not cluster.queue("all"), cluster.queue("all")
        # The account that there is.
        write(world, 'partition: "cpu", account: "lab"')
        world.must(["hwf", "run", "w.hwf", "--runs", world.path("runs2")])
        world.until("the account in Slurm's records", lambda: set(cluster.run("sacct", "-n", "-X", "-P", "-o", "Account").split()) == {"lab"}, 30)


SCENARIOS = {"no_space_in_workdir": no_space_in_workdir, "unknown_account": unknown_account}


if __name__ == "__main__":
    scenario = SCENARIOS[sys.argv.pop(2)]
    worlds.main(scenario)
