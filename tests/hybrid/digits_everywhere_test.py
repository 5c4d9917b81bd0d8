#!/usr/bin/env python3
"""examples/digits, with nothing in it changed, on this machine, on a real Slurm and on a second host over SSH, by `--sites`
alone: the same metrics and the very same model. Two of the safety board release it each time, by signed answers."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import digits_example as digits  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

PEOPLE = {"ana": ["ml-team", "safety-board"], "ben": ["safety-board", "head-of-lab"]}


def write_people(world):
    people = []
    for name, groups in PEOPLE.items():
        key = world.path(name)
        world.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key])
        people.append({"name": name, "groups": groups, "keys": [world.read(name + ".pub").strip()]})
    world.write("people", json.dumps({"v": 1, "people": people}))


def release(world, runs):
    """Both look at the trained model and approve it."""
    asked = world.until("the release review", lambda: digits.review(world, runs, "Release"), 180)
    for name in PEOPLE:
        signed = ["--sign", world.path(name), "--as", name]
        done = look.answer(world, runs, asked, "approve", *signed)
        assert done.status == 0, f"{name}: {done!r}"


def on(world, site, released):
    """One run there; its outputs and where it ran."""
    runs = world.path(f"runs-{site}")
    log = open(world.path(f"{site}.log"), "w")
    line = ["hwf", "run", "digits.hwf", "--sites", f"sites/{site}.hwf", "--people", "people", "--runs", runs,
            "--epochs", "8", "--passes", "3", "--look-every", "100", "--release-to", released]
    engine = world.start(line, stdout=log, stderr=log)
    release(world, runs)
    assert engine.wait(timeout=120 * worlds.SLOW) == 0, world.read(f"{site}.log")
    (run,) = look.run_directories(runs)
    sites = {e["place"]: e["site"] for e in look.journal(run, "attempt_submitted")}
    assert sites == {"data": "here", "job": "here", "publish": "here"}, sites
    with open(os.path.join(released, "digits.pkl"), "rb") as model:
        return look.outputs(run), model.read()


def main(world):
    digits.need_sklearn()
    digits.sources(world, changes=())
    write_people(world)
    found = {"local": on(world, "local", world.path("released-local"))}
    with clusters.cluster(world, gpu_nodes=0, memory=digits.NODE_MEMORY, partitions=[digits.PARTITION]) as cluster:
        found["slurm"] = on(world, "slurm", world.path("released-slurm"))
        world.until("its jobs have left the queue", lambda: not clusters.jobs(cluster))
        states = {job["state"] for job in clusters.jobs(cluster, "all")}
        assert states == {"COMPLETED"} and len(clusters.jobs(cluster, "all")) == 3, clusters.jobs(cluster, "all")
    with ssh_world.far_site(world, second_host=True) as host:
        digits.name_host(world, host)
        found["ssh"] = on(world, "ssh", str(host.home / "released"))
        assert "released" in host.as_user("ls")

    outputs, model = found["local"]
    assert outputs["metrics"]["epochs"] == 8 and outputs["metrics"]["accuracy"] > 0.9, outputs
    for site, (others, other) in found.items():
        assert others == outputs, f"{site}: {others} instead of {outputs}"
        assert other == model, f"{site}: another model than local's"
    print(f"the same on {', '.join(found)}: accuracy {outputs['metrics']['accuracy']:.3f}")


if __name__ == "__main__":
    worlds.main(main)
