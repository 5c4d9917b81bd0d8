#!/usr/bin/env python3
"""What breaks in a Slurm cluster while a run goes on, one scenario a test: its outputs are those of the undisturbed run, and
no attempt ran twice.

usage: chaos.py PROGRAMS SCENARIO
"""

import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import slurm_cluster  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1
import "sites.hwf"

task work(i: Int, side: String, nap: Float) -> (part: File at "part.txt") {
  cache off
  retry 5 on [node_fail, preempted]
  needs cpus: 1, memory: 50MiB, time: 10min
  run \"\"\"
    echo "$HWF_PLACE $HWF_ATTEMPT" >> ~{side}
    sleep ~{nap}
    seq ~{i} > part.txt
  \"\"\"
}
task join(parts: [File]) -> (total: Int) {
  cache off
  retry 5 on [node_fail, preempted]
  needs cpus: 1, memory: 50MiB, time: 10min
  run \"\"\" cat ~{parts} | wc -l > ~{out.total} \"\"\"
}
workflow w(side: String, count: Int = 6, nap: Float = 2.0) -> (total: Int, parts: [File]) {
  let parts = for i in range(count) { work(i, side: side, nap: nap).part }
  (total: join(parts).total, parts: parts)
}
"""
COUNT = 6


class Chaos:
    def __init__(self, world, **cluster):
        self.world, self.options = world, cluster
        self.site = 'partition: "cpu"'
        self.seconds = 240

    def command(self, runs, side="side"):
        return ["hwf", "run", "w.hwf", "--sites", "slurm.hwf", "--side", self.world.path(side), "--count", str(COUNT),
                "--runs", runs]

    def expected(self):
        """Of an undisturbed run."""
        self.world.write("w.hwf", PROGRAM)
        self.world.write("sites.hwf", "hwf 1\nsite here = local()\n")
        self.world.write("slurm.hwf", f"hwf 1\nsite here = slurm({self.site})\n")
        runs = self.world.path("undisturbed")
        self.world.must(self.command(runs, "side0") + ["--nap", "0.0"], seconds=self.seconds)
        return look.outputs(look.run_directories(runs)[0])

    def go(self, disturb):
        """Runs while disturb(self, cluster, run) does its worst."""
        runs = self.world.path("runs")
        with clusters.cluster(self.world, gpu_nodes=0, **self.options) as cluster:
            expected = self.expected()
            engine = self.world.start(self.command(runs), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            (run,) = self.world.until("the run", lambda: look.run_directories(runs))
            disturb(self, cluster, run)
            out, _ = engine.communicate(timeout=self.seconds * worlds.SLOW)
            assert engine.returncode == 0, f"exit {engine.returncode}\n{out.decode()}"
            assert look.outputs(run) == expected, f"{look.outputs(run)} instead of {expected}\n{out.decode()}"
            self.check_side()
            self.world.until("an empty queue", lambda: not clusters.jobs(cluster), 60)
        return run, out.decode()

    def check_side(self):
        lines = self.world.read("side").split("\n")[:-1]
        assert len(lines) == len(set(lines)), f"an attempt ran twice: {lines}"

    def wait_for(self, what, condition, seconds=60):
        return self.world.until(what, condition, seconds)


def running(cluster):
    return [job for job in cluster.queue("RUNNING")]


def kinds(run, kind):
    return look.journal(run, kind)


def after_submit(chaos, cluster, seconds):
    chaos.wait_for("a submission", lambda: cluster.queue("all"))
    time.sleep(seconds)
    cluster.kill("slurmctld")
    time.sleep(2)
    cluster.start_slurmctld()


def controller_killed_at_1s(world):
    """What was submitted less than 5 s before is forgotten, though it may run: ids come again."""
    Chaos(world).go(lambda chaos, cluster, run: after_submit(chaos, cluster, 1))


def controller_killed_at_8s(world):
    chaos = Chaos(world)
    chaos.site += ", throttle: 1"  # so that elements wait when it dies
    chaos.go(lambda one, cluster, run: after_submit(one, cluster, 8))


def controller_stopped(world):
    """sbatch times out, and the job is submitted all the same when the controller goes on."""

    def disturb(chaos, cluster, run):
        pid = cluster.pid("slurmctld")
        chaos.wait_for("the agent", lambda: os.path.exists(f"{run}/agents/here/submissions"))
        os.kill(pid, signal.SIGSTOP)
        time.sleep(9)  # MessageTimeout is 5 s
        os.kill(pid, signal.SIGCONT)

    Chaos(world).go(disturb)


def slurmd_killed(world):
    def disturb(chaos, cluster, run):
        chaos.wait_for("a running job", lambda: running(cluster))
        for node in cluster.nodes:
            cluster.kill(f"slurmd.{node}")
        time.sleep(3)
        for node in cluster.nodes:
            cluster.start_slurmd(node)

    Chaos(world).go(disturb)


def stepd_killed(world):
    """The job's processes go on for a while; Slurm says that its node failed. Another attempt does it again."""

    def disturb(chaos, cluster, run):
        chaos.wait_for("a running job", lambda: running(cluster))
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/comm") as comm, open(f"/proc/{entry}/cmdline", "rb") as line:
                    ours = comm.read().startswith("slurmstepd")
                    words = line.read()
                with open(f"/proc/{entry}/environ", "rb") as env:
                    ours = ours and f"SLURM_CONF={cluster.conf}".encode() in env.read().split(b"\0")
            except OSError:
                continue
            if ours and words:
                os.kill(int(entry), signal.SIGKILL)

    Chaos(world).go(disturb)


def jobs_forgotten_soon(world):
    """MinJobAge 2: what has ended is gone when Slurm is asked."""
    Chaos(world, settings=["MinJobAge=2"]).go(lambda chaos, cluster, run: None)


def accounting_in_a_file(world):
    Chaos(world, accounting="filetxt", settings=["MinJobAge=2"]).go(lambda chaos, cluster, run: None)


def accounting_in_a_database(world):
    """A runner is killed, its job is forgotten: accounting says that it failed."""

    def disturb(chaos, cluster, run):
        chaos.wait_for("a running job", lambda: running(cluster))
        cluster.kill("slurmdbd")
        time.sleep(1)
        cluster.start_slurmdbd()

    Chaos(world, accounting="dbd", settings=["MinJobAge=2"]).go(disturb)


def elements_cancelled_by_others(world):
    """Elements of an array that somebody cancels while they are pending leave no trace in Slurm: they are lost, never began,
    and are submitted again."""

    def disturb(chaos, cluster, run):
        chaos.wait_for("pending elements", lambda: len(cluster.queue("PENDING")) >= 3 and running(cluster))
        array = running(cluster)[0]["array"]
        cluster.run("scancel", f"{array}_[4-5]")

    chaos = Chaos(world)
    chaos.site += ", throttle: 2"
    chaos.go(disturb)


def submit_limits(world):
    """Slurm holds four jobs at a time, and takes no array of six: it is tried with fewer."""
    _, out = Chaos(world, settings=["MaxJobCount=4", "MinJobAge=2"]).go(lambda chaos, cluster, run: None)
    assert "Slurm takes no more jobs now" in out, out


SCENARIOS = [controller_killed_at_1s, controller_killed_at_8s, controller_stopped, slurmd_killed, stepd_killed,
             jobs_forgotten_soon, accounting_in_a_file, accounting_in_a_database, elements_cancelled_by_others, submit_limits]


def main(world):
    name = world.arguments[0] if world.arguments else ""
    chosen = [one for one in SCENARIOS if one.__name__ == name]
    if not chosen:
        raise SystemExit(f"usage: chaos.py PROGRAMS {' | '.join(one.__name__ for one in SCENARIOS)}")
    if name == "accounting_in_a_database" and slurm_cluster.missing("dbd"):
        worlds.skip("not installed: " + " ".join(slurm_cluster.missing("dbd")))
    chosen[0](world)


if __name__ == "__main__":
    worlds.main(main)
