"""What the benchmarks share: fresh directories, medians, tables, the machine's description."""

import argparse
import ctypes
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def arguments(description, **defaults):
    """--programs DIR and one option for each default, of its type."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default=os.path.join(ROOT, "build", "release", "bin"), help="where hwf and hwfc are")
    for name, value in defaults.items():
        if value is False:
            parser.add_argument("--" + name.replace("_", "-"), action="store_true")
        else:
            parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value, help=f"default {value}")
    args = parser.parse_args()
    args.programs = os.path.abspath(args.programs)
    for program in ("hwf", "hwfc"):
        if not os.path.exists(os.path.join(args.programs, program)):
            sys.exit(f"{args.programs}/{program} is missing: cmake --preset release && cmake --build --preset release")
    # Debian's python3, which has scikit-learn, comes first for the tasks.
    os.environ["PATH"] = f"{args.programs}:/usr/bin:/bin:{os.environ['PATH']}"
    return args


class fresh:
    """A new top-level directory: creating files is slow where many were made and unlinked before."""

    def __enter__(self):
        base = "/" if os.access("/", os.W_OK) else tempfile.gettempdir()
        self.path = tempfile.mkdtemp(prefix="hwf-bench-", dir=base)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Run:
    def __init__(self, wall, cpu, rss, out):
        self.wall, self.cpu, self.rss, self.out = wall, cpu, rss, out


def adopt_orphans():
    """What a measured program leaves running (a runner outlives its engine) becomes our child, so that its CPU counts. reap_all() is to follow: of
    thousands that nobody waits for each look at /proc becomes slow."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_all():
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, cwd=None, env=None, status=0):
    """Wall seconds until it exits, CPU seconds of it and all that it started, its largest resident MiB, its output."""
    adopt_orphans()
    cpu = cpu_of_children()
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        _, code, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(code)
        out.seek(0)
        text = out.read().decode(errors="replace")
    if process.returncode != status:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}, wanted {status}\n{text[-3000:]}")
    reap_all()
    return Run(wall, cpu_of_children() - cpu, usage.ru_maxrss / 1024, text)


def median(values):
    return statistics.median(values)


def table(header, rows):
    rows = [[str(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in [header] + rows) for i in range(len(header))]
    for row in [header, ["-" * w for w in widths]] + rows:
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |")
    sys.stdout.flush()


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / (1 << 20)
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Linux {platform.release()}, load before {load:.1f}"
