#!/usr/bin/env python3
"""A secret is seen by its task and by nobody else, on every kind of site: while the task runs, no command line of any process
holds it and no environment but the task's own; then no file of the run (IR, journal, logs, job scripts, stores), of the
distant account and its sshd, of Slurm's daemons (spool, state, logs), and no row of its accounting."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path[:0] = [SUPPORT, os.path.join(SUPPORT, "containers")]
import clusters  # noqa: E402
import images  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1

SITE

task told() -> (digest: String at "digest") {
  on far
  cache off
  IMAGE
  secret TOKEN
  needs cpus: 1, memory: 100MiB, time: 5min
  run \"\"\"
    printf %s "$TOKEN" | sha256sum | cut -c1-64 > digest
    while [ ! -e go ]; do sleep 0.1; done
  \"\"\"
}
workflow w() -> (digest: String) {
  (digest: told().digest)
}
"""


def holders(secret, part):
    """Processes whose command line or environment (`part`) holds it, with all of that."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/{part}", "rb") as file:
                text = file.read()
            if secret.encode() in text:
                found.append((int(pid), text))
    return found


def check_processes(secret):
    assert not holders(secret, "cmdline"), holders(secret, "cmdline")
    seen = holders(secret, "environ")
    assert seen, "the task itself has it: the search works"
    others = [pid for pid, text in seen if b"HWF_TASK_DIR=" not in text]
    names = [open(f"/proc/{pid}/comm").read() for pid in others]
    assert not others, f"in the environment of {names}"


def check_files(world, secret, digest, *places):
    found = world.files_with(secret, world.dir, *places)
    assert not found, found
    assert world.files_with(digest, world.dir, *places), "what the task made of it is there: the search works"


def one_kind(world, name, site, top, places=(), image=""):
    """`top`: the task's directory is somewhere below. The secret is this kind's own."""
    secret = f"hush-{name}-{os.urandom(8).hex()}"
    digest = hashlib.sha256(secret.encode()).hexdigest()
    with tempfile.TemporaryDirectory(prefix="hwf-k-") as keys:  # what holds the secret by right
        source = pathlib.Path(keys, "token")
        source.write_text(secret + "\n")
        source.chmod(0o600)
        site = site.replace("SECRETS", f'secrets: [TOKEN: file("{source}")]')
        world.write(f"{name}.hwf", PROGRAM.replace("SITE", site).replace("IMAGE", image))
        runs = world.path(f"{name}-runs")
        engine = world.start(["hwf", "run", f"{name}.hwf", "--runs", runs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        made = world.until(f"{name}: the task", lambda: [p for p in pathlib.Path(top or runs).glob("**/told/1/digest") if p.read_text().strip()], 90)
        check_processes(secret)
        made[0].with_name("go").touch()
        out, _ = engine.communicate(timeout=120 * worlds.SLOW)
    assert engine.returncode == 0, out.decode()
    (run,) = look.run_directories(runs)
    assert look.outputs(run) == {"digest": digest}, look.outputs(run)
    assert secret not in out.decode()
    check_files(world, secret, digest, *places)
    print(f"{name}: passed", flush=True)
    return secret


def accounting(cluster):
    """All that the database of slurmdbd holds."""
    dump = subprocess.run(["mariadb-dump", "--no-defaults", "-uroot", "-S", f"{cluster.root}/mysql.sock", "slurm_acct_db"],
                          capture_output=True, text=True, errors="replace", timeout=60)
    assert dump.returncode == 0, dump.stderr
    return dump.stdout


def on_slurm(world):
    with clusters.cluster(world, gpu_nodes=0, accounting="dbd") as cluster:
        secret = one_kind(world, "slurm", 'site far = slurm(partition: "cpu", SECRETS)', "", [cluster.root])
        # Its script is in the records: the search looks where a secret would be.
        world.until("the job's record", lambda: "hwf-runner" in accounting(cluster), 30)
        assert secret not in accounting(cluster)


def on_ssh(world):
    with ssh_world.far_site(world) as host:
        path = host.home / "w"
        one_kind(world, "ssh", f'site far = ssh(host: "far", workdir: "{path}", SECRETS)', path, [host.home])


def in_a_container(world):
    engine, program = next(((e, p) for e, p in (("charliecloud", "ch-run"), ("apptainer", "apptainer")) if shutil.which(p)), ("", ""))
    if not engine:
        print("SKIPPED: in a container: neither charliecloud nor apptainer is installed")
        return
    root = world.path("root")
    images.make_root(root)
    one_kind(world, "container", f"site far = local(containers: {engine}, SECRETS)", "", image=f'image "{root}"')


def main(world):
    one_kind(world, "local", "site far = local(SECRETS)", "")
    in_a_container(world)
    on_ssh(world)
    on_slurm(world)


if __name__ == "__main__":
    worlds.main(main)
