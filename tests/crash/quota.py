#!/usr/bin/env python3
"""A quota that is met at one call: each call that changes files fails once with EDQUOT, and the run comes to its end.

usage: quota.py PROGRAMS engine|runner

On network file systems a quota shows anywhere, also only at close or at sync. The calls of an undisturbed run are counted
first; then, for a sample of them (all with HWF_CRASH_FULL=1), the run is made again and strace lets that one call fail.
Either nothing was lost by it and the run ends as always, or it stops, names the quota, and `hwf resume` brings it to the
same end.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kills  # noqa: E402
from kills import worlds  # noqa: E402

# Not `write`, which also wakes threads; tests/crash/disk_full.py has it.
CALLS = [
    "close", "fdatasync", "fsync", "openat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat",
    "pwrite64", "ftruncate", "fallocate",
]  # fmt: skip


def main(world):
    who = world.arguments[0]
    kills.need_strace()
    with open(os.path.join(kills.HERE, "small.hwf")) as file:
        # A full disk is the site's fault, and what failed for it is tried again.
        world.write("small.hwf", file.read().replace("on [node_fail]", "on [node_fail, site, output]"))
    with kills.site(world, "here"):
        try_all(world, who)


def try_all(world, who):
    expected, moments = kills.count_calls(world, kills.Small, who, CALLS)
    stopped = []

    def check(small, result):
        if result.status != 0:
            stopped.append(small)
            assert result.status == 3, f"exit {result.status}: {result.text}"
            assert "quota" in result.text.lower(), f"the message does not name the cause: {result.text}"
        small.check(expected, False)

    count = kills.disturb(world, kills.Small, who, moments, "error=EDQUOT", check)
    print(f"{count} calls failed once, {len(stopped)} runs stopped and named it, each came to the same end")


if __name__ == "__main__":
    worlds.main(main)
