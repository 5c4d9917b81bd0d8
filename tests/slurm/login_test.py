#!/usr/bin/env python3
"""The digits on a cluster that is elsewhere: a second host with its own sshd and its own Slurm, of which this one knows
nothing. Its commands are in the PATH of a login alone. `hwf doctor` looks at it; people answer while the job runs, which
obeys; the link is cut, the engine killed and resumed meanwhile. The job's own log, fetched here, shows that it never
stopped; nothing ran twice; no allocation is held while a person is awaited; a secret is seen by its task alone."""

import contextlib
import hashlib
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import clusters  # noqa: E402
import digits_example as digits  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

EPOCHS, RATE = 24, 0.03
SECRET = "hush-4a61-of-the-digits"
SLURM = ("sbatch", "squeue", "scancel", "sacct", "scontrol", "sinfo", "srun")
SITES = """hwf 1
site here = slurm(login: "far", workdir: "WORKDIR", partition: "main", max_time: 12h, cpus_per_node: 8, memory_per_node: 16GiB,
                  secrets: [TOKEN: env("DIGITS_TOKEN")])
site nowhere = here(partition: "nowhere")
site gone = here(login: "unknown@far")
"""


def sources(world, host):
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    told = (
        ("  checkpoint epoch", "  secret TOKEN\n  checkpoint epoch"),
        ("    python3 fit.py", f'    printf %s "$TOKEN" | sha256sum | grep -q {digest}\n    python3 fit.py'),
    )
    digits.sources(world, digits.OWNER_ANSWERS + digits.LOG_IS_AN_OUTPUT + told)
    world.write("far.hwf", SITES.replace("WORKDIR", f"{host.home}/hwf"))
    world.env["DIGITS_TOKEN"] = SECRET


def only_logins_have_slurm(host, cluster):
    plain = host.home / "plain"
    plain.mkdir()
    for name in os.listdir("/usr/bin"):
        if name not in SLURM:
            os.symlink(f"/usr/bin/{name}", plain / name)
    (host.home / ".bashrc").write_text(f"PATH={plain}\n")
    (host.home / ".bash_profile").write_text(f"echo welcome\nexport PATH=/usr/bin:/bin SLURM_CONF={cluster.conf}\n")


def doctor(world, site, status):
    checks = world.must(["hwf", "doctor", site, "far.hwf", "--json"], status=status).json()["checks"]
    return {check["what"]: (check["verdict"], check["found"]) for check in checks}


def check_doctor(world, host, cluster):
    good = doctor(world, "here", 0)
    for what in ("connection", "machine", "rsync", "slurm", "controller", "partition", "a small job", "limits"):
        assert good[what][0] == "ok", (what, good)
    assert host.space in good["controller"][1], good
    assert good["workdir"] == ("ok", f"{host.home}/hwf"), good
    assert doctor(world, "nowhere", 3)["partition"] == ("bad", "there is no `nowhere`; there are: cpu, debug, main")
    assert "hwf login gone" in doctor(world, "gone", 3)["connection"][1]
    (host.home / ".bash_profile").rename(host.home / ".hidden")
    lacking = doctor(world, "here", 3)
    assert lacking["slurm"][0] == "bad" and "PATH of a login" in lacking["slurm"][1], lacking
    (host.home / ".hidden").rename(host.home / ".bash_profile")
    assert not clusters.jobs(cluster, "all"), "it submitted something"


def processes_that_show(word):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read():
                    found.append(pid)
    return found


def status(world, run):
    return world.must(["hwf", "status", os.path.basename(run), "--json", "--runs", os.path.dirname(run)]).json()


def supervise(world, host, cluster, runs):
    """The run until people have to say whether its model is released."""
    log = open(world.path("run.log"), "w")
    line = ["hwf", "run", "digits.hwf", "--sites", "far.hwf", "--epochs", str(EPOCHS), "--passes", "20", "--look-every", "6",
            "--runs", runs, "--release-to", f"{host.home}/released"]
    engine = world.start(line, stdout=log, stderr=log)
    first = world.until("the first review", lambda: digits.review(world, runs, "Epoch"), 120)
    assert not processes_that_show(SECRET)
    (run,) = look.run_directories(runs)
    assert look.answer(world, runs, first, "retune", "--rate", str(RATE)).status == 0
    world.until("it has been told", lambda: look.journal(run, "message_delivered"))
    assert len(clusters.jobs(cluster)) == 1, clusters.jobs(cluster)

    host.cut()
    world.until("the site is in trouble", lambda: look.journal(run, "site_troubled"), 60)
    assert "here" in status(world, run)["troubled_sites"], status(world, run)
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=30)
    engine = world.start(["hwf", "resume", os.path.basename(run), "--runs", runs], stdout=log, stderr=log)
    world.until("the next engine is in trouble, too", lambda: "here" in status(world, run)["troubled_sites"], 60)
    host.mend()
    world.until("the site works again", lambda: not status(world, run)["troubled_sites"], 60)
    return run, engine


def check_the_record(run):
    outputs = look.journal(run, "run_finished")[0]["outputs"]
    digits.never_stopped(outputs["log"]["path"], EPOCHS)
    emitted = [e["values"] for e in look.journal(run, "emission")]
    assert emitted[0]["rate"] == 0.1 and emitted[-1]["rate"] == RATE, emitted
    assert [e["n"] for e in emitted] == sorted({e["n"] for e in emitted}), emitted
    assert digits.claims(run) == [("data", 1), ("job", 1), ("publish", 1)], digits.claims(run)


def main(world):
    digits.need_sklearn()
    runs = world.path("runs")
    with ssh_world.far_site(world, second_host=True) as host, \
            clusters.cluster(world, gpu_nodes=0, memory=digits.NODE_MEMORY, partitions=[digits.PARTITION], accounting="dbd",
                             inside=host.inside(), host=host.space) as cluster:
        only_logins_have_slurm(host, cluster)
        sources(world, host)
        check_doctor(world, host, cluster)
        world.must(["hwf", "login", "here", "far.hwf"])
        run, engine = supervise(world, host, cluster, runs)
        release = world.until("the release review", lambda: digits.review(world, runs, "Release"), 180)
        for later in iter(lambda: digits.review(world, runs, "Epoch"), None):
            look.answer(world, runs, later, "keep")
        world.until("no allocation while people think", lambda: not clusters.jobs(cluster))
        assert look.answer(world, runs, release, "approve", "--note", "fine").status == 0
        assert engine.wait(timeout=120 * worlds.SLOW) == 0, world.read("run.log")

        check_the_record(run)
        assert int(host.as_user("stat -c %s released/digits.pkl")) > 1000
        assert {job["state"] for job in clusters.jobs(cluster, "all")} == {"COMPLETED"}, clusters.jobs(cluster, "all")
        shown = world.files_with(SECRET, world.dir, cluster.root)
        assert not shown, f"the secret is in {shown}"


if __name__ == "__main__":
    worlds.main(main)
