#!/usr/bin/env python3
"""The link to a login node is cut: while a file is on its way there, which goes on where it was, and while the agent there has
more to submit than the site lets it, which it goes on doing alone. Why jobs wait is told here in Slurm's words. TMPDIR is the
node's own."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

TASKS = 6
SOURCE = """hwf 1

site train = slurm(login: "far", workdir: "WORKDIR", partition: "cpu", max_jobs: 2)

task make() -> (data: File at "data") {
  run \"\"\"
    head -c 6000000 /dev/urandom > ~{out.data}
  \"\"\"
}
task use(data: File, n: Int) -> (size: Int at stdout) {
  on train
  run \"\"\"
    echo ~{n} >> "$HOME/claims"
    sleep 1
    test "$TMPDIR" = OF_THE_NODE
    wc -c < ~{data}
  \"\"\"
}
workflow w() -> (sizes: [Int]) {
  let made = make()
  let sizes = for n in range(TASKS) {
    let one = use(made.data, n: n)
    one.size
  }
  (sizes: sizes)
}
"""


def main(world):
    of_the_node = world.path("of-the-node")
    os.mkdir(of_the_node)
    os.chmod(of_the_node, 0o777)  # else Slurm gives the job another
    prolog = world.write("prolog", f"#!/bin/sh\necho export TMPDIR={of_the_node}\n", mode=0o755)
    with ssh_world.far_site(world, second_host=True) as host, \
            clusters.cluster(world, nodes=1, gpu_nodes=0, settings=[f"TaskProlog={prolog}"], inside=host.inside(), host=host.space) as cluster:
        host.env = {"SLURM_CONF": cluster.conf, "TMPDIR": "/tmp/of-the-login-node"}
        host.restart()
        cluster.run("scontrol", "update", "partition=cpu", "state=down")
        source = SOURCE.replace("WORKDIR", f"{host.home}/it's a dir").replace("TASKS", str(TASKS))
        world.write("w.hwf", source.replace("OF_THE_NODE", of_the_node))
        runs = world.path("runs")
        log = open(world.path("run.log"), "w")
        engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=log, stderr=log)

        def incoming():
            return host.as_user("find . -path '*/store/.in-*' -type f -size +100k").splitlines()

        # The tools go there first, over a fast link.
        world.until("the login node is reached", lambda: host.as_user("find . -name hwf-runner -path '*/bin/hwf-*'"), 60)
        host.slow("8mbit")
        world.until("a part of the file is there", incoming, 60)
        (run,) = look.run_directories(runs)

        def status():
            return world.must(["hwf", "status", os.path.basename(run), "--json", "--runs", runs]).json()

        def waiting():
            return [task.get("waiting", "") for task in status()["tasks"]]

        host.cut()
        world.until("the site is in trouble", lambda: "train" in status()["troubled_sites"], 60)
        host.slow(None)
        host.mend()
        world.until("why the jobs wait", lambda: any("PartitionDown" in words for words in waiting()), 90)
        assert not incoming(), "a part of the file was left"
        assert len(clusters.jobs(cluster)) == 2, clusters.jobs(cluster)

        # All of them are with the agent there; nothing but its own will gets them on.
        assert len([e for e in look.journal(run, "attempt_submitted") if e["site"] == "train"]) == TASKS
        host.cut()
        world.until("the site is in trouble again", lambda: "train" in status()["troubled_sites"], 60)
        cluster.run("scontrol", "update", "partition=cpu", "state=up")
        world.until("all ran", lambda: len(host.as_user("cat claims || true").split()) == TASKS, 90)
        assert not [e for e in look.journal(run, "attempt_ended") if e["place"] != "made"], "who told it?"
        assert engine.poll() is None
        host.mend()
        assert engine.wait(timeout=120 * worlds.SLOW) == 0, world.read("run.log")
        assert look.outputs(run) == {"sizes": [6000000] * TASKS}, look.outputs(run)
        assert sorted(host.as_user("cat claims").split()) == [str(n) for n in range(TASKS)], "something ran twice"


if __name__ == "__main__":
    worlds.main(main)
