"""An image in apptainer's format that has Python with scikit-learn and bash: what this machine's own packages hold and the
libraries that they load, copied. Made without a network, once for each state of the packages, and kept in the cache."""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

import apptainer

PACKAGES = (
    "bash", "coreutils", "libc-bin", "python3-minimal", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib",
    "python3-numpy", "python3-scipy", "python3-joblib", "python3-threadpoolctl", "python3-decorator", "python3-sklearn",
    "python3-sklearn-lib",
)
NOT_NEEDED = re.compile(r"^/usr/share/(doc|man|locale|lintian|bash-completion)|^/usr/include|/tests/|/f2py/|^/usr/src")
GREETING = "the Python of an image of hwf's tests"  # what it says on standard error when it starts


def output(*argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise apptainer.Unavailable(f"{' '.join(argv[:3])} …: {done.stderr.strip()[-300:]}")
    return done.stdout


def packaged_files():
    """Of the packages, with what Python has compiled of its modules."""
    found = set()
    for path in output("dpkg-query", "-L", *PACKAGES).splitlines():
        if not path.startswith("/") or NOT_NEEDED.search(path) or (os.path.isdir(path) and not os.path.islink(path)):
            continue
        found.add(path)
        if path.endswith(".py"):
            directory, name = os.path.split(path)
            found.update(glob.glob(f"{glob.escape(directory)}/__pycache__/{glob.escape(name[:-3])}.cpython-*.pyc"))
    return sorted(path for path in found if os.path.lexists(path))


def libraries(files):
    """What the loader finds for them here."""
    programs = [f for f in files if re.search(r"\.so(\.[0-9.]+)?$|/bin/(bash|python3\.11|cat)$", f) and os.path.isfile(f)]
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", listed, re.M)))


def fill(root):
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "tmp", "var/tmp", "proc", "sys", "dev", "run", "root", "home"):
        os.makedirs(f"{root}/{name}")
    for name in ("bin", "sbin", "lib", "lib64"):
        os.symlink(f"usr/{name}", f"{root}/{name}")
    files = packaged_files()
    for path in files + libraries(files):
        # A library's name may lead through /etc/alternatives: the file is put where it is looked for.
        linked = os.path.islink(path) and path not in files
        target = root + (os.path.realpath(os.path.dirname(path)) + "/" + os.path.basename(path))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            shutil.copy2(path, target, follow_symlinks=linked)
    for name, text in {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"}.items():
        with open(f"{root}/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    custom = f"{root}/usr/lib/python3.11/sitecustomize.py"
    if os.path.lexists(custom):
        os.unlink(custom)
    with open(custom, "w", encoding="utf-8") as file:
        file.write(f"import sys\nprint({GREETING!r}, file=sys.stderr)\n")
    shutil.copy("/etc/ld.so.conf", f"{root}/etc/ld.so.conf")
    shutil.copytree("/etc/ld.so.conf.d", f"{root}/etc/ld.so.conf.d", dirs_exist_ok=True)
    output("ldconfig", "-r", root)


def make(prefix):
    """The path of the .sif; `prefix` is where apptainer was installed."""
    with open(__file__, "rb") as own:
        state = own.read() + output("dpkg-query", "-W", *PACKAGES).encode()
    home = apptainer.cache()
    sif = f"{home}/python-{hashlib.sha256(state).hexdigest()[:16]}.sif"
    with open(f"{home}/lock-python", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(sif):
            return sif
        for old in glob.glob(f"{home}/python-*.sif"):
            os.unlink(old)
        with tempfile.TemporaryDirectory(prefix="hwf-image-") as work:
            fill(f"{work}/root")
            env = dict(os.environ, APPTAINER_DROP_CAPS="CAP_SYS_RESOURCE", APPTAINER_TMPDIR=work, TMPDIR=work)
            fast = "-comp zstd -Xcompression-level 3"
            done = subprocess.run([f"{prefix}/bin/apptainer", "build", "--mksquashfs-args", fast, f"{work}/made.sif", f"{work}/root"],
                                  env=env, capture_output=True, text=True)
            if done.returncode != 0:
                raise apptainer.Unavailable("the image cannot be built: " + done.stderr.strip()[-500:])
            shutil.copy(f"{work}/made.sif", sif + ".new")
            os.rename(sif + ".new", sif)
    return sif


if __name__ == "__main__":
    print(make(apptainer.install()))
