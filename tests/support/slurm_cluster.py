#!/usr/bin/env python3
"""A real Slurm cluster on this host, for tests: munged, slurmctld and one slurmd for each of its nodes, all of it below
one directory and on ports of its own, as whoever starts it. As a program:

    slurm_cluster.py up DIR [--nodes N] [--gpu-nodes N] [--accounting none|filetxt|dbd] [--set KEY=VALUE …]
                     [--partition LINE …]
    slurm_cluster.py down DIR
    slurm_cluster.py kill DIR DAEMON [--signal NAME]      DAEMON: slurmctld, slurmd.c1, slurmdbd, munged
    slurm_cluster.py start DIR DAEMON
    slurm_cluster.py missing          prints what has to be installed; nothing if all is there

`up` prints the path of the slurm.conf. As a module: Cluster.
"""
import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ["munged", "munge", "unmunge", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo"]
DATABASE = ["slurmdbd", "mariadbd", "mysql_install_db"]
PORTS_EACH = 40
FIRST_PORT, LAST_PORT = 21000, 29000

CONF = """\
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.sock,cred_expire=5
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/pid/slurmctld.pid
SlurmdPidFile={root}/pid/slurmd.%n.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
SlurmctldDebug=info
SlurmdDebug=info
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
PropagateResourceLimits=NONE
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,default_queue_depth=10000,partition_job_depth=0,bf_interval=1,bf_max_job_test=200,bf_continue,max_rpc_cnt=0
CompleteWait=0
KillWait=2
EpilogMsgTime=0
InactiveLimit=0
OverTimeLimit=0
UnkillableStepTimeout=15
BatchStartTimeout=10
MessageTimeout=5
SlurmctldTimeout=10
SlurmdTimeout=10
TCPTimeout=2
ReturnToService=2
RebootProgram=/bin/true
MailProg=/bin/true
MinJobAge=300
MaxJobCount=100000
MaxArraySize=10001
JobRequeue=1
EnforcePartLimits=ALL
FirstJobId={first_job}
"""


def missing(accounting="none"):
    wanted = PROGRAMS + (DATABASE if accounting == "dbd" else [])
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [name for name in wanted if shutil.which(name, path=path) is None]


def alive(pid, name):
    """A zombie answers kill 0: /proc tells."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    comm, rest = text[text.index("(") + 1:].rsplit(")", 1)
    return comm == name[:15] and rest.split()[0] != "Z"


def until(condition, what, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what}: not within {seconds:g} s")


def free_ports(count):
    """A block of ports, kept by a file for as long as this process's cluster may live."""
    directory = Path(f"/tmp/hwf-test-ports-{os.getuid()}")
    directory.mkdir(mode=0o700, exist_ok=True)
    with open(directory / "lock", "w", encoding="utf-8") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        blocks = list(range(FIRST_PORT, LAST_PORT, PORTS_EACH))
        mine = os.getuid() % len(blocks)  # other users begin elsewhere
        for first in blocks[mine:] + blocks[:mine]:
            taken = directory / str(first)
            if taken.exists() and time.time() - taken.stat().st_mtime < 3600:
                continue
            if all(bindable(first + i) for i in range(count)):
                taken.write_text("")
                taken.touch()
                return first, taken
    raise RuntimeError("no block of free ports")


def bindable(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Cluster:
    """The daemons of one cluster. All paths below `root`, which must be short: Unix sockets lie in it. `inside` stands in
    front of every command where the cluster is another host's, and `host` is that one's name."""

    def __init__(self, root, nodes=2, gpu_nodes=1, cpus=8, memory=4000, accounting="none", settings=(), partitions=(), inside=(),
                 host=""):
        self.inside, self.host = list(inside), host or socket.gethostname().split(".")[0]
        self.root = Path(root).resolve()
        self.nodes = [f"c{i + 1}" for i in range(nodes)]
        self.gpu_nodes = [f"g{i + 1}" for i in range(gpu_nodes)]
        self.cpus, self.memory, self.accounting = cpus, memory, accounting
        self.settings, self.partitions = list(settings), list(partitions)
        self.conf = self.root / "etc/slurm.conf"
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SBATCH_"))},
                    "SLURM_CONF": str(self.conf), "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

    # ---- life

    def up(self):
        for part in ("etc", "state", "spool", "log", "pid", "munge", "dev"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        (self.root / "munge").chmod(0o700)
        self.port, self.port_lock = free_ports(8 + len(self.nodes) + len(self.gpu_nodes))
        (self.root / "port_lock").write_text(str(self.port_lock))
        self._start_munge()
        if self.accounting == "dbd":
            self._start_database()
        self._write_conf()
        if self.accounting == "dbd":
            self.start_slurmdbd()
        self.start_slurmctld()
        for node in self.nodes + self.gpu_nodes:
            self.start_slurmd(node)
        self.wait_idle()
        return self

    def down(self):
        if self.pid("slurmctld") and self.conf.exists():
            with contextlib.suppress(subprocess.SubprocessError):
                self.run("scancel", f"--user={os.getuid()}", timeout=10)
        names = [("slurmctld", ["slurmctld"]), ("slurmd", [p.stem for p in (self.root / "pid").glob("slurmd.*.pid")]),
                 ("slurmdbd", ["slurmdbd"]), ("mariadbd", ["mariadbd"]), ("munged", ["munged"])]
        for program, stems in names:
            self._stop(program, [self.pid(stem) for stem in stems])
            if program == "slurmd":
                self._kill_jobs()
        with contextlib.suppress(OSError):
            Path((self.root / "port_lock").read_text()).unlink()
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self, daemon):
        if daemon == "munged":
            self._start_munge()
        elif daemon.startswith("slurmd."):
            self.start_slurmd(daemon.split(".")[1])
        else:
            {"slurmctld": self.start_slurmctld, "slurmdbd": self.start_slurmdbd}[daemon]()

    def start_slurmctld(self):
        # -i: with state that it cannot read it starts without
        self._daemon(["slurmctld", "-i"], "slurmctld")
        until(lambda: self.pid("slurmctld") and self.run("scontrol", "ping", check=False).count("UP") > 0, "slurmctld")

    def start_slurmd(self, node):
        (self.root / "spool" / node).mkdir(exist_ok=True)
        self._daemon(["slurmd", "-N", node], f"slurmd.{node}")

    def start_slurmdbd(self):
        self._daemon(["slurmdbd"], "slurmdbd")
        until(lambda: "hwftest" in self.run("sacctmgr", "-n", "list", "cluster", check=False) or self._add_cluster(), "slurmdbd")

    def _add_cluster(self):
        added = subprocess.run(self.inside + ["sacctmgr", "-i", "add", "cluster", "hwftest"], env=self.env, capture_output=True, timeout=30)
        return added.returncode == 0

    def kill(self, stem, sig=signal.SIGKILL):
        pid = self.pid(stem)
        assert pid, f"{stem} does not run"
        os.kill(pid, sig)
        if sig == signal.SIGKILL:
            until(lambda: not alive(pid, stem.split(".")[0]), f"the end of {stem}")
            (self.root / "pid" / f"{stem}.pid").unlink(missing_ok=True)

    def pid(self, stem):
        path = self.root / ("munge/munged.pid" if stem == "munged" else f"pid/{stem}.pid")
        try:
            pid = int(path.read_text())
        except (OSError, ValueError):
            return None
        return pid if alive(pid, stem.split(".")[0]) else None

    def wait_idle(self):
        wanted = len(self.nodes) + len(self.gpu_nodes)

        def ready():
            done = self.run("sinfo", "-h", "-N", "-t", "idle,mixed,allocated", "-o", "%N", check=False)
            return len(set(done.split())) == wanted
        until(ready, f"{wanted} idle nodes of {self.root}")

    def run(self, *argv, check=True, timeout=60):
        done = subprocess.run([*self.inside, *argv], env=self.env, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise RuntimeError(f"{argv}: {done.returncode}: {done.stderr}")
        return done.stdout

    def queue(self, states="all"):
        """[{id, array, index, state, name}], finished ones too as long as slurmctld knows them."""
        rows = self.run("squeue", "-h", "-r", "-t", states, "-o", "%A|%F|%K|%T|%j").splitlines()
        return [dict(zip(("id", "array", "index", "state", "name"), row.split("|"))) for row in rows]

    # ---- parts

    def _daemon(self, argv, stem):
        with open(self.root / f"log/{stem}.out", "ab") as out:
            subprocess.run(self.inside + argv, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=60,
                           start_new_session=True, check=True)

    def _start_munge(self):
        key = self.root / "munge/key"
        if not key.exists():
            key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        at = self.root / "munge"
        subprocess.run(self.inside + ["munged", "--force", "--num-threads=2", f"--key-file={key}", f"--socket={self.root}/munge.sock",
                        f"--pid-file={at}/munged.pid", f"--log-file={at}/munged.log", f"--seed-file={at}/seed"],
                       env=self.env, capture_output=True, timeout=60, check=True)
        until(lambda: subprocess.run(["munge", "-S", f"{self.root}/munge.sock", "-n"], env=self.env,
                                     capture_output=True).returncode == 0, "munged")

    def _write_conf(self):
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        # Ids of clusters that follow each other on one machine differ: nothing may rest on them being the same.
        text = CONF.format(name="hwftest", host=self.host, port=self.port, slurmd_port=self.port + 1, user=user, root=self.root,
                           first_job=1 + self.port % 97)
        if self.accounting == "dbd":
            text += (f"AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\n"
                     f"AccountingStoragePort={self.port + 3}\nAccountingStoragePass={self.root}/munge.sock\n"
                     f"AccountingStoreFlags=job_comment,job_env,job_script\nJobCompType=jobcomp/none\n")
        elif self.accounting == "filetxt":
            (self.root / "log/jobcomp.log").touch()
            text += (f"AccountingStorageType=accounting_storage/none\nJobCompType=jobcomp/filetxt\n"
                     f"JobCompLoc={self.root}/log/jobcomp.log\n")
        else:
            text += "AccountingStorageType=accounting_storage/none\nJobCompType=jobcomp/none\n"
        first = self.port + 8
        for i, node in enumerate(self.nodes + self.gpu_nodes):
            gpus = " Gres=gpu:fake:2" if node in self.gpu_nodes else ""
            text += (f"NodeName={node} NodeHostname={self.host} NodeAddr=127.0.0.1 Port={first + i} CPUs={self.cpus} "
                     f"RealMemory={self.memory} Features=f{node} State=UNKNOWN{gpus}\n")
        # A device must be one for Slurm to name it in CUDA_VISIBLE_DEVICES: links to two that every host has.
        gres = ""
        for node in self.gpu_nodes:
            for i, device in enumerate(("/dev/null", "/dev/zero")):
                link = self.root / f"dev/{node}_gpu{i}"
                if not link.is_symlink():
                    link.symlink_to(device)
            gres += f"NodeName={node} Name=gpu Type=fake File={self.root}/dev/{node}_gpu[0-1]\n"
        (self.root / "etc/gres.conf").write_text(gres)
        cpu = ",".join(self.nodes)
        text += f"PartitionName=cpu Nodes={cpu} Default=YES MaxTime=INFINITE DefaultTime=60 DefMemPerCPU=100 State=UP\n"
        text += f"PartitionName=debug Nodes={cpu} MaxTime=10 DefaultTime=1 DefMemPerCPU=100 State=UP\n"
        if self.gpu_nodes:
            text += (f"PartitionName=gpu Nodes={','.join(self.gpu_nodes)} MaxTime=INFINITE DefaultTime=60 "
                     "DefMemPerCPU=100 State=UP\n")
        text += "".join(f"{line}\n" for line in self.partitions)
        for setting in self.settings:
            key = setting.split("=", 1)[0]
            text = "".join(line for line in text.splitlines(True) if line.split("=", 1)[0] != key) + setting + "\n"
        self.conf.write_text(text)

    def _start_database(self):
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        data, port = self.root / "mysql", self.port + 4
        data.mkdir()
        subprocess.run(["mysql_install_db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
                        f"--datadir={data}", f"--user={user}", "--skip-name-resolve"], env=self.env, check=True,
                       capture_output=True, timeout=120)
        with open(self.root / "log/mariadbd.log", "ab") as out:
            subprocess.Popen(self.inside + ["mariadbd", "--no-defaults", f"--datadir={data}", f"--user={user}",
                              f"--socket={self.root}/mysql.sock", f"--pid-file={self.root}/pid/mariadbd.pid",
                              "--bind-address=127.0.0.1", f"--port={port}", "--innodb-buffer-pool-size=64M",
                              "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve"],
                             env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        sql = ("create user if not exists slurm@'127.0.0.1' identified by 'slurm';"
               "grant all on slurm_acct_db.* to slurm@'127.0.0.1'; create database if not exists slurm_acct_db;")
        until(lambda: subprocess.run(["mariadb", "--no-defaults", "-uroot", "-S", f"{self.root}/mysql.sock", "-e", sql],
                                     capture_output=True).returncode == 0, "mariadbd", 60)
        conf = self.root / "etc/slurmdbd.conf"
        conf.write_text(f"AuthType=auth/munge\nAuthInfo=socket={self.root}/munge.sock,cred_expire=5\nDbdHost={self.host}\n"
                        f"DbdAddr=127.0.0.1\nDbdPort={self.port + 3}\nSlurmUser={user}\n"
                        f"StorageType=accounting_storage/mysql\nStorageHost=127.0.0.1\nStoragePort={port}\n"
                        f"StorageUser=slurm\nStoragePass=slurm\nStorageLoc=slurm_acct_db\n"
                        f"LogFile={self.root}/log/slurmdbd.log\nPidFile={self.root}/pid/slurmdbd.pid\nCommitDelay=1\n")
        conf.chmod(0o600)

    @staticmethod
    def _stop(program, pids):
        pids = [pid for pid in pids if pid]
        for sig, seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    if alive(pid, program):
                        os.kill(pid, sig)
            with contextlib.suppress(RuntimeError):
                until(lambda: not any(alive(pid, program) for pid in pids), program, seconds)
                return

    def _kill_jobs(self):
        """Step daemons and processes of jobs of this cluster, which Slurm does not track any more."""
        conf = f"SLURM_CONF={self.conf}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                ours = conf in variables and any(v.startswith((b"SLURM_JOB_ID=", b"SLURMD_NODENAME=")) for v in variables)
                if ours or (conf in variables and (entry / "comm").read_text().startswith("slurmstepd")):
                    os.kill(int(entry.name), signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["up", "down", "missing", "kill", "start"])
    parser.add_argument("root", nargs="?")
    parser.add_argument("daemon", nargs="?")
    parser.add_argument("--signal", default="KILL")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--gpu-nodes", type=int, default=1)
    parser.add_argument("--accounting", choices=["none", "filetxt", "dbd"], default="none")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--partition", action="append", default=[], metavar="LINE")
    options = parser.parse_args()
    if options.what == "missing":
        print(" ".join(missing(options.accounting)))
        return 0
    if not options.root:
        parser.error("DIR is missing")
    cluster = Cluster(options.root, options.nodes, options.gpu_nodes, accounting=options.accounting, settings=options.set,
                      partitions=options.partition)
    if options.what == "down":
        cluster.down()
        return 0
    if options.what == "kill":
        cluster.kill(options.daemon, getattr(signal, "SIG" + options.signal))
        return 0
    if options.what == "start":
        cluster.start(options.daemon)
        return 0
    try:
        cluster.up()
    except (RuntimeError, subprocess.SubprocessError) as error:
        print(f"slurm_cluster: {error}", file=sys.stderr)
        for log in sorted((cluster.root / "log").glob("*")):
            print(f"-- {log}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-5:]), file=sys.stderr)
        cluster.down()
        return 1
    print(cluster.conf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
