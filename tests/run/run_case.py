#!/usr/bin/env python3
"""Runs one case of tests/run/cases: a .hwf file that holds its own commands and what they must print.

The file begins with comments:
    #$ hwf run hello.hwf          a command for bash, in a new directory that holds the file, without these lines, and
                                  what lies in STEM.d/
    #| Hello, world!              every line that it prints (stdout and stderr), after normalisation
    #= 1                          its exit code, if not 0
    #! as nobody                  before the first command: run without root's rights

usage: run_case.py PROGRAMS CASE.hwf [--update] [--keep]
"""

import difflib
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import world as worlds  # noqa: E402


def parse(lines):
    """The commands with their expectations, whether to drop root, and the rest of the file."""
    steps, drop, rest = [], False, []
    for line in lines:
        if line.startswith("#$ "):
            steps.append({"command": line[3:], "out": [], "status": 0})
        elif line.startswith("#|") and steps:
            steps[-1]["out"].append(line[3:])
        elif line.startswith("#= ") and steps:
            steps[-1]["status"] = int(line[3:])
        elif line.startswith("#! as nobody"):
            drop = True
        else:
            rest.append(line)
    return steps, drop, rest


def render(steps, drop, rest):
    lines = ["#! as nobody"] if drop else []
    for step in steps:
        lines.append("#$ " + step["command"])
        lines += [("#| " + line).rstrip() for line in step["out"]]
        if step["status"]:
            lines.append(f"#= {step['status']}")
    return lines + rest


def run(world):
    case = world.arguments[0]
    update = "--update" in world.arguments
    with open(case, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        text = file.read()
    steps, drop, rest = parse(text.split("\n"))
    assert steps, f"{case} has no `#$ command`"
    name = os.path.basename(case)
    # Without the expectations: line numbers in messages are those of the program, and stay when an expectation changes.
    with open(world.path(name), "w", encoding="utf-8", errors="surrogateescape", newline="\n") as out:
        out.write("\n".join(rest))
    companion = os.path.splitext(case)[0] + ".d"
    if os.path.isdir(companion):
        shutil.copytree(companion, world.dir, dirs_exist_ok=True)
    user = None
    if drop and os.geteuid() == 0:
        user = worlds.User("daemon")  # nobody's own uid stands for all that have no name: no run can be its
        for directory, _, files in os.walk(world.dir):
            os.chown(directory, user.uid, user.gid)
            for file in files:
                os.chown(os.path.join(directory, file), user.uid, user.gid, follow_symlinks=False)
    wrong = False
    for step in steps:
        result = world.run(step["command"], merge=True, user=user)
        out = worlds.normalise(result.out, world).split("\n")
        if out[-1] == "":
            out.pop()
        out = [line.rstrip() for line in out]
        if update:
            step["out"], step["status"] = out, result.status
            continue
        expected = [line.rstrip() for line in step["out"]]
        if out != expected:
            wrong = True
            print(f"$ {step['command']}")
            print("\n".join(difflib.unified_diff(expected, out, "expected", "printed", lineterm="")))
        if result.status != step["status"]:
            wrong = True
            print(f"$ {step['command']}\nexpected exit {step['status']}, got {result.status}\n{result.out}")
    if update:
        with open(case, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as out:
            out.write("\n".join(render(steps, drop, rest)))
    assert not wrong, f"{name} differs; `run_case.py PROGRAMS {case} --update` takes what it prints now"


if __name__ == "__main__":
    worlds.main(run)
