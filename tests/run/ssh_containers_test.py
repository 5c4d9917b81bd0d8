#!/usr/bin/env python3
"""Tasks in containers on another machine, as another user there, in every engine: files go there and come back, a review's
evidence too, a checkpoint and a message, a secret, an image that is not there, a cancel that leaves nothing."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path.insert(0, SUPPORT)
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1
SITE

task made() -> (data: File at "the data.txt") {
  run \"\"\"
    seq 2000 > ~{out.data}
  \"\"\"
}
task count(data: File) -> (lines: Int, copy: File at "copy.txt", where: String, seen: String) {
  on far
  uses "count.sh"
  image "IMAGE"
  secret TOKEN
  checkpoint ready(n: Int)
  accept     more(n: Int)
  run \"\"\"
    test "$TOKEN" = "hush hush"
    hwf-task checkpoint ready n=1
    told=$(hwf-task messages --wait 60)
    case $told in *'"n":7'*) ;; *) exit 9 ;; esac
    bash count.sh ~{data} > ~{out.lines}
    cp ~{data} ~{out.copy}
    cat /etc/made-by > ~{out.where}
    { ls -d HOME/hidden RUNS || echo nothing; } 2>/dev/null > ~{out.seen}
  \"\"\"
}
task outside(copy: File) -> (sum: String at stdout) {
  run \"\"\"
    sha256sum < ~{copy}
  \"\"\"
}
workflow w() -> (lines: Int, where: String, seen: String, sum: String) {
  let job = count(made().data)
  watch job.ready as r {
    send job.more(n: 7)
  }
  (lines: job.lines, where: job.where, seen: job.seen, sum: outside(job.copy).sum)
}
"""
ABSENT = """hwf 1
SITE
task t() -> (out: String at stdout) {
  on far
  image "/nowhere/none.sif"
  run \"\"\"
    echo never
  \"\"\"
}
workflow w() -> (out: String) { (out: t().out) }
"""
SLOW = """hwf 1
SITE
task t() -> (out: String at stdout) {
  on far
  image "IMAGE"
  checkpoint begun(n: Int)
  run \"\"\"
    hwf-task checkpoint begun n=1
    setsid sleep MARK &
    sleep MARK
  \"\"\"
}
workflow w() -> (out: String) { (out: t().out) }
"""


def sleepers(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if mark.encode() in file.read() and int(pid) != os.getpid():
                    found.append(pid)
        except OSError:
            continue
    return found


def the_engines_of(host):
    """What a user there would have set up: engines in PATH, stores of their own."""
    def own(name):
        path = host.home / name
        path.mkdir(mode=0o700)
        host.own(path)
        return path

    store = own("podman")
    storage = host.dir / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{store}"\nrunroot = "{own("podman-run")}"\n'
                       f'rootless_storage_path = "{store}"\n')
    host.env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": own("runtime"), "CONTAINERS_STORAGE_CONF": storage}
    for name in ("CONTAINERS_CONF", "DOCKER_HOST"):
        if name in os.environ:
            host.env[name] = os.environ[name]
    host.restart()


def the_whole(world, host, engine, fill):
    text = fill(SOURCE).replace("HOME", str(host.home)).replace("RUNS", world.path("runs"))
    world.write(f"{engine}.hwf", text)
    done = world.run(["hwf", "run", f"{engine}.hwf", "--runs", world.path(f"runs/{engine}")])
    assert done.status == 0, done
    (run,) = look.run_directories(world.path(f"runs/{engine}"))
    outputs = look.outputs(run)
    local = world.must("seq 2000 | sha256sum").out.strip()
    assert outputs == {"lines": 2000, "where": "hwf's tests", "seen": "nothing", "sum": local}, outputs
    digests = [e for e in look.journal(run, "attempt_ended") if e["place"] == "job"]
    assert digests and not digests[0].get("failure"), digests
    strangers = host.as_user(f"find 'w dir/{os.path.basename(run)}' ! -user {host.user}")
    assert not strangers, f"not the user's own: {strangers}"


def an_image_that_is_not_there(world, engine, fill):
    world.write("absent.hwf", fill(ABSENT))
    done = world.run(["hwf", "run", "absent.hwf", "--runs", world.path(f"absent/{engine}")])
    assert done.status == 1 and "/nowhere/none.sif" in done.text, done
    (run,) = look.run_directories(world.path(f"absent/{engine}"))
    assert [e["failure"] for e in look.journal(run, "attempt_ended")] == ["site"]


def a_cancel(world, engine, fill):
    mark = f"8765.{os.getpid()}"
    world.write("slow.hwf", fill(SLOW).replace("MARK", mark))
    runs = world.path(f"slow/{engine}")
    process = world.start(["hwf", "run", "slow.hwf", "--runs", runs])
    world.until("its checkpoint", lambda: look.run_directories(runs) and
                look.journal(look.run_directories(runs)[-1], "emission"), 90)
    world.until("it sleeps", lambda: sleepers(mark))
    world.must(["hwf", "cancel", "--runs", runs, os.path.basename(look.run_directories(runs)[-1])])
    assert process.wait(60) == 1
    assert not sleepers(mark), sleepers(mark)


def main(world):
    without = dict(entry.split(": ", 1) for entry in os.environ["HWF_TEST_WITHOUT"].split("; ") if entry)
    image = "docker-archive:" + os.path.join(os.environ["HWF_TEST_IMAGES"], "image.tar")
    world.write("count.sh", 'wc -l < "$1"\n')
    world.env["TOKEN"] = "hush hush"
    with ssh_world.far_site(world) as host:
        the_engines_of(host)
        host.as_user("touch hidden")
        for engine in ("apptainer", "podman", "docker", "charliecloud"):
            if engine in without:
                print(f"SKIPPED: {engine}: {without[engine]}")
                continue
            site = ssh_world.site(host, "w dir", containers=engine, secrets='[TOKEN: env("TOKEN")]')

            def fill(text, site=site):
                return text.replace("SITE", site).replace("IMAGE", image)

            the_whole(world, host, engine, fill)
            an_image_that_is_not_there(world, engine, fill)
            a_cancel(world, engine, fill)
            print(f"{engine}: passed", flush=True)


# Engines, and /dev/fuse as machines for users have it: apptainer mounts its images with it.
FUSE = """mount -t tmpfs -o mode=0755 tmpfs /media
if test -e /dev/fuse; then mknod -m 666 /media/fuse c 10 229; mount --bind /media/fuse /dev/fuse; fi
exec "$@"
"""
if "HWF_TEST_IMAGES" not in os.environ:
    if os.geteuid() != 0:
        worlds.skip("only root can make the account to log in to")
    engines = os.path.join(SUPPORT, "containers", "engines.py")
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-ec", FUSE, "sh", sys.executable, engines,
                          sys.executable, os.path.abspath(__file__), os.path.abspath(sys.argv[1]), *sys.argv[2:]])
os.environ["TMPDIR"] = "/tmp"  # the account's home lies in the test's directory: others must come through
worlds.main(main)
