#!/usr/bin/env python3
"""What is wrong with a machine at the other end of ssh: each gives one clear line, waits for its repair, and goes on. Noise
of a login is passed over."""

import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

SITE

task there(text: File) -> (who: String at stdout) {
  on far
  run \"\"\"
    cat ~{text}
  \"\"\"
}
workflow w(text: File) -> (who: String) {
  let a = there(text)
  (who: a.who)
}
"""
START_UP = {"tcsh": ".tcshrc", "zsh": ".zshenv", "fish": ".config/fish/config.fish"}


class Case:
    """A run that is to end well after its trouble is mended."""

    def __init__(self, world, host, name, workdir):
        self.world, self.runs, self.name = world, world.path(f"{name}-runs"), name
        world.write(f"{name}.hwf", SOURCE.replace("SITE", ssh_world.site(host, workdir)))
        world.write(f"{name}.txt", f"text of {name}\n")
        self.log = open(world.path(f"{name}.log"), "w")
        self.engine = world.start(["hwf", "run", f"{name}.hwf", "--text", f"{name}.txt", "--runs", self.runs],
                                  stdout=self.log, stderr=self.log)

    def trouble(self, words):
        def said():
            found = look.run_directories(self.runs)
            return found and any(words in e["why"] for e in look.journal(found[0], "site_troubled"))

        self.world.until(f"{self.name}: trouble with `{words}`", said, seconds=60)

    def ends(self):
        status = self.engine.wait(timeout=120)
        assert status == 0, self.world.read(f"{self.name}.log")
        (run,) = look.run_directories(self.runs)
        assert look.outputs(run) == {"who": f"text of {self.name}"}, look.outputs(run)
        return run


def noisy(world, host):
    host.banner = "Welcome to a machine that talks.\n"
    host.restart()
    with open(host.home / ".bashrc", "w") as file:
        file.write("echo; echo hwf-noise without end of line\nprintf 'loading…'\nseq 2000\necho more >&2\nsleep 1\n")
    Case(world, host, "noisy", "noisy dir").ends()
    doctor = world.run(["hwf", "doctor", "far", "noisy.hwf"])
    assert "passes over it" in doctor.out and doctor.status == 0, doctor
    os.unlink(host.home / ".bashrc")


def changed_key(world, host):
    # What a killed master leaves behind is in nobody's way.
    ssh_world.end_masters(world, signal.SIGKILL)
    host.new_host_key()
    case = Case(world, host, "key", "w")
    case.trouble("the host key of far is not the one that is known")
    case.trouble("hwf login far")
    doctor = world.run(["hwf", "doctor", "far", "key.hwf"])
    assert doctor.status == 3 and "host key" in doctor.out, doctor
    host.trust()
    # A person logs in, and what waits goes on at once, not when it would have tried again.
    world.must(["hwf", "login", "far", "key.hwf"])
    case.ends()
    again = world.must(["hwf", "login", "far", "key.hwf"])
    assert "is open\n" in again.out, again
    closed = world.must(["hwf", "login", "far", "key.hwf", "--close"])
    assert "closed the connection" in closed.out, closed


def password(world, host):
    host.methods, host.password = "password", "yes"
    host.restart()
    case = Case(world, host, "password", "w")
    case.trouble("wants a password or a key that only you can give: `hwf login far`")
    host.methods, host.password = "publickey", "no"
    host.restart()
    world.must(["hwf", "login", "far", "password.hwf"])
    case.ends()


def no_space(world, host):
    small = host.home / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    host.own(small)
    case = Case(world, host, "space", "small")
    case.trouble("No space left")
    case.trouble("make room in its workdir")
    subprocess.run(["mount", "-o", "remount,size=400m", str(small)], check=True)
    case.ends()


def unreachable(world, host):
    ssh_world.end_masters(world)
    host.stop()
    case = Case(world, host, "down", "w")
    case.trouble("far cannot be reached: ")
    host.start()
    case.ends()


def other_shells(world, host):
    """Logins with shells that read neither quotes nor variables as bash does, and print when they begin."""
    for shell in ("tcsh", "zsh", "fish", "dash"):
        path = shutil.which(shell, path="/usr/bin:/bin")
        if path is None:
            print(f"SKIPPED: {shell} is not installed")
            continue
        host.shell(path)
        ssh_world.end_masters(world)  # sshd knows the shell from when the connection began
        if shell in START_UP:
            start_up = host.home / START_UP[shell]
            start_up.parent.mkdir(parents=True, exist_ok=True)
            start_up.write_text("echo noise of the shell\n")
        Case(world, host, shell, f"of {shell}, isn't it! $HOME").ends()
        doctor = world.run(["hwf", "doctor", "far", f"{shell}.hwf"])
        assert doctor.status == 0 and (shell not in START_UP or "passes over it" in doctor.out), doctor
    host.shell("/bin/bash")
    ssh_world.end_masters(world)


def killed(world, host):
    """The runner there and the master, again and again, under a run of many tasks."""
    source = """hwf 1
SITE
task t(n: Int) -> (n: Int at stdout) {
  on far
  run \"\"\"
    echo ~{n} >> "$HOME/ran"
    sleep 0.1
    echo ~{n}
  \"\"\"
}
workflow w() -> (all: [Int]) {
  let all = for n in range(30) { let one = t(n)
    one.n }
  (all: all)
}
"""
    world.write("killed.hwf", source.replace("SITE", ssh_world.site(host, "w")))
    runs = world.path("killed-runs")
    log = open(world.path("killed.log"), "w")
    engine = world.start(["hwf", "run", "killed.hwf", "--runs", runs], stdout=log, stderr=log)

    def ended():
        return [e for d in look.run_directories(runs) for e in look.journal(d, "attempt_ended")]

    world.until("the first has ended", ended, seconds=60)
    for round_number in range(3):
        seen = len(ended())
        if round_number % 2 == 0:
            ssh_world.end_masters(world, signal.SIGKILL)
        else:
            for pid in host.processes("agents/far"):
                os.kill(pid, signal.SIGKILL)
        world.until("it goes on", lambda: len(ended()) > seen or engine.poll() is not None, seconds=60)
    assert engine.wait(timeout=120) == 0, world.read("killed.log")
    (run,) = look.run_directories(runs)
    assert look.outputs(run) == {"all": list(range(30))}
    lost = [e for e in look.journal(run, "attempt_ended") if e.get("failure")]
    assert all(e["failure"] == "node_fail" for e in lost), lost
    ran = host.as_user("cat ran").split()
    assert len(ran) <= 30 + len(lost), f"something ran twice: {sorted(ran, key=int)}, lost {len(lost)}"


def main(world):
    with ssh_world.far_site(world) as host:
        for case in (noisy, changed_key, password, no_space, unreachable, other_shells, killed):
            case(world, host)
            print(case.__name__, flush=True)


if __name__ == "__main__":
    worlds.main(main)
