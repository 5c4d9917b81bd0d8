#!/usr/bin/env python3
"""Writes correct .hwf source of about N lines below a directory, and prints the path of its main file.

    gen_source.py wide|deep|modules|ports N DIRECTORY

wide: many tasks and one workflow that calls them all; deep: few workflows of long bodies with nested branches, loops and
long expressions; modules: files of some 200 lines that import one another in a chain; ports: the workflows of examples/ported, each many times under other names.
"""

import os
import re
import shutil
import sys

PORTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples", "ported")

TASK = """\
## Task number {i}.
task {p}step{i}(data: Int, rate: Float = 0.1, label: String = "step {i}") -> (value: Int, model: File at "model-{i}.bin") {{
  needs cpus: 1, memory: 2GiB, time: 10min
  retry 2 on [oom, node_fail]
  run \"\"\"
    step --data ~{{data}} --rate ~{{rate}} --label ~{{label}} \\
      --out ~{{out.model}} > ~{{out.value}}
  \"\"\"
}}

"""


def wide(n):
    lines_a_task = TASK.count("\n") + 1  # and its call
    count = max(1, n // lines_a_task)
    out = ["hwf 1\n\n"]
    out += [TASK.format(i=i, p="") for i in range(count)]
    out.append("workflow main(seed: Int = 1) -> (value: Int) {\n")
    previous = "seed"
    for i in range(count):
        out.append(f"  let r{i} = step{i}({previous}, rate: 0.5)\n")
        previous = f"r{i}.value"
    out.append(f"  (value: {previous})\n}}\n")
    return "".join(out)


BLOCK = """\
  let a{i} = step0({previous} + {i}, rate: 0.5, label: "round ~{{{previous}}}")
  let b{i} = if a{i}.value > {i} and not (a{i}.value == 7) {{
    let inner = for x in range(3) where x % 2 == 0 {{
      let left = step0(x * a{i}.value + (x - 1) * 2)
      left.value
    }}
    if inner[0] > 1 {{
      inner[0] + 1 + 2 * 3 - a{i}.value
    }} else if inner[0] > 2 {{
      2
    }} else {{
      3
    }}
  }} else {{
    a{i}.value
  }}
"""


def deep(n):
    out = ["hwf 1\n\n", TASK.format(i=0, p="")]
    lines = 12
    workflow = 0
    while lines < n:
        name = f"part{workflow}"
        out.append(f"workflow {name}(seed: Int = 1) -> (value: Int) {{\n")
        previous = "seed"
        if workflow > 0:
            out.append(f"  let before = part{workflow - 1}(seed)\n")
            previous = "before.value"
        for i in range(min(300, max(1, (n - lines) // BLOCK.count("\n")))):
            out.append(BLOCK.format(i=i, previous=previous))
            previous = f"b{i}"
            lines += BLOCK.count("\n")
        out.append(f"  (value: {previous})\n}}\n\n")
        lines += 4
        workflow += 1
    return "".join(out)


def modules(n, directory):
    files = max(1, n // 200)
    for k in range(files):
        # The main file is the last.
        name = "main" if k == files - 1 else f"m{k}"
        out = ["hwf 1\n\n"]
        if k > 0:
            out.append(f'import "m{k - 1}.hwf"\n\n')
        count = 18
        out += [TASK.format(i=i, p=f"m{k}_") for i in range(count)]
        out.append(f"workflow m{k}_all(seed: Int = 1) -> (value: Int) {{\n")
        previous = "seed"
        if k > 0:
            out.append(f"  let before = m{k - 1}_step0(seed)\n")
            previous = "before.value"
        for i in range(count):
            out.append(f"  let r{i} = m{k}_step{i}({previous})\n")
            previous = f"r{i}.value"
        out.append(f"  (value: {previous})\n}}\n")
        with open(os.path.join(directory, name + ".hwf"), "w") as f:
            f.write("".join(out))
    return os.path.join(directory, "main.hwf")


def ports(n, directory):
    imports, bodies = set(), []
    for name in sorted(os.listdir(PORTED)):
        port = os.path.join(PORTED, name)
        if not os.path.isdir(port):
            continue
        # What the sources name lies beside them: files of equal names are of one kind, which is all that a check looks at.
        shutil.copytree(port, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.hwf", "README.md"))
        with open(os.path.join(port, name + ".hwf"), encoding="utf-8") as f:
            lines = f.read().splitlines(keepends=True)
        imports |= {line for line in lines if line.startswith("import ")}
        bodies.append("".join(line for line in lines[1:] if not line.startswith("import ")))
    out = ["hwf 1\n\n", *sorted(imports)]
    lines, copy = 2 + len(imports), 0
    while lines < n:
        body = bodies[copy % len(bodies)]
        declared = re.findall(r"^(?:task|workflow|record|enum|fn) (\w+)", body, re.MULTILINE)
        names = re.compile(r'(?<![\w."])(' + "|".join(declared) + r")\b(?!\.py)")
        out.append(names.sub(rf"\1_{copy}", body))
        lines += body.count("\n")
        copy += 1
    path = os.path.join(directory, "main.hwf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(out))
    return path


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("wide", "deep", "modules", "ports"):
        sys.exit(__doc__)
    shape, n, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    os.makedirs(directory, exist_ok=True)
    if shape in ("modules", "ports"):
        print((modules if shape == "modules" else ports)(n, directory))
        return
    path = os.path.join(directory, "main.hwf")
    with open(path, "w") as f:
        f.write(wide(n) if shape == "wide" else deep(n))
    print(path)


if __name__ == "__main__":
    main()
