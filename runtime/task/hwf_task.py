"""What a task of hwf calls to show a checkpoint and to take what it is told.

    import hwf_task

    for message in hwf_task.messages():          # what has come since the last call; never waits
        if message.name == "retune":
            rate = message.fields["rate"]
    hwf_task.checkpoint("epoch", n=3, loss=0.41, files={"weights": "w.pkl"})

Outside of hwf a script with these calls runs as it is: checkpoint() leaves its files alone and says once, on standard
error, that nobody is listening; messages() is empty. Standard library only. The files behind it: task_protocol.md.
"""

import collections
import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import stat
import sys
import time

__all__ = ["Message", "checkpoint", "in_task", "messages", "wait_messages"]

Message = collections.namedtuple("Message", ["number", "name", "fields"])

_MAX_EMISSION_BYTES = 64 * 1024
_POLL_SECONDS = 0.2
_counter = itertools.count()
_told = False


def _directory():
    return os.environ.get("HWF_TASK_DIR") or None


def in_task():
    """Whether this process belongs to a task of hwf."""
    return _directory() is not None


def _rank():
    for name in ("SLURM_PROCID", "PMI_RANK", "OMPI_COMM_WORLD_RANK"):
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 0


def _unique():
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:64]
    return f"{time.time_ns():019d}-{host}-r{_rank()}-{os.getpid()}-{next(_counter)}"


def _numbers(directory):
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(int(name[:-5]) for name in names if re.fullmatch(r"[0-9]{1,6}\.json", name))


def checkpoint(name, /, *, files=None, copy=False, **values):
    """Emits checkpoint `name`. Values are what JSON can say; numbers of numpy and torch are taken as numbers.

    `files` maps a field to the path of a file, which is moved into the emission, or copied with copy=True. If one
    cannot be, nothing is emitted or moved. Never waits for anyone.
    """
    global _told
    task = _directory()
    if task is None:
        if not _told:
            print(f"hwf_task: not run by hwf, so checkpoint {name!r} goes nowhere", file=sys.stderr)
            _told = True
        return
    directory = os.path.join(task, "checkpoints")
    if not os.path.isdir(directory):
        raise RuntimeError(f"this task declares no checkpoint (no {directory})")
    stem = _unique()
    moves = []
    for key, path in (files or {}).items():
        if key in values:
            raise ValueError(f"{key!r} is given as a value and as a file")
        inside = f"files/{stem}-{len(moves)}-{os.path.basename(os.path.normpath(os.fspath(path)))}"
        moves.append((os.fspath(path), os.path.join(directory, inside)))
        values[key] = {"file": inside}
    taken = _numbers(os.path.join(task, "messages", "taken"))
    content = {"checkpoint": name, "values": values, "taken": taken[-1] if taken else 0}
    text = json.dumps(content, default=_plain, separators=(",", ":")).encode()
    if len(text) > _MAX_EMISSION_BYTES:
        raise ValueError(f"the values have {len(text)} bytes, more than {_MAX_EMISSION_BYTES}; put them into a file")
    if moves:
        os.makedirs(os.path.join(directory, "files"), mode=0o700, exist_ok=True)
    for source, _ in moves:
        _check_source(source, copy)
    beside = os.path.join(directory, f".{stem}.new")
    put = []
    try:
        for source, target in moves:
            put.append((source, target))
            (shutil.copyfile if copy else shutil.move)(source, target)
        with open(beside, "xb") as file:
            file.write(text)
        os.rename(beside, os.path.join(directory, f"{stem}.json"))
    except BaseException:
        _take_back(put, beside, copy)
        raise


# A link is not moved: what it leads to would stay where others may change it.
def _check_source(path, copy):
    mode = (os.stat if copy else os.lstat)(path).st_mode
    if stat.S_ISLNK(mode):
        raise ValueError(f"{path} is a link; name the file itself, or copy it")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is not a regular file")


def _take_back(put, beside, copy):
    with contextlib.suppress(OSError):
        os.unlink(beside)
    for source, target in reversed(put):
        with contextlib.suppress(OSError):
            if copy or os.path.lexists(source):
                os.unlink(target)
            else:
                shutil.move(target, source)


def _plain(value):
    if hasattr(value, "tolist"):  # scalars and arrays of numpy, tensors
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be emitted; give it as one of `files`")


def messages():
    """The messages that have come, in order; each is taken once. Never waits."""
    task = _directory()
    if task is None:
        return []
    directory = os.path.join(task, "messages")
    found = []
    for number in _numbers(directory):
        name = f"{number:06d}.json"
        taken = os.path.join(directory, "taken", name)
        try:
            os.rename(os.path.join(directory, name), taken)
        except FileNotFoundError:
            continue  # another process of this task was first
        with open(taken, encoding="utf-8") as file:
            content = json.load(file)
        found.append(Message(content["number"], content["message"], content["fields"]))
    return found


def wait_messages(timeout=None):
    """Waits for a message, at most `timeout` seconds; then as messages(). Empty at once outside of hwf."""
    end = None if timeout is None else time.monotonic() + timeout
    while in_task():
        found = messages()
        left = _POLL_SECONDS if end is None else end - time.monotonic()
        if found or left <= 0:
            return found
        time.sleep(min(left, _POLL_SECONDS))
    return []
