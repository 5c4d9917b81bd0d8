#!/usr/bin/env python3
"""The modes of all that a run makes, under the widest and the tightest umask, shared and not (docs/architecture.md)."""

import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task train() -> (model: File at "model.txt", n: Int at stdout) {
  checkpoint epoch(n: Int, weights: File)
  accept     halt()
  run \"\"\"
    echo w > weights
    hwf-task checkpoint epoch n=1 --file weights=weights
    until [ -e messages/000001.json ]; do sleep 0.02; done
    echo model > model.txt
    for i in {1..2000}; do echo long; done >&2
    echo 3
  \"\"\"
}

workflow w() -> (n: Int) {
  let job = train()
  watch latest job.epoch as e {
    let call = await review "Halt?" {
      show   e.weights
      choose halt | keep
      by     BY
      within 1h else keep
    }
    match call {
      halt => send job.halt()
      keep => {}
    }
  }
  (n: job.n)
}
"""

# By path below the run's directory: the mode alone, and with --share. What a task itself makes goes by its own umask.
WANTED = [
    (r"", 0o700, 0o2750),
    (r"/(ir\.json|journal|people|lease\..*)", 0o640, 0o640),
    (r"/engine\.sock", 0o600, 0o660),
    (r"/inbox", 0o700, 0o3770),
    (r"/(replies|reviews|evidence|store)", 0o700, 0o2750),
    (r"/refused", 0o700, 0o700),
    (r"/refused/.*\.reason", 0o600, 0o600),
    (r"/replies/.*", 0o640, 0o640),
    (r"/reviews/.*", 0o600, 0o640),
    (r"/evidence/[^/]*", 0o700, 0o2750),
    (r"/evidence/.*/.*", 0o400, 0o440),
    (r"/runner", 0o700, 0o2750),
    (r"/runner/(sock|lock)", 0o600, 0o600),
    (r"/runner/(log|slot-.*)", 0o600, 0o640),
    (r"/tasks/.*/(stdout|stderr)", 0o600, 0o640),
    (r"/tasks(/[^/]*)*/(job|\d+|checkpoints|messages|taken)|/tasks", 0o700, 0o2750),
]


def wrong_modes(run, shared, uid, gid):
    wrong, seen = [], set()
    for path, folders, files in os.walk(run):
        for name in ["."] + files:
            full = path if name == "." else os.path.join(path, name)
            info = os.lstat(full)
            below = full[len(run) :]
            row = next((r for r in WANTED if re.fullmatch(r[0], below)), None)
            if stat.S_ISLNK(info.st_mode):
                continue
            if row is None:
                if not below.startswith("/tasks/"):
                    wrong.append(f"{below}: not in the table ({stat.S_IMODE(info.st_mode):04o})")
                continue
            seen.add(row[0])
            mode = row[2] if shared else row[1]
            if stat.S_IMODE(info.st_mode) != mode:
                wrong.append(f"{below or '/'}: {stat.S_IMODE(info.st_mode):04o} instead of {mode:04o}")
            if info.st_uid != uid or (shared and mode & 0o070 and info.st_gid != gid):
                wrong.append(f"{below or '/'}: belongs to {info.st_uid}:{info.st_gid}")
    return wrong, seen


def check(world, scene, umask, shared):
    label = f"umask {umask:03o}, {'shared' if shared else 'alone'}"
    home = world.path(label.replace(" ", "-").replace(",", ""))
    os.mkdir(home)
    os.chown(home, scene["owner"].uid, scene["owner"].gid)
    runs = os.path.join(home, "runs")
    source = world.write("shared.hwf" if shared else "alone.hwf", SOURCE.replace("by     BY", f'by "{scene["team"]}"' if shared else ""))
    command = ["hwf", "run", source, "--runs", runs] + (["--share", scene["share"]] if shared else [])
    log = open(os.path.join(world.dir, label.replace(" ", "-") + ".log"), "wb")
    engine = world.start(command, user=scene["owner"], cwd=home, umask=umask, stdout=log, stderr=log)

    def opened():
        return next((d for d in look.run_directories(runs) if look.journal(d, "review_opened")), None)

    run = world.until(f"{label}: the review opens", opened)
    review = look.journal(run, "review_opened")[0]["review"]
    answer = ["hwf", "review", "answer", os.path.basename(run), review]
    if shared:
        # A file of ana's with any umask of hers arrives; nobody else's way in exists.
        stranger = world.run(answer + ["halt", "--runs", runs], user=scene["eve"], cwd="/", umask=0)
        assert stranger.status not in (0, 75), repr(stranger)
        listed = world.run(["ls", run], user=scene["eve"], cwd="/")
        assert listed.status != 0, "a stranger can list the run's directory"
        other = world.run(["bash", "-c", f"echo x > {run}/reviews/x"], user=scene["ana"], cwd="/")
        assert other.status != 0, "the group can write elsewhere than into the inbox"
        for act in (f"ls {run}/refused", f"echo > {run}/runner/x", f"echo >> {run}/runner/log", f"cat {run}/runner/lock"):
            assert world.run(["bash", "-c", act], user=scene["ana"], cwd="/").status != 0, f"the group can {act}"
    modes = [wrong_modes(run, shared, scene["owner"].uid, scene["gid"])]
    who = scene["ana"] if shared else scene["owner"]
    given = world.run(answer + ["halt", "--runs", runs], user=who, cwd="/", umask=umask)
    assert given.status == 0, repr(given)
    assert engine.wait(timeout=30 * worlds.SLOW) == 0, open(log.name, encoding="utf-8").read()
    modes.append(wrong_modes(run, shared, scene["owner"].uid, scene["gid"]))
    logs = ["hwf", "logs", os.path.basename(run), "job", "--runs", runs]
    for stream, text in (("--stdout", "3\n"), ("--stderr", "long\n" * 2000)):
        printed = world.run(logs + [stream], user=who, cwd="/")
        assert (printed.status, printed.out) == (0, text), repr(printed)
    if shared:
        assert world.run(logs, user=scene["eve"], cwd="/").status != 0, "a stranger can read what the task printed"
    wrong = sorted({w for found, _ in modes for w in found})
    assert not wrong, f"{label}: " + "; ".join(wrong)
    assert r"/evidence/.*/.*" in modes[0][1] and r"/reviews/.*" in modes[0][1], "the test has seen too little"


def main(world):
    if os.geteuid() != 0:
        worlds.skip("making throwaway users needs root")
    import grp

    share, team = world.group("s"), world.group("t")
    scene = {"share": share, "team": team, "gid": grp.getgrnam(share).gr_gid}
    scene["owner"] = world.user("owner", [share])
    scene["ana"] = world.user("ana", [share, team])
    scene["eve"] = world.user("eve", [team])
    for umask in (0o000, 0o077):
        for shared in (False, True):
            check(world, scene, umask, shared)
            print(f"umask {umask:03o} {'shared' if shared else 'alone'} ok", flush=True)


if __name__ == "__main__":
    worlds.main(main)
