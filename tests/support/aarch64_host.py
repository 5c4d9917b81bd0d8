#!/usr/bin/env python3
"""A machine to log in to whose every program is Debian's for aarch64: shell, coreutils, rsync, all run by qemu-user. The
kernel is this machine's; that, and the sshd that lets in, is all that is not aarch64. The kernel starts qemu by a binfmt_misc
of a user namespace (Linux 6.7), so that nothing of the machine changes.

    aarch64_host.py enter ROOT DIR COMMAND…

runs the command in those namespaces, with ROOT, and DIR in it, at /mnt for sshd to change its root to."""

import ctypes
import fcntl
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import ssh_host

PACKAGES = ("bash", "coreutils", "dash", "findutils", "grep", "gzip", "libc-bin", "rsync", "sed", "tar")
# An ELF file, 64 bits, little endian, of a program or shared object, for machine 183.
MAGIC = rb"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
NEW_NS, NEW_USER = 0x00020000, 0x10000000


class Unavailable(Exception):
    pass


def cache():
    return os.environ.get("HWF_TEST_CACHE", "/var/cache/hwf-tests")


def fetch(directory, suite, architecture, *packages):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/fetch-debs")
    done = subprocess.run([script, directory, suite, architecture, *packages], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(packages)} of {suite}, {architecture} cannot be fetched: {done.stderr.strip()[-300:]}")


def packages():
    """The directory with them, fetched once."""
    debs = f"{cache()}/aarch64-debs"
    if any(not glob.glob(f"{debs}/{name}_*.deb") for name in PACKAGES):
        fetch(debs, "bookworm", "arm64", *PACKAGES)
    return debs


def qemu():
    """A static program of Debian trixie's: that of bookworm does not know PR_SET_CHILD_SUBREAPER, which the runner needs."""
    program = f"{cache()}/qemu-aarch64"
    if not os.path.exists(program):
        with tempfile.TemporaryDirectory(dir=cache()) as work:
            fetch(work, "trixie", "amd64", "qemu-user")
            subprocess.run(["dpkg-deb", "-x", *glob.glob(f"{work}/qemu-user_*.deb"), f"{work}/root"], check=True)
            shutil.move(f"{work}/root/usr/bin/qemu-aarch64", program + ".new")
        os.rename(program + ".new", program)
    return program


def make_root(root):
    os.makedirs(cache(), exist_ok=True)
    with open(f"{cache()}/lock-aarch64", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        qemu()
        debs = packages()
    os.makedirs(root)
    for deb in sorted(glob.glob(f"{debs}/*.deb")):
        subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    with open(f"{root}/etc/passwd", "w", encoding="utf-8") as file:
        file.write("root:x:0:0:root:/root:/bin/bash\n")


class Host(ssh_host.Host):
    """As of ssh_host, but of another machine's programs."""

    def up(self):
        if os.uname().machine != "x86_64" or not shutil.which("dpkg-deb"):
            raise Unavailable("the other machine is made of Debian's packages, on x86-64")
        self.root = os.path.join(str(self.dir), "root")
        make_root(self.root)
        probe = subprocess.run(self.enter(["/usr/sbin/chroot", "/mnt", "/bin/uname", "-m"]), capture_output=True, text=True)
        if probe.stdout.strip() != "aarch64":
            raise Unavailable("this kernel has no binfmt_misc of a user namespace (Linux 6.7): " + probe.stderr.strip()[-300:])
        self.settings = "ChrootDirectory /mnt\n"
        return super().up()

    def enter(self, command):
        return [sys.executable, os.path.abspath(__file__), "enter", self.root, str(self.dir), *command]

    def inside(self):
        return super().inside() + self.enter([])


# ---------------------------------------------------------------- in namespaces of its own


def unshare(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare: " + os.strerror(ctypes.get_errno()))


def new_user_namespace():
    """With the ids that there are; only a process outside may write so."""
    ready, go = os.pipe(), os.pipe()
    pid = os.getpid()
    if (helper := os.fork()) == 0:
        os.read(ready[0], 1)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{pid}/{name}", "w", encoding="utf-8") as file:
                file.write("0 0 4294967295\n")
        os.write(go[1], b"x")
        os._exit(0)
    unshare(NEW_USER | NEW_NS)
    os.write(ready[1], b"x")
    os.close(go[1])
    if os.read(go[0], 1) != b"x":
        raise OSError("the ids of the user namespace cannot be set")
    os.waitpid(helper, 0)


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def enter(root, directory, command):
    new_user_namespace()
    mount("--make-rprivate", "/")
    mount("--bind", root, "/mnt")
    for name in ("/dev", "/proc", "/sys"):
        mount("--rbind", name, f"/mnt{name}")
    os.makedirs(f"/mnt{directory}", exist_ok=True)
    mount("--bind", directory, f"/mnt{directory}")
    mount("-t", "binfmt_misc", "binfmt_misc", "/media")
    with open("/media/register", "wb", buffering=0) as file:  # F: qemu is opened now, and found from any root
        file.write(b":hwf-aarch64:M::" + MAGIC + b":" + MASK + b":" + qemu().encode() + b":FC")
    os.execvp(command[0], command)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] != "enter":
        sys.exit(__doc__)
    enter(sys.argv[2], sys.argv[3], sys.argv[4:])
