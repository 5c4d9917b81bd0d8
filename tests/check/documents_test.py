#!/usr/bin/env python3
"""documents_test.py PROGRAMS: what the documents show as whole programs passes `hwfc check` without a word, the files
that they name are there, and docs/cli.md has every option of every command.

A ```hwf block that begins with `hwf 1` claims to be whole; all others are parts. A name in backticks that begins with
one of the project's directories is a path from its root, with `*` for many.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def whole_programs(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for block in re.finditer(r"^```hwf\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if block[1].startswith("hwf 1\n"):
            yield text.count("\n", 0, block.start()) + 2, block[1]


def missing_paths(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```$", "", file.read(), flags=re.DOTALL | re.MULTILINE)
    directories = "|".join(name for name in os.listdir(ROOT) if os.path.isdir(os.path.join(ROOT, name)))
    for name in set(re.findall(rf"`((?:{directories})/[^`\s]*)`", text)):
        if not glob.glob(os.path.join(ROOT, name)):
            yield name
    for name in set(re.findall(r"\]\(([^)#:\s]+)", text)):
        if not os.path.exists(os.path.join(os.path.dirname(path), name)):
            yield name


def missing_options(programs):
    """Options that a command's own --help has and docs/cli.md has not."""
    with open(f"{ROOT}/docs/cli.md", encoding="utf-8") as file:
        document = file.read()
    for program in ("hwfc", "hwf"):
        path = os.path.join(programs, program)
        if not os.path.exists(path):
            continue
        overview = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
        commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", overview.split("Commands:\n")[1], re.MULTILINE)
        assert len(commands) > 3, overview
        assert program == "hwfc" or "review withdraw" in commands, overview
        for command in commands:
            help_ = subprocess.run([path, *command.split(" "), "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
            for option in re.findall(r"^ +(?:-\w, )?(--[a-z-]+|-o)\b", help_, re.MULTILINE):
                if not re.search(rf"{option}(?![\w-])", document):
                    yield f"{program} {command} {option}"


def main():
    hwfc = os.path.join(sys.argv[1], "hwfc")
    count, failures = 0, 0
    for document in sorted(glob.glob(f"{ROOT}/*.md") + glob.glob(f"{ROOT}/docs/*.md")):
        for name in missing_paths(document):
            failures += 1
            print(f"{os.path.relpath(document, ROOT)}: there is no {name}")
        for line, source in whole_programs(document):
            count += 1
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "program.hwf")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(source)
                # What a program uses or reads need not be there for its document to be right.
                for name in re.findall(r'uses\s+"([^"]+)"|file\("([^"/]+)"\)', source):
                    open(os.path.join(directory, name[0] or name[1]), "w").close()
                done = subprocess.run([hwfc, "check", path], capture_output=True, text=True, timeout=60)
            if done.returncode != 0 or done.stdout:
                failures += 1
                print(f"{os.path.relpath(document, ROOT)}:{line}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    for option in missing_options(sys.argv[1]):
        failures += 1
        print(f"docs/cli.md: does not say {option}")
    if count < 2:
        sys.exit("no whole programs found: is this the right place?")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
