#!/usr/bin/env python3
"""Ranks over two nodes of a real Slurm, plain and each in a container of its own: they find each other, a failure is the task's own
exit code, a container that cannot start is the site's, a time limit leaves nothing, a secret is in no file."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path[:0] = [SUPPORT, os.path.join(SUPPORT, "containers")]
import apptainer  # noqa: E402
import clusters  # noqa: E402
import images  # noqa: E402
import python_image  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SECRET = f"hush-{os.urandom(6).hex()}"
SITES = """hwf 1
site cluster = slurm(partition: "cpu", nodes: 2, containers: ENGINE, secrets: [TOKEN: env("TOKEN")],
                     setup: "export PATH=PATHS APPTAINER_DROP_CAPS=CAP_SYS_RESOURCE")
"""
TASK = """hwf 1
import "sites.hwf"

task work() -> (files: [File] at "rank*.txt", said: String at stdout) {
  on     cluster
  IMAGE
  needs  nodes: 2, ranks: 4, cpus: 2, memory: 200MiB, time: LIMIT
  secret TOKEN
  run \"\"\"
    SCRIPT
  \"\"\"
}
workflow w() -> (said: String) { (said: work().said) }
"""
# All of them at the first rank's address: the mean of what each brings.
MEET = """
import os, socket, time
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
at = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    server = socket.create_server(at)
    others = [server.accept()[0] for _ in range(world - 1)]
    mean = sum(int(s.recv(64)) for s in others) / world
    for s in others:
        s.sendall(str(mean).encode())
else:
    for _ in range(200):
        try:
            server = socket.create_connection(at, timeout=30)
            break
        except OSError:
            time.sleep(0.05)
    server.sendall(str(rank * 10).encode())
    mean = float(server.recv(64))
print(mean)
"""


class Case:
    def __init__(self, world, engine, image):
        self.world, self.engine, self.image = world, engine, image

    def run(self, name, script, image=None, limit="10min", status=0):
        text = TASK.replace("SCRIPT", script).replace("IMAGE", f'image "{image or self.image}"' if self.engine else "").replace("LIMIT", limit)
        name = f"{self.engine or 'plain'}-{name}"
        self.world.write(f"{name}.hwf", text)
        runs = self.world.path(f"runs-{name}")
        self.world.must(["hwf", "run", f"{name}.hwf", "--runs", runs], status=status, seconds=180)
        (run,) = look.run_directories(runs)
        (end,) = look.journal(run, "attempt_ended")
        return run, end


def environment(case):
    script = """
    echo "$RANK of $WORLD_SIZE, $LOCAL_RANK of $LOCAL_WORLD_SIZE on $GROUP_RANK, $(echo /.hwf/i*), ${#TOKEN}" > rank$RANK.txt
    echo "said by $RANK"
    """
    run, end = case.run("environment", script)
    ranks = []
    for file in end["outputs"]["files"]:
        with open(file["path"]) as text:
            ranks.append(text.read().strip())
    assert ranks == [f"{r} of 4, {r % 2} of 2 on {r // 2}, /.hwf/inside, {len(SECRET)}" for r in range(4)], ranks
    assert sorted(end["outputs"]["said"].splitlines()) == [f"said by {r}" for r in range(4)], end
    found = case.world.files_with(SECRET, run)
    assert not found, f"the secret is in {found}"


def failure(case):
    _, end = case.run("failure", "[ $RANK != 2 ] || exit 3; sleep 60", status=1)
    assert end["failure"] == "exit" and "task 2: Exited with exit code 3" in end["message"], end


def no_container(case):
    case.world.write("empty/etc/empty", "")
    image = case.world.path("empty")
    _, end = case.run("no-container", "true", image=image, status=1)
    assert end["failure"] == "site" and "exit_code" not in end, end
    print(f"{case.engine}: {end['message']}")


def time_limit(case):
    """Those that listen have their word; those that do not are killed."""
    script = "trap ': > told$RANK.txt; exit 0' TERM\n    while :; do sleep 0.1 || true; done"
    run, end = case.run("told", script, limit="3s", status=1)
    assert end["failure"] == "time_limit", end
    told = sorted(name for name in os.listdir(f"{run}/tasks/work/1") if name.startswith("told"))
    assert told == [f"told{rank}.txt" for rank in range(4)], (told, end)
    mark = "4217.25" if case.engine == "apptainer" else "4217.75"
    _, end = case.run("limit", f"trap : TERM; sleep {mark}; sleep {mark}", limit="3s", status=1)
    assert end["failure"] == "time_limit", end
    left = subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True, text=True).stdout
    assert not left, f"left: {left}"


def main(world):
    world.env["TOKEN"] = SECRET
    try:
        prefix = apptainer.install()
        image = python_image.make(prefix)
    except apptainer.Unavailable as why:
        worlds.skip(f"apptainer: {why}")
    images.make_root(world.path("tiny"))
    world.write("meet.py", MEET)
    path = f"{prefix}/bin:{world.env['PATH']}"
    world.env.update(PATH=path, APPTAINER_DROP_CAPS="CAP_SYS_RESOURCE")
    with clusters.cluster(world, gpu_nodes=0, settings=["KillWait=20"]):
        world.write("sites.hwf", SITES.replace("containers: ENGINE, ", "").replace("PATHS", path))
        time_limit(Case(world, "", ""))
        print("no image: time_limit", flush=True)
        for engine, of in (("apptainer", image), ("charliecloud", world.path("tiny"))):
            world.write("sites.hwf", SITES.replace("ENGINE", engine).replace("PATHS", path))
            case = Case(world, engine, of)
            for check in (environment, failure, no_container, time_limit):
                check(case)
                print(f"{engine}: {check.__name__}", flush=True)
            if engine == "apptainer":
                _, end = case.run("meet", "python3 -c '" + MEET.strip().replace("\n", "\n    ") + "'\n    touch rank$RANK.txt")
                assert end["outputs"]["said"].split() == ["15.0"] * 4, end


if __name__ == "__main__":
    worlds.main(main)
