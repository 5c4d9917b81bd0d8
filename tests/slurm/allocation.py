#!/usr/bin/env python3
"""A `for` inside one allocation of a real Slurm, and what may end it: each scenario a test. Whatever happens, all elements
come out right, no attempt runs twice, and Slurm has as many jobs as are said here.

usage: allocation.py PROGRAMS SCENARIO
"""

import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1
import "sites.hwf"

task work(i: Int, side: String, nap: Float, first: Float = 0.0, patience: Int = 0) -> (n: Int) {
  cache off
  retry 2 on [time_limit]
  needs cpus: 1, memory: 20MiB
  run \"\"\"
    echo "$HWF_PLACE $HWF_ATTEMPT $SLURM_JOB_ID $SLURM_NODEID" >> ~{side}
    if [ ~{i} -lt ~{patience} ] && [ $HWF_ATTEMPT = 1 ]; then sleep ~{first}; else sleep ~{nap}; fi
    echo $((~{i} * 2)) > ~{out.n}
  \"\"\"
}
workflow w(side: String, count: Int, nap: Float, first: Float = 0.0, patience: Int = 0) -> (all: [Int]) {
  let all = for i in range(count) { work(i, side: side, nap: nap, first: first, patience: patience).n }
  (all: all)
}
"""
REVIEWED = PROGRAM.replace("""  (all: all)
}
""", """  let go = await review "Go on?" {
    show all
    choose yes | no
  }
  let more = match go {
    yes => for i in range(count) { work(i, side: side, nap: nap).n }
    no  => all
  }
  (all: more)
}
""")


class Scene:
    """A world with a cluster and a run in it."""

    def __init__(self, world, cluster, program=PROGRAM, nodes=2, time_limit="10min"):
        self.world, self.cluster = world, cluster
        world.write("w.hwf", program)
        world.write("sites.hwf", f'hwf 1\nsite here = slurm(partition: "cpu", allocation: {nodes}, max_time: {time_limit})\n')
        self.runs = world.path("runs")

    def start(self, **params):
        words = [word for name, value in params.items() for word in (f"--{name}", str(value))]
        self.count = params["count"]
        command = ["hwf", "run", "w.hwf", "--side", self.world.path("side"), "--runs", self.runs, *words]
        self.log = open(self.world.path("out"), "ab")
        self.engine = self.world.start(command, stdout=self.log, stderr=subprocess.STDOUT)
        (self.run,) = self.world.until("the run", lambda: look.run_directories(self.runs))

    def resume(self):
        self.engine = self.world.start(["hwf", "resume", os.path.basename(self.run), "--runs", self.runs], stdout=self.log,
                                       stderr=subprocess.STDOUT)

    def side(self):
        """What began: [place, attempt, job, node]."""
        try:
            return [line.split() for line in self.world.read("side").splitlines()]
        except FileNotFoundError:
            return []

    def submissions(self):
        return [e for e in look.events(f"{self.run}/agents/here/submissions") if e["kind"] == "intent"]

    def jobs(self):
        return {row["array"] for row in self.cluster.queue("all")}

    def running(self):
        return [row for row in self.cluster.queue("RUNNING")]

    def finish(self, jobs, seconds=240):
        status = self.engine.wait(timeout=seconds * worlds.SLOW)
        assert status == 0, f"exit {status}\n{self.world.read('out')}"
        expected = [2 * i for i in range(self.count)]
        assert look.outputs(self.run) == {"all": expected}, look.outputs(self.run)
        began = [(place, attempt) for place, attempt, *_ in self.side()]
        assert len(began) == len(set(began)), "an attempt ran twice"
        self.world.until("nothing held", lambda: not clusters.jobs(self.cluster), 30)
        assert len(self.jobs()) == jobs, f"{self.cluster.queue('all')} instead of {jobs} jobs"
        assert len(self.submissions()) == jobs, self.submissions()

    def ended(self, failure):
        return [e for e in look.journal(self.run, "attempt_ended") if e.get("failure") == failure]


def a_whole_for(world):
    """300 elements are one job on two nodes. Meanwhile the engine is killed, and the agent; the allocation goes on."""
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        scene = Scene(world, cluster)
        scene.start(count=300, nap=0.5)
        world.until("some have begun", lambda: len(scene.side()) >= 20, 60)
        (job,) = scene.jobs()
        ask = ["hwf", "status", os.path.basename(scene.run), "--runs", scene.runs]
        world.until("status says where", lambda: f"in allocation {job}" in world.must(ask).out)
        scene.engine.send_signal(signal.SIGKILL)
        scene.engine.wait(timeout=30)
        for pid, line in world.processes():
            if " slurm --run " in line:
                os.kill(pid, signal.SIGKILL)
        before = len(scene.side())
        world.until("it goes on alone", lambda: len(scene.side()) >= before + 50, 60)
        scene.resume()
        scene.finish(jobs=1)
        assert {node for *_, node in scene.side()} == {"0", "1"}
        assert not scene.ended("node_fail"), scene.ended("node_fail")


def ends_by_its_time(world):
    """Two elements take longer than the allocation has: Slurm ends them. Nothing begins that has no time left."""
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        scene = Scene(world, cluster, time_limit="1min")
        scene.start(count=90, nap=8.0, first=600.0, patience=2)
        scene.finish(jobs=2, seconds=400)
        late = scene.ended("time_limit")
        assert {e["place"] for e in late} == {"all.0.work", "all.1.work"}, late
        assert "time limit in Slurm" in late[0]["message"], late[0]


def a_node_dies(world):
    with clusters.cluster(world, gpu_nodes=0, nodes=3) as cluster:
        scene = Scene(world, cluster)
        scene.start(count=200, nap=4.0)
        # On both: Slurm would give a job that never came to c2 the same node again, until it notices that it is dead.
        world.until("many have begun", lambda: len(scene.side()) >= 40 and len({row[3] for row in scene.side()}) == 2, 60)
        cluster.kill("slurmd.c2")
        scene.finish(jobs=2, seconds=300)
        assert scene.ended("node_fail"), "what ran was lost with the node"


def a_review_lets_it_go(world):
    """While a person is awaited no node is held; then there is another allocation."""
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        scene = Scene(world, cluster, REVIEWED)
        scene.start(count=40, nap=0.1)
        review = world.until("the review", lambda: look.open_reviews(world, scene.runs), 60)[0]
        asked = time.monotonic()
        world.until("nothing held", lambda: not clusters.jobs(cluster), 15)
        print(f"let go {time.monotonic() - asked:.1f} s after the question")
        known = scene.jobs()
        answered = time.monotonic()
        assert look.answer(world, scene.runs, review, "yes").status == 0
        world.until("another allocation", lambda: scene.jobs() - known)
        print(f"submitted {time.monotonic() - answered:.2f} s after the answer")
        scene.finish(jobs=2)


def a_cancelled_run(world):
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        scene = Scene(world, cluster)
        scene.start(count=100, nap=300.0)
        world.until("some have begun", lambda: len(scene.side()) >= 16, 60)
        world.must(["hwf", "cancel", os.path.basename(scene.run), "--runs", scene.runs])
        assert scene.engine.wait(timeout=60 * worlds.SLOW) == 1
        world.until("nothing held", lambda: not clusters.jobs(cluster), 15)
        assert len(scene.side()) == 16, "nothing more began"


def one_alone(world):
    """What is no `for` has a job of its own, of its own size."""
    with clusters.cluster(world, gpu_nodes=0) as cluster:
        scene = Scene(world, cluster)
        scene.start(count=1, nap=0.0)
        scene.finish(jobs=1)
        assert scene.submissions()[0].get("nodes", 0) == 0, json.dumps(scene.submissions())


SCENARIOS = [a_whole_for, ends_by_its_time, a_node_dies, a_review_lets_it_go, a_cancelled_run,
             one_alone]


def main(world):
    name = world.arguments[0] if world.arguments else ""
    chosen = [one for one in SCENARIOS if one.__name__ == name]
    if not chosen:
        raise SystemExit(f"usage: allocation.py PROGRAMS {' | '.join(one.__name__ for one in SCENARIOS)}")
    chosen[0](world)


if __name__ == "__main__":
    worlds.main(main)
