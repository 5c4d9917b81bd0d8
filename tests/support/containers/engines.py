#!/usr/bin/env python3
"""Real container engines for tests on a Debian 12 machine, each with a store of its own: podman (rootless, as the user),
a dockerd, charliecloud, Apptainer from Debian sid, and a registry on the loopback interface.

    engines.py [--user] COMMAND…

runs the command with the engines in its environment and ends them. With --user, root runs it as an ordinary user that
exists in this mount namespace alone. What is not there is said in HWF_TEST_WITHOUT ("docker: why; …"); the command
skips what needs it, by name."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import apptainer
import images

UID = 54187  # of the ordinary user
NAME = "hwf-boxes"


def wait_for(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Engines:
    def __init__(self, as_user):
        self.dir = tempfile.mkdtemp(prefix="hwf-engines-")
        os.chmod(self.dir, 0o755)
        self.uid = UID if as_user else os.geteuid()
        self.processes = []
        self.without = {}
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": self.own("home"),
            "USER": NAME if as_user else pwd.getpwuid(os.geteuid()).pw_name,
            "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.own("runtime"),
            "TMPDIR": self.own("tmp"),
            "HWF_IMAGES": self.own("images"),
            "HWF_TEST_IMAGES": os.path.join(self.dir, "made"),
        }
        for name in ("HWF_TEST_SLOW", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def own(self, name):
        """A directory of the user's."""
        path = os.path.join(self.dir, name)
        os.makedirs(path, mode=0o700)
        os.chown(path, self.uid, self.uid if self.uid == UID else os.getegid())
        return path

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def lacks(self, engine, why):
        self.without[engine] = why

    def start(self, argv, log):
        with open(os.path.join(self.dir, log), "wb") as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self.processes.append(process)
        return process

    # ------------------------------------------------------------ each engine

    def podman(self):
        if not shutil.which("podman") or not shutil.which("runc"):
            return self.lacks("podman", "podman or runc is not installed")
        # Podman asks for more open files than a machine may allow.
        limits = subprocess.run(["bash", "-c", "ulimit -Hn; ulimit -Hu"], capture_output=True, text=True).stdout.split()
        files, processes = (v if v != "unlimited" else "30000" for v in limits)
        processes = min(int(processes), 30000)
        self.env["CONTAINERS_CONF"] = self.write("containers.conf", f"""[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
""")
        store, run = self.own("podman"), self.own("podman-run")
        self.env["CONTAINERS_STORAGE_CONF"] = self.write("storage.conf", f"""[storage]
driver = "overlay"
graphroot = "{store}"
runroot = "{run}"
rootless_storage_path = "{store}"
""")

    def docker(self):
        if os.geteuid() != 0:
            return self.lacks("docker", "only root can start a dockerd")
        if not shutil.which("dockerd", path=self.env["PATH"]):
            return self.lacks("docker", "dockerd is not installed")
        home = os.path.join(self.dir, "docker")
        os.makedirs(home)
        sock = f"{home}/docker.sock"
        # Its paths stay below the limit of a socket's.
        self.start(["dockerd", "-H", f"unix://{sock}", "--data-root", f"{home}/data", "--exec-root", f"{home}/exec",
                    "--pidfile", f"{home}/pid", "--iptables=false", "--ip6tables=false", "--bridge=none",
                    "--oom-score-adjust", "0", "--exec-opt", "native.cgroupdriver=cgroupfs"], "dockerd.log")
        self.env["DOCKER_HOST"] = f"unix://{sock}"
        asked = dict(self.env)
        wait_for(lambda: subprocess.run(["docker", "version"], env=asked, capture_output=True).returncode == 0,
                 "dockerd: " + os.path.join(self.dir, "dockerd.log"))
        os.chmod(sock, 0o666)
        os.chmod(home, 0o711)

    def charliecloud(self):
        if not shutil.which("ch-run"):
            self.lacks("charliecloud", "ch-run is not installed")

    def apptainer(self):
        try:
            prefix = apptainer.install()
        except apptainer.Unavailable as why:
            return self.lacks("apptainer", str(why))
        self.env["PATH"] = f"{prefix}/bin:" + self.env["PATH"]
        self.env["APPTAINER_CACHEDIR"] = self.own("apptainer-cache")
        if os.geteuid() == 0:
            self.env["APPTAINER_DROP_CAPS"] = "CAP_SYS_RESOURCE"  # that root itself may lack

    def registry(self):
        if not shutil.which("docker-registry"):
            return self.lacks("registry", "docker-registry is not installed")
        port = free_port()
        config = {"version": 0.1, "storage": {"filesystem": {"rootdirectory": f"{self.dir}/registry"}},
                  "http": {"addr": f"127.0.0.1:{port}"}, "log": {"level": "warn", "accesslog": {"disabled": False}}}
        self.start(["docker-registry", "serve", self.write("registry.yml", json.dumps(config))], "registry.log")
        wait_for(lambda: answers(port), "docker-registry")
        images.run("skopeo", "copy", "--dest-tls-verify=false", f"oci:{self.dir}/made/layout:tiny",
                   f"docker://127.0.0.1:{port}/hwf/tiny:1")
        self.env["HWF_TEST_REGISTRY"] = f"127.0.0.1:{port}"
        self.env["HWF_TEST_REGISTRY_LOG"] = os.path.join(self.dir, "registry.log")
        self.env["APPTAINER_NOHTTPS"] = "1"
        os.makedirs(os.path.join(self.dir, "home/.config/containers"))
        self.write("home/.config/containers/registries.conf", f'[[registry]]\nlocation = "127.0.0.1:{port}"\ninsecure = true\n')
        subprocess.run(["chown", "-R", f"--reference={self.dir}/home", f"{self.dir}/home/.config"], check=True)

    def up(self):
        for program in ("umoci", "skopeo"):
            if not shutil.which(program):
                raise RuntimeError(f"{program} makes the tests' images: scripts/install-deps --tests installs it")
        images.make(os.path.join(self.dir, "made"))
        subprocess.run(["chmod", "-R", "a+rX", os.path.join(self.dir, "made")], check=True)
        for engine in (self.podman, self.docker, self.charliecloud, self.apptainer, self.registry):
            engine()
        if "podman" not in self.without:  # what it leaves running for its user is ours, not the first test's
            self.run(["podman", "info", "--format", "{{.Version.Version}}"], out=subprocess.DEVNULL)
        self.env["HWF_TEST_WITHOUT"] = "; ".join(f"{name}: {why}" for name, why in self.without.items())
        for name, why in self.without.items():
            print(f"SKIPPED: {name}: {why}", flush=True)

    def run(self, argv, out=None):
        if self.uid == os.geteuid():
            return subprocess.run(argv, env=self.env, stdout=out).returncode
        person = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--"]
        return subprocess.run(person + argv, env=self.env, cwd=self.env["HOME"], stdout=out).returncode

    def end_pause(self):
        """The process that holds a rootless user's namespace."""
        try:
            with open(os.path.join(self.dir, "runtime/libpod/tmp/pause.pid"), encoding="utf-8") as file:
                os.kill(int(file.read()), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            pass

    def down(self):
        """Containers first: what they mount is below our directory."""
        if "podman" not in self.without:
            self.end_pause()
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if "podman" not in self.without and os.geteuid() != 0:  # files of its other ids
            self.run(["podman", "unshare", "rm", "-rf", os.path.join(self.dir, "podman")])
            self.end_pause()
        for left in ("podman/overlay", "docker/exec/netns/default"):
            subprocess.run(["umount", "-R", "-l", os.path.join(self.dir, left)], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)


def with_user(argv):
    """Goes on in a mount namespace of its own, in which the user exists, with ids for a rootless podman. A layer over all
    of /etc: a file bound over /etc/passwd goes away when somebody adds a user to the machine."""
    script = f"""mount --make-rshared /
mount -t tmpfs -o mode=0755 tmpfs /media
mkdir /media/upper /media/work
mount -t overlay -o lowerdir=/etc,upperdir=/media/upper,workdir=/media/work overlay /etc
echo '{NAME}:x:{UID}:{UID}::/nonexistent:/bin/sh' >> /etc/passwd
echo '{NAME}:x:{UID}:' >> /etc/group
echo '{NAME}:3000000:65536' | tee -a /etc/subuid >> /etc/subgid
# As machines for users have it: apptainer mounts its images with it.
if test -e /dev/fuse; then mknod -m 666 /media/fuse c 10 229; mount --bind /media/fuse /dev/fuse; fi
exec "$@"
"""
    os.environ["HWF_ENGINES_USER"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh",
                          sys.executable, os.path.abspath(__file__), "--user", *argv])


def main():
    argv = sys.argv[1:]
    as_user = bool(argv) and argv[0] == "--user"
    if as_user:
        argv = argv[1:]
        if os.geteuid() != 0:
            as_user = False
        elif "HWF_ENGINES_USER" not in os.environ:
            with_user(argv)
    if not argv:
        print(__doc__)
        return 2
    engines = Engines(as_user)
    try:
        engines.up()
        return engines.run(argv)
    finally:
        engines.down()


if __name__ == "__main__":
    sys.exit(main())
