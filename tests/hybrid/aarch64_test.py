#!/usr/bin/env python3
"""A site of another architecture: the cross-built runner and hwf-task on a machine whose every program is for aarch64, run
by qemu-user (tests/support/aarch64_host.py says what of it is not real). Files go there and come back, a review shows a
checkpoint made there, the answer reaches the running task, the engine is killed meanwhile; a cancel leaves nothing."""

import os
import shutil
import signal
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import aarch64_host  # noqa: E402
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

ROOT = os.path.join(HERE, "..", "..")
TOOLS = os.path.join(ROOT, "build", "aarch64", "bin")
AARCH64 = 183  # e_machine of ELF
SOURCE = """hwf 1

SITE

task words(n: Int) -> (text: File) {
  run \"\"\" seq ~{n} > ~{out.text} \"\"\"
}
task train(text: File) -> (model: File at "model.bin", machine: String, code: Int) {
  on far
  uses "helper.sh"
  checkpoint step(n: Int, weights: File)
  accept finish(extra: String)
  run \"\"\"
    uname -m > ~{out.machine}
    cp ~{text} weights
    hwf-task checkpoint step n=1 --file weights=weights
    hwf-task messages --wait 120 > told
    { cat ~{text} told; ./helper.sh; } > ~{out.model}
    code=0; (exit 41) || code=$?; echo $code > ~{out.code}
  \"\"\"
}
workflow w() -> (model: File, machine: String, code: Int) {
  let text = words(500)
  let job = train(text.text)
  watch job.step as e {
    let call = await review "Enough?" {
      show e.weights
      choose finish(extra: String)
    }
    match call { finish(extra) => send job.finish(extra: extra) }
  }
  (model: job.model, machine: job.machine, code: job.code)
}
"""
ENDLESS = """hwf 1

SITE

task slow() {
  on far
  checkpoint begun(n: Int)
  run \"\"\"
    hwf-task checkpoint begun n=1
    (sleep 4321.5 &)
    sleep 4321.5
  \"\"\"
}
workflow endless() -> () { slow() }
"""


def programs(world):
    """As they are installed: the other machine's beside our own, which are told by where `hwf` lies."""
    there = world.path("bin")
    os.mkdir(there)
    for name in ("hwf", "hwfc", "hwf-runner", "hwf-task"):
        shutil.copy(os.path.join(world.programs, name), there)
    shutil.copytree(os.path.join(world.programs, "python"), os.path.join(there, "python"))
    for name in ("hwf-runner-aarch64", "hwf-task-aarch64"):
        shutil.copy(os.path.join(TOOLS, name), there)
    world.env["PATH"] = world.env["PATH"].replace(world.programs, there)


def machine_of(program):
    with open(program, "rb") as file:
        return struct.unpack_from("<H", file.read(20), 18)[0]


def whole(world, host, runs):
    log = open(world.path("run.log"), "w")
    engine = world.start(["hwf", "run", "w.hwf", "--runs", runs], stdout=log, stderr=log)
    (asked,) = world.until("the review", lambda: look.open_reviews(world, runs), 120)
    (run,) = look.run_directories(runs)
    (installed,) = (host.home / "hwf/bin").glob("hwf-*")
    assert machine_of(installed / "hwf-runner") == machine_of(installed / "hwf-task") == AARCH64
    assert host.processes("hwf-runner"), "the runner is not there"

    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=30)
    engine = world.start(["hwf", "resume", os.path.basename(run), "--runs", runs], stdout=log, stderr=log)
    assert look.answer(world, runs, asked, "finish", "--extra", "it's \"enough\"").status in (0, 75)
    assert engine.wait(timeout=180 * worlds.SLOW) == 0, world.read("run.log")

    outputs = look.journal(run, "run_finished")[0]["outputs"]
    assert (outputs["machine"], outputs["code"]) == ("aarch64", 41), outputs
    with open(outputs["model"]["path"]) as file:
        lines = file.read().splitlines()
    assert lines[:500] == [str(n) for n in range(1, 501)] and lines[-1] == "helped", lines[-3:]
    assert "it's \\\"enough\\\"" in lines[-2], lines[-2]
    assert len([e for e in look.journal(run, "attempt_started") if e["place"] == "job"]) == 1


def cancelled(world, host, runs):
    engine = world.start(["hwf", "run", "endless.hwf", "--runs", runs])
    world.until("its checkpoint", lambda: look.run_directories(runs) and look.journal(look.run_directories(runs)[0], "emission"), 120)
    world.until("its two sleepers", lambda: len(host.processes("sleep 4321.5")) >= 2, 60)
    world.must(["hwf", "cancel", os.path.basename(look.run_directories(runs)[0]), "--runs", runs])
    assert engine.wait(timeout=60 * worlds.SLOW) == 1
    assert not host.processes("sleep 4321.5"), "something of it lives"


def main(world):
    if not shutil.which("aarch64-linux-gnu-g++"):
        worlds.skip("there is no aarch64-linux-gnu-g++: scripts/install-deps --aarch64 installs it")
    built = subprocess.run([os.path.join(ROOT, "scripts", "build-aarch64")], capture_output=True, text=True)  # if they are old
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    programs(world)
    try:
        with ssh_world.far_site(world, second_host=True, kind=aarch64_host.Host) as host:
            for name, source in (("w.hwf", SOURCE), ("endless.hwf", ENDLESS)):
                world.write(name, source.replace("SITE", ssh_world.site(host, "hwf")))
            world.write("helper.sh", "#!/bin/bash\necho helped\n", mode=0o755)
            doctor = world.must(["hwf", "doctor", "far", "w.hwf"])
            assert "aarch64" in doctor.out, repr(doctor)
            whole(world, host, world.path("runs"))
            cancelled(world, host, world.path("cancelled"))
    except aarch64_host.Unavailable as why:
        worlds.skip(str(why))


if __name__ == "__main__":
    worlds.main(main)
