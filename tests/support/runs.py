"""Looking at runs from outside, as any tool could: the journal's frames, the JSON of the commands, answering reviews."""

import json
import os
import struct
import threading
import time
import zlib


def run_directories(runs):
    if not os.path.isdir(runs):
        return []
    return sorted(os.path.join(runs, n) for n in os.listdir(runs) if os.path.exists(os.path.join(runs, n, "journal")))


def events(log_path):
    """The payloads of a log, up to its torn tail (docs/journal.md)."""
    try:
        log = open(log_path, "rb")
    except FileNotFoundError:
        return
    with log:
        if not log.read(16).startswith(b"hwf-log 1\n"):
            return
        while len(head := log.read(8)) == 8:
            word, checksum = struct.unpack("<II", head)
            length = word & 0x7FFFFFFF
            payload = log.read(length)
            if len(payload) < length or zlib.crc32(head[:4] + payload) != checksum:
                return
            if word == length:  # else a sync note
                yield json.loads(payload)


def journal(run_directory, kind=None):
    return [e for e in events(os.path.join(run_directory, "journal")) if kind is None or e["kind"] == kind]


def outputs(run_directory):
    """The outputs of a finished run, with files as the digest of their content: what two runs can be compared by."""
    finished = journal(run_directory, "run_finished")
    assert len(finished) == 1, f"{len(finished)} ends of the run in the journal"
    assert finished[0]["ok"], f"the run failed: {finished[0]['why']}"

    def strip(value):
        if isinstance(value, dict):
            if "digest" in value and "path" in value:
                return value["digest"]
            return {k: strip(v) for k, v in value.items()}
        return [strip(v) for v in value] if isinstance(value, list) else value

    return strip(finished[0]["outputs"])


def open_reviews(world, runs, **more):
    done = world.run(["hwf", "review", "list", "--json", "--runs", runs], **more)
    if done.status != 0:
        return []
    return json.loads(done.out)


def answer(world, runs, review, choice, *fields, **more):
    return world.run(["hwf", "review", "answer", review["run"], review["review"], choice, *fields, "--runs", runs], **more)


def withdraw(world, runs, review, *more):
    return world.run(["hwf", "review", "withdraw", review["run"], review["review"], *more, "--runs", runs])


class Answerer(threading.Thread):
    """Someone who answers every review that opens, by a function from its question to the choice and its options; or
    withdraws it, where that gives nothing."""

    def __init__(self, world, runs, decide):
        super().__init__(daemon=True)
        self.world, self.runs, self.decide = world, runs, decide
        self.stop = threading.Event()
        self.done = {}

    def run(self):
        while not self.stop.is_set():
            for review in open_reviews(self.world, self.runs):
                if review["review"] not in self.done:
                    result = self.reply(review, self.decide(review["question"]))
                    if result.status in (0, 75):
                        self.done[review["review"]] = result.status
            time.sleep(0.05)

    def reply(self, review, choice):
        if choice:
            return answer(self.world, self.runs, review, *choice)
        return withdraw(self.world, self.runs, review)

    def __exit__(self, *_):
        self.stop.set()
        self.join(timeout=30)

    def __enter__(self):
        self.start()
        return self
