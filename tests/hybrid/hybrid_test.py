#!/usr/bin/env python3
"""examples/hybrid as it is, on three real sites: this machine, a second host over SSH as the edge, a Slurm that trains in a
container. A person approves the first model at once, refuses the second, or rejects the first and approves the second; then
the edge has the bytes that were approved, and they read better than those before."""

import getpass
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path[:0] = [SUPPORT, os.path.join(SUPPORT, "containers")]
import apptainer  # noqa: E402
import clusters  # noqa: E402
import python_image  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

EXAMPLE = os.path.join(HERE, "..", "..", "examples", "hybrid")
SITES = """hwf 1

site here    = local()
site edge    = ssh(host: "far", workdir: "~/hwf", cpus: 2, memory: 2GiB)
site cluster = slurm(partition: "cpu", max_time: 12h, cpus_per_node: 8, memory_per_node: 16GiB, containers: apptainer,
                     setup: "export PATH={path} APPTAINER_DROP_CAPS=CAP_SYS_RESOURCE")
group board = ["{me}"]
"""


class Hybrid:
    def __init__(self, world, host, cluster, image):
        self.world, self.host, self.cluster, self.image = world, host, cluster, image
        self.to = str(host.home / "product")

    def start(self, name):
        self.runs = self.world.path(name)
        self.log = open(self.world.path(f"{name}.log"), "w")
        self.engine = self.world.start(
            ["hwf", "run", "hybrid.hwf", "--sites", "ours.hwf", "--image", self.image, "--to", self.to, "--runs", self.runs],
            stdout=self.log, stderr=self.log)

    def review(self, place):
        """What the person sees who opens the review there."""
        def opened():
            return [r for r in look.open_reviews(self.world, self.runs) if r["place"] == place]
        (found,) = self.world.until(f"the review {place}", opened, 180)
        self.run = look.run_directories(self.runs)[-1]
        return self.world.must(["hwf", "review", "show", found["run"], found["review"], "--json", "--runs", self.runs]).json()

    def answer(self, review, *words):
        done = look.answer(self.world, self.runs, review, *words)
        assert done.status == 0, repr(done)

    def end(self, status=0):
        assert self.engine.wait(timeout=180 * worlds.SLOW) == status, open(self.log.name).read()

    def at_the_edge(self):
        path = os.path.join(self.to, "model.npz")
        with open(path, "rb") as file:
            return file.read()

    def site_of(self, place):
        (submitted,) = [e for e in look.journal(self.run, "attempt_submitted") if e["place"] == place]
        return submitted["site"]


def shown(review, field):
    """The frozen file that the review shows under this name."""
    (evidence,) = review["show"]
    return evidence["value"][field]["path"]


def content(path):
    with open(path, "rb") as file:
        return file.read()


def approved_at_once(hybrid):
    hybrid.start("at_once")
    judged = hybrid.review("judged")
    sheet = content(shown(judged, "sheet")).decode()
    assert sheet.startswith("The 24 least certain of 300 readings"), sheet
    assert hybrid.site_of("seen") == hybrid.site_of("camera") == "edge"
    model = content(shown(judged, "model"))
    hybrid.answer(judged, "approve")
    hybrid.end()
    assert hybrid.at_the_edge() == model
    assert not hybrid.cluster.queue("all"), "something was trained that nobody asked for"
    # The camera's pictures never left the edge.
    assert not [d for d in os.listdir(f"{hybrid.run}/store") if os.path.exists(f"{hybrid.run}/store/{d}/pictures")]
    return model


def rejected(hybrid, name):
    """Up to the second question; the first model must still be in its place."""
    hybrid.start(name)
    hybrid.answer(hybrid.review("judged"), "reject", "--why", "it cannot tell an 8 from a 3")
    verdict = hybrid.review("improve.verdict")
    assert verdict["question"].startswith("it cannot tell an 8 from a 3: "), verdict["question"]
    hybrid.world.until("no allocation while a person thinks", lambda: not clusters.jobs(hybrid.cluster))
    return verdict


def refused(hybrid, first):
    hybrid.answer(rejected(hybrid, "refused"), "refuse", "--reason", "not before Monday")
    hybrid.end(status=1)
    assert "not before Monday" in open(hybrid.log.name).read()
    assert hybrid.at_the_edge() == first


def trained_and_approved(hybrid, first):
    verdict = rejected(hybrid, "trained")
    assert hybrid.site_of("improve.trained") == "cluster"
    epochs = [e["values"]["n"] for e in look.journal(hybrid.run, "emission") if e["place"] == "improve.trained"]
    assert epochs and epochs[-1] == 40, epochs
    name = os.path.basename(hybrid.run)
    logs = hybrid.world.must(["hwf", "logs", name, "improve.trained", "--stderr", "--runs", hybrid.runs]).out
    assert logs.startswith(python_image.GREETING), f"trained outside of the container: {logs}"
    model = content(shown(verdict, "model"))
    assert hybrid.at_the_edge() == first != model
    hybrid.answer(verdict, "approve")
    hybrid.end()
    assert hybrid.at_the_edge() == model, "the edge has other bytes than those that were approved"
    return model


def reads_better(world, first, second):
    """On labelled pictures that no model was trained on, measured by the example's own scripts."""
    world.write("first.npz", first)
    world.write("second.npz", second)
    world.must(["python3", "pictures.py", "held-out", "40", "held-out"])
    world.must(["python3", "validate.py", "--old", "first.npz", "--new", "second.npz", "--pictures", "held-out", "--scores", "s"])
    scores = world.must(["cat", "s"]).json()
    print(f"right readings: {scores['old']:.1%} before, {scores['new']:.1%} after")
    assert scores["new"] > scores["old"] + 0.05 and scores["new"] > 0.9, scores


def main(world):
    if subprocess.run(["/usr/bin/python3", "-c", "import sklearn"], capture_output=True).returncode != 0:
        worlds.skip("/usr/bin/python3 has no scikit-learn")
    try:
        prefix = apptainer.install()
        image = python_image.make(prefix)
    except apptainer.Unavailable as why:
        worlds.skip(f"apptainer: {why}")
    shutil.copytree(EXAMPLE, world.dir, dirs_exist_ok=True)
    path = f"{prefix}/bin:{world.env['PATH']}"
    world.env.update(PATH=path, APPTAINER_DROP_CAPS="CAP_SYS_RESOURCE")
    world.write("ours.hwf", SITES.format(path=path, me=getpass.getuser()))
    with ssh_world.far_site(world, second_host=True) as host, clusters.cluster(world, gpu_nodes=0, memory=16384) as cluster:
        checks = {c["what"]: c["verdict"] for c in world.must(["hwf", "doctor", "cluster", "ours.hwf", "--json"]).json()["checks"]}
        assert checks["containers"] == "ok", checks
        hybrid = Hybrid(world, host, cluster, image)
        first = approved_at_once(hybrid)
        refused(hybrid, first)
        second = trained_and_approved(hybrid, first)
        reads_better(world, first, second)


if __name__ == "__main__":
    worlds.main(main)
