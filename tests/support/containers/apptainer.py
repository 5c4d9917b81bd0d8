"""Apptainer on Debian 12, which has none: Debian sid's package, unpacked into a private directory beside the libraries that
it was built with; nothing of the system is changed. The packages are kept in a cache, for sid moves on."""

import fcntl
import glob
import os
import re
import shutil
import subprocess

PACKAGES = ("apptainer", "libc6", "libseccomp2", "libsqlite3-0")
LIBRARIES = "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"


class Unavailable(Exception):
    pass


def cache():
    return os.environ.get("HWF_TEST_CACHE") or (
        "/var/cache/hwf-tests" if os.geteuid() == 0 else os.path.expanduser("~/.cache/hwf-tests"))


def mirror():
    """The one that the system uses."""
    text = "".join(open(f, encoding="utf-8").read() for f in
                   ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")] if os.path.isfile(f))
    found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(https?://\S+?/debian)/?\s*(?:$| )", text, re.M)
    return found.group(1) if found else "http://deb.debian.org/debian"


def download(debs):
    """With apt, which checks the signatures, in a state of its own."""
    apt = os.path.join(debs, "apt")
    for name in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(apt, name), exist_ok=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    with open(f"{apt}/sources.list", "w", encoding="utf-8") as file:
        file.write(f"deb [signed-by={key}] {mirror()} sid main\n")
    options = {"Dir::State": f"{apt}/state", "Dir::State::status": "/var/lib/dpkg/status", "Dir::Cache": f"{apt}/cache",
               "Dir::Etc::sourcelist": f"{apt}/sources.list", "Dir::Etc::sourceparts": "/dev/null",
               "APT::Sandbox::User": "root"}
    flags = [f"-o{name}={value}" for name, value in options.items()]
    for words in (["update"], ["download", *(f"{name}/sid" for name in PACKAGES)]):
        done = subprocess.run(["apt-get", "-qq", *flags, *words], cwd=debs, capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable("Debian sid's package cannot be fetched: " + done.stderr.strip()[-300:])
    shutil.rmtree(apt)


def unpack(deb, to):
    subprocess.run(["dpkg-deb", "-x", deb, to], check=True)


def build(debs, prefix):
    """The programs look for their files below PREFIX/etc and PREFIX/var once they are moved, one level off for the
    starter, which lies deeper than where it was built for."""
    def deb(name):
        return glob.glob(f"{debs}/{name}_*.deb")[0]

    unpack(deb("apptainer"), f"{prefix}/deb")
    os.makedirs(f"{prefix}/lib")
    for name in PACKAGES[1:]:
        unpack(deb(name), f"{prefix}/with")
    for where in LIBRARIES:
        for path in glob.glob(f"{prefix}/with/{where}/*.so*"):
            shutil.copy2(path, f"{prefix}/lib", follow_symlinks=False)
    shutil.rmtree(f"{prefix}/with")
    starter = glob.glob(f"{prefix}/deb/usr/lib/*/apptainer/bin/starter")[0]
    for program in (f"{prefix}/deb/usr/bin/apptainer", starter):
        os.chmod(program, 0o755)
        subprocess.run(["patchelf", "--set-interpreter", f"{prefix}/lib/ld-linux-x86-64.so.2", "--set-rpath",
                        f"{prefix}/lib", "--force-rpath", program], check=True)
    os.symlink("../etc", f"{prefix}/deb/usr/etc")
    os.symlink("../../etc", f"{prefix}/deb/usr/lib/etc")
    for where in ("usr/lib/var", "usr/var", "var"):
        os.makedirs(f"{prefix}/deb/{where}/lib/apptainer/mnt/session", exist_ok=True)
    os.makedirs(f"{prefix}/bin")
    os.symlink("../deb/usr/bin/apptainer", f"{prefix}/bin/apptainer")


def install():
    """The directory that holds bin/apptainer."""
    for tool in ("patchelf", "unsquashfs", "dpkg-deb", "apt-get"):
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is not installed")
    if os.uname().machine != "x86_64":
        raise Unavailable("it is fetched for x86-64 alone")
    home = cache()
    debs, prefix = f"{home}/apptainer-debs", f"{home}/apptainer"
    os.makedirs(debs, exist_ok=True)
    with open(f"{home}/lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other
        if not os.path.exists(f"{prefix}/bin/apptainer"):
            if any(not glob.glob(f"{debs}/{name}_*.deb") for name in PACKAGES):
                download(debs)
            shutil.rmtree(prefix, ignore_errors=True)
            # In its place: the programs are told where their libraries are.
            os.makedirs(prefix)
            try:
                build(debs, prefix)
            except BaseException:
                shutil.rmtree(prefix, ignore_errors=True)
                raise
    done = subprocess.run([f"{prefix}/bin/apptainer", "version"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"it does not run here: {done.stderr.strip()[-300:]}")
    return prefix
