#!/usr/bin/env python3
"""A real machine to log in to, for tests: an sshd of its own with keys, an account that is thrown away, all below one
directory. Either on loopback, or as a second host: a network namespace with its own name, whose link can be cut or slowed
down. As a program:

    ssh_host.py up DIR [--second-host] [--env NAME=VALUE …]      prints what is there, as JSON
    ssh_host.py down DIR
    ssh_host.py missing [--second-host]     prints what has to be installed; nothing if all is there

As a module: Host. What is started carries HWF_TEST_WORLD where that is set.
"""
import argparse
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SSHD = "/usr/sbin/sshd"
ALIAS = "far"  # the name under which the ssh configuration of a test knows the host
PORT = 2222    # of a second host

SSHD_CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {dir}/host_key
PidFile {dir}/sshd.pid
AuthorizedKeysFile {dir}/keys/authorized_keys
AuthenticationMethods {methods}
PasswordAuthentication {password}
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxSessions 100
MaxStartups 100:30:200
{more}
"""
SSH_CONFIG = """\
Host {alias}
  HostName {address}
  Port {port}
  User {user}
  IdentityFile {dir}/id
  IdentitiesOnly yes
  UserKnownHostsFile {dir}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ConnectTimeout 3
  ServerAliveInterval 1
  ServerAliveCountMax 3
"""


def missing(second_host=False):
    wanted = {SSHD: "openssh-server", "ssh": "openssh-client", "rsync": "rsync", "useradd": "passwd"}
    if second_host:
        wanted.update({"ip": "iproute2", "tc": "iproute2", "nsenter": "util-linux"})
    absent = [package for program, package in wanted.items() if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")]
    if os.geteuid() != 0:
        absent.append("root")
    return sorted(set(absent))


def run(*command, check=True):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
    return done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Host:
    """`dir` holds everything, the account's home too; it must be one that everybody may enter."""

    def __init__(self, directory, second_host=False):
        self.dir = Path(directory).resolve()
        self.second = second_host
        self.mark = os.environ.get("HWF_TEST_WORLD", "")
        self.methods, self.password, self.banner = "publickey", "no", ""
        self.env = {}  # of every session there
        self.settings = ""  # more lines for sshd

    # ------------------------------------------------------------ up and down

    def up(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        Path("/run/sshd").mkdir(exist_ok=True)
        number = os.getpid() % 100000
        self.user = f"hwfs{number}"
        self.home = self.dir / "home"
        self._account("useradd", "--home-dir", str(self.home), "--create-home", "--shell", "/bin/bash", "--password", "*", self.user)
        self.home.chmod(0o700)
        for key in ("host_key", "id"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / key)
        (self.dir / "keys").mkdir()
        shutil.copy(self.dir / "id.pub", self.dir / "keys/authorized_keys")
        self.space, self.link = "", ""
        if self.second:
            self._network()
        else:
            self.address, self.port = "127.0.0.1", free_port()
        self.start()
        self.trust()
        self.config = self.dir / "ssh_config"
        self.config.write_text(SSH_CONFIG.format(alias=ALIAS, dir=self.dir, **self._where()))
        self._save()
        return self

    def down(self):
        self.stop()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.space:
            run("ip", "netns", "del", self.space, check=False)
            run("ip", "link", "del", self.link, check=False)
        for line in Path("/proc/self/mounts").read_text().splitlines():
            where = line.split()[1].replace("\\040", " ")
            if where.startswith(str(self.dir) + "/"):
                run("umount", "-l", where, check=False)
        self._account("userdel", "--force", self.user, check=False)

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    # ------------------------------------------------------------ the server

    def start(self):
        where = self._where()
        env = dict(self.env, **({"HWF_TEST_WORLD": self.mark} if self.mark else {}))
        more = "".join(["SetEnv", *(f" {name}={value}" for name, value in env.items()), "\n"]) if env else ""
        if self.banner:
            (self.dir / "banner").write_text(self.banner)
            more += f"Banner {self.dir}/banner\n"
        more += self.settings
        (self.dir / "sshd_config").write_text(
            SSHD_CONFIG.format(dir=self.dir, methods=self.methods, password=self.password, more=more, **where))
        command = [SSHD, "-f", self.dir / "sshd_config", "-E", self.dir / "sshd.log"]
        command = self.inside() + command
        pid_file = self.dir / "sshd.pid"
        pid_file.unlink(missing_ok=True)
        run(*command)
        end = time.monotonic() + 20
        while not (pid_file.exists() and pid_file.read_text().strip()):
            if time.monotonic() > end:
                raise RuntimeError("sshd does not come up: " + (self.dir / "sshd.log").read_text())
            time.sleep(0.02)

    def stop(self):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            os.kill(int((self.dir / "sshd.pid").read_text()), signal.SIGTERM)
        (self.dir / "sshd.pid").unlink(missing_ok=True)

    def restart(self):
        self.stop()
        self.start()

    def new_host_key(self):
        for name in ("host_key", "host_key.pub"):
            (self.dir / name).unlink()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "host_key")
        self.restart()

    def shell(self, path):
        self._account("usermod", "--shell", path, self.user)

    def trust(self):
        key = " ".join((self.dir / "host_key.pub").read_text().split()[:2])
        (self.dir / "known_hosts").write_text(f"[{self.address}]:{self.port} {key}\n")

    # ------------------------------------------------------------ the link of a second host

    def cut(self):
        run("ip", "link", "set", self.link, "down")

    def mend(self):
        run("ip", "link", "set", self.link, "up")

    def slow(self, rate="2mbit"):
        """Of what is sent there; None: as fast as it can."""
        run("tc", "qdisc", "del", "dev", self.link, "root", check=False)
        if rate:
            run("tc", "qdisc", "add", "dev", self.link, "root", "tbf", "rate", rate, "burst", "32kbit", "latency", "400ms")

    def inside(self):
        """In front of a command: it runs on the second host, as whoever starts it."""
        if not self.second:
            return []
        return ["nsenter", f"--net=/run/netns/{self.space}", "unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.space]

    # ------------------------------------------------------------ what is there

    def processes(self, word=""):
        """Living processes of the account, of those with `word` in their command line."""
        uid, found = pwd.getpwnam(self.user).pw_uid, []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, IndexError):
                if os.stat(f"/proc/{pid}").st_uid != uid:
                    continue
                if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
                    continue
                if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "):
                    found.append(int(pid))
        return found

    def as_user(self, script):
        entry = pwd.getpwnam(self.user)
        return subprocess.run(["bash", "-c", script], user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd=self.home,
                              check=True, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "HOME": str(self.home)}).stdout

    def own(self, path):
        entry = pwd.getpwnam(self.user)
        os.chown(path, entry.pw_uid, entry.pw_gid)

    # ------------------------------------------------------------

    def _where(self):
        return {"address": self.address, "port": self.port, "user": self.user} if hasattr(self, "port") else {}

    def _network(self):
        for number in range(os.getpid() % 200 + 1, 251):
            self.space, self.link = f"hwf-s{number}", f"hwf-v{number}"
            if run("ip", "netns", "add", self.space, check=False).returncode != 0:
                continue
            near, self.address, self.port = f"10.99.{number}.1", f"10.99.{number}.2", PORT
            run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.space)
            run("ip", "addr", "add", f"{near}/24", "dev", self.link)
            run("ip", "link", "set", self.link, "up")
            run("ip", "-n", self.space, "addr", "add", f"{self.address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                run("ip", "-n", self.space, "link", "set", device, "up")
            return
        raise RuntimeError("no network namespace can be made")

    def _account(self, *command, check=True):
        for _ in range(100):  # the account files are locked while another test writes them
            done = run(*command, check=False)
            if done.returncode == 0 or not check:
                return
            if "lock" not in done.stderr:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{command}: {done.stderr}")

    def _save(self):
        facts = dict(self._where(), dir=str(self.dir), home=str(self.home), config=str(self.config), alias=ALIAS,
                     space=self.space, link=self.link, second=self.second)
        (self.dir / "host.json").write_text(json.dumps(facts))
        return facts

    @staticmethod
    def at(directory):
        facts = json.loads((Path(directory) / "host.json").read_text())
        host = Host(directory, facts["second"])
        host.home, host.config = Path(facts["home"]), Path(facts["config"])
        for name in ("user", "address", "port", "space", "link"):
            setattr(host, name, facts[name])
        return host


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["up", "down", "missing", "cut", "mend"])
    parser.add_argument("dir", nargs="?")
    parser.add_argument("--second-host", action="store_true")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    if arguments.what == "missing":
        print(" ".join(missing(arguments.second_host)))
    elif arguments.what == "up":
        host = Host(arguments.dir, arguments.second_host)
        host.env = dict(one.split("=", 1) for one in arguments.env)
        host.up()
        print((host.dir / "host.json").read_text())
    else:
        getattr(Host.at(arguments.dir), arguments.what)()


if __name__ == "__main__":
    sys.exit(main())
