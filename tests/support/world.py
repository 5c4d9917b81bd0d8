"""A world for whole-program tests: a directory of its own, an exact environment, commands with time limits, other users.

Nothing outlives a test: every process that it starts carries HWF_TEST_WORLD in its environment, and close() fails the test
if one is still alive a few seconds after the last command (and ends it).
"""

import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77  # ctest's SKIP_RETURN_CODE
COMMAND_SECONDS = 120
SLOW = float(os.environ.get("HWF_TEST_SLOW", "1"))  # sanitizers make everything slower


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIP)


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return self.out + self.err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class User:
    """A person of this machine, other than who runs the test."""

    def __init__(self, name):
        entry = pwd.getpwnam(name)
        self.name, self.uid, self.gid = name, entry.pw_uid, entry.pw_gid
        self.groups = [g.gr_gid for g in grp.getgrall() if name in g.gr_mem]


class World:
    def __init__(self, programs, keep=False):
        self.programs = os.path.abspath(programs)
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="hwf-test-"))
        os.chmod(self.dir, 0o755)
        self.keep = keep
        self.undo = []
        self.env = {
            "PATH": f"{self.programs}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": self.dir,
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "TMPDIR": self.dir,
            "HWF_TEST_WORLD": self.mark,
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    # ------------------------------------------------------------ files

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    # ------------------------------------------------------------ commands

    def start(self, command, user=None, cwd=None, umask=0o022, env=None, **more):
        if isinstance(command, str):
            command = ["bash", "-c", command]
        options = {}
        if user:
            options = {"user": user.uid, "group": user.gid, "extra_groups": user.groups}
        whole = dict(self.env, **(env or {}))
        if user:
            whole["USER"] = whole["LOGNAME"] = user.name
        return subprocess.Popen(
            command,
            cwd=cwd or self.dir,
            env=whole,
            stdin=subprocess.DEVNULL,
            umask=umask,
            start_new_session=True,
            **options,
            **more,
        )

    def run(self, command, seconds=COMMAND_SECONDS, merge=False, **more):
        err = subprocess.STDOUT if merge else subprocess.PIPE
        process = self.start(command, stdout=subprocess.PIPE, stderr=err, **more)
        try:
            out, err = process.communicate(timeout=seconds * SLOW)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err = (err or b"") + f"\n(ended by the test after {seconds * SLOW:.0f} s)".encode()
        return Result(process.returncode, out.decode(errors="replace"), (err or b"").decode(errors="replace"))

    def must(self, command, status=0, **more):
        result = self.run(command, **more)
        if result.status != status:
            raise AssertionError(f"{command}: expected exit {status}, got {result!r}")
        return result

    # ------------------------------------------------------------ waiting

    def until(self, what, condition, seconds=30):
        """Polls until condition() is true; the wait is bounded, and its failure says what was awaited."""
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"{what}: not within {seconds * SLOW:.0f} s")

    # ------------------------------------------------------------ secrets

    def files_with(self, text, *places):
        """The files below `places` that hold `text`. One that goes while it is looked at is no trouble; all else is."""
        found = self.run(["grep", "-rlaF", "-D", "skip", "--", text, *map(str, places)])
        trouble = [line for line in found.err.splitlines() if not line.endswith("No such file or directory")]
        assert not trouble and all(os.path.exists(place) for place in places), repr(found)
        return found.out.splitlines()

    # ------------------------------------------------------------ people

    def group(self, stem):
        name = f"hwft{os.getpid() % 100000}{stem}"
        self._account(["groupadd", name])
        self.undo.append(["groupdel", name])
        return name

    def user(self, stem, groups=()):
        name = f"hwft{os.getpid() % 100000}{stem}"
        command = ["useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        if groups:
            command += ["--groups", ",".join(groups)]
        self._account(command + [name])
        self.undo.append(["userdel", name])
        return User(name)

    def _account(self, command):
        for _ in range(50):  # the account files are locked while another test writes them
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                return
            if "lock" not in done.stderr:
                break
            time.sleep(0.1)
        raise AssertionError(f"{command}: {done.stderr}")

    # ------------------------------------------------------------ the end

    def processes(self):
        """Living processes of this world: pid and command line."""
        wanted = f"HWF_TEST_WORLD={self.mark}".encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if wanted not in file.read().split(b"\0"):
                        continue
                with open(f"/proc/{pid}/stat") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] in "ZX":
                        continue
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    found.append((int(pid), file.read().replace(b"\0", b" ").decode(errors="replace").strip()))
            except (OSError, IndexError):
                continue
        return found

    def close(self, seconds=10):
        left = self.processes()
        end = time.monotonic() + seconds * SLOW
        while left and time.monotonic() < end:
            time.sleep(0.05)
            left = self.processes()
        for pid, _ in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for command in reversed(self.undo):
            self._account(command)
        if self.keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if left:
            raise AssertionError(f"still alive after the test: {left}")


def normalise(text, world):
    """Replaces what differs from run to run: paths, ids, digests, times."""
    text = text.replace(world.dir, "<dir>").replace(world.programs, "<bin>")
    text = re.sub(r"b2:[0-9a-f]{64}", "<digest>", text)
    text = re.sub(r"\b[0-9]{8}-?[0-9]{6}-[0-9a-z]+\b", "<run>", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?\b", "<date>", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "<clock>", text)
    text = re.sub(r"(?<![\w.~])\d+(\.\d+)? ?(ms|s|min)\b", "<time>", text)
    text = re.sub(r"\bno engine since (<date>|\d\d:\d\d) on [\w.-]+", "no engine since <date> on <host>", text)
    text = re.sub(r"\bpid \d+", "pid <pid>", text)
    text = re.sub(r"\bpeak \d+(\.\d+)? ([KMGT]i)?B\b", "peak <mem>", text)
    return text


def main(test):
    """Runs test(world) and turns its outcome into an exit code. The first argument is the directory of the programs."""
    keep = "--keep" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--keep"]
    world = World(arguments[0], keep)
    world.arguments = arguments[1:]
    try:
        test(world)
    except BaseException:
        world.keep = world.keep or "HWF_TEST_KEEP" in os.environ
        with contextlib.suppress(AssertionError):
            world.close(seconds=0)
        raise
    world.close()
    print("passed")
