"""A tiny image (busybox and bash, both static) in every form that hwf takes, made without a network."""

import os
import shutil
import subprocess

# What the image itself sets: a task sees it, with values that are easily mangled.
IMAGE_ENV = {"PATH": "/usr/bin:/bin:/img/bin", "IMAGE_SAYS": "a, b='c'"}


def run(*argv, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


def make_root(root, bash=True):
    """A root file system; `ch/environment` is where charliecloud's tools note what an image sets."""
    for name in ("bin", "usr/bin", "etc", "tmp", "var/tmp", "proc", "sys", "dev", "run", "root", "home", "ch"):
        os.makedirs(os.path.join(root, name))
    shutil.copy("/bin/busybox", os.path.join(root, "bin/busybox"))
    for applet in run("/bin/busybox", "--list").split():
        if applet not in ("busybox", "bash"):
            os.symlink("busybox", os.path.join(root, "bin", applet))
    if bash:
        shutil.copy("/bin/bash-static", os.path.join(root, "bin/bash"))
    os.symlink("../../bin/env", os.path.join(root, "usr/bin/env"))
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/group": "root:x:0:\n",
        "etc/hosts": "127.0.0.1 localhost\n",
        "etc/resolv.conf": "",
        "etc/made-by": "hwf's tests\n",
        "ch/environment": "".join(f"{name}={value}\n" for name, value in IMAGE_ENV.items()),
    }
    for name, text in files.items():
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            file.write(text)


def add_package(root, *packages):
    """The files of Debian packages as they are installed here, and the libraries that their programs load."""
    files = set()
    for package in packages:
        files |= {name for name in run("dpkg", "-L", package).splitlines() if not name.startswith("/usr/share/doc")}
    files = {name for name in files if os.path.isfile(name)}
    for name in list(files):
        loaded = subprocess.run(["ldd", name], capture_output=True, text=True).stdout
        files |= {word for word in loaded.split() if word.startswith("/")}
    for name in sorted(files):
        os.makedirs(os.path.dirname(root + name), exist_ok=True)
        if not os.path.lexists(root + name):
            shutil.copy2(name, root + name)


def make_archives(directory):
    """`image.tar` (as docker saves it) and `image.oci.tar`, from `directory`/root."""
    layout = os.path.join(directory, "layout")
    image = f"{layout}:tiny"
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", image)
    run("umoci", "insert", "--rootless", "--image", image, os.path.join(directory, "root"), "/")
    env = [f"--config.env={name}={value}" for name, value in IMAGE_ENV.items()]
    run("umoci", "config", "--image", image, *env)
    # Without a name: an archive is known by its content.
    run("skopeo", "copy", f"oci:{image}", f"docker-archive:{directory}/image.tar")
    run("skopeo", "copy", f"oci:{image}", f"oci-archive:{directory}/image.oci.tar")
    return image


def make(directory):
    os.makedirs(directory)
    make_root(os.path.join(directory, "root"))
    make_root(os.path.join(directory, "no-bash"), bash=False)
    make_root(os.path.join(directory, "mpi"))
    add_package(os.path.join(directory, "mpi"), "openmpi-bin", "openmpi-common", "libopenmpi3", "libpmix2")
    os.symlink("orterun", os.path.join(directory, "mpi/usr/bin/mpirun"))
    make_archives(directory)
