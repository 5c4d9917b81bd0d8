#!/usr/bin/env python3
"""The same program in containers of every engine: inputs, `uses`, checkpoints and messages, secrets, outputs of the user's
own, reuse by what the image holds, an image that is not there, a cancel that leaves nothing."""

import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
sys.path.insert(0, SUPPORT)
import runs as look  # noqa: E402
import slurm_cluster  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

site boxed = local(containers: ENGINE)

task count(data: File, word: String) -> (lines: Int, copy: File, where: String) {
  on boxed
  uses "count.sh"
  image "IMAGE"
  run \"\"\"
    bash count.sh ~{data} ~{word} > ~{out.lines}
    cp ~{data} ~{out.copy}
    cat /etc/made-by > ~{out.where}
  \"\"\"
}

task told(lines: Int) -> (rate: Float) {
  on boxed
  image "IMAGE"
  checkpoint ready(n: Int)
  accept     retune(rate: Float)
  run \"\"\"
    hwf-task checkpoint ready n=~{lines}
    told=$(hwf-task messages --wait 60)
    told=${told#*'"rate":'}
    echo "${told%%'}'*}" > ~{out.rate}
  \"\"\"
}

task outside(copy: File) -> (same: String) {
  run \"\"\"
    cmp ~{copy} /dev/null > /dev/null || echo differs > ~{out.same}
  \"\"\"
}

workflow w() -> (lines: Int, where: String, rate: Float, same: String) {
  let counted = count(file("data, with 'odd' name.txt"), word: "a b")
  let job = told(counted.lines)
  watch job.ready as r {
    send job.retune(rate: 0.25)
  }
  (lines: counted.lines, where: counted.where, rate: job.rate, same: outside(counted.copy).same)
}
"""
BROKEN = """hwf 1
site boxed = local(containers: ENGINE)
task t() -> (out: String at stdout) {
  on boxed
  image "IMAGE"
  run \"\"\"
    echo never
  \"\"\"
}
workflow w() -> (out: String) { (out: t().out) }
"""
SLOW = """hwf 1
site boxed = local(containers: ENGINE)
task t() -> (out: String at stdout) {
  on boxed
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


def fill(text, engine, image, mark=""):
    return text.replace("ENGINE", engine).replace("IMAGE", image).replace("MARK", mark)


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


def the_whole(world, engine, image, where=None, site=None):
    where = where or engine
    world.write(f"{where}/data, with 'odd' name.txt", "a b\nb\na b\n")
    world.write(f"{where}/count.sh", 'grep -c "$2" "$1"\n')
    source = SOURCE if site is None else SOURCE.replace("local(containers: ENGINE)", site)
    world.write(f"{where}/w.hwf", fill(source, engine, image))
    at = world.path(where)
    world.must(["hwf", "run", "w.hwf", "--json"], cwd=at)
    first = look.run_directories(os.path.join(at, ".hwf/runs"))[-1]
    outputs = look.outputs(first)
    assert outputs == {"lines": 2, "where": "hwf's tests", "rate": 0.25, "same": "differs"}, outputs
    for directory, _, files in os.walk(first):
        for name in files:
            assert os.lstat(os.path.join(directory, name)).st_uid == os.getuid(), (directory, name)
    # Again: what was told something runs, the rest is reused, for the image holds the same.
    world.must(["hwf", "run", "w.hwf", "--json"], cwd=at)
    second = look.run_directories(os.path.join(at, ".hwf/runs"))[-1]
    assert second != first
    reused = sorted(e["place"] for e in look.journal(second, "task_reused"))
    assert any("count" in place for place in reused), reused
    return os.path.join(at, "w.hwf")


def another_image(world, engine, source, root):
    """Other content under the same name is another image."""
    images = os.environ["HWF_TEST_IMAGES"]
    world.must(["cp", "-a", os.path.join(images, "root"), root])
    text = open(source, encoding="utf-8").read().replace("docker-archive:" + os.path.join(images, "image.tar"), root)
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    at = os.path.dirname(source)

    def counted_anew():
        world.must(["hwf", "run", "w.hwf", "--json"], cwd=at)
        run = look.run_directories(os.path.join(at, ".hwf/runs"))[-1]
        return not any("count" in e["place"] for e in look.journal(run, "task_reused"))

    assert counted_anew()
    assert not counted_anew()
    with open(os.path.join(root, "etc/made-by"), "a", encoding="utf-8") as file:
        file.write("changed\n")
    assert counted_anew()


def an_image_that_is_not_there(world, engine):
    world.write(f"{engine}/broken.hwf", fill(BROKEN, engine, "/nowhere/none.sif"))
    done = world.run(["hwf", "run", "broken.hwf", "--runs", "broken"], cwd=world.path(engine))
    assert done.status == 1, done
    assert "/nowhere/none.sif" in done.text, done
    runs = look.run_directories(world.path(f"{engine}/broken"))
    assert runs, done
    run = runs[-1]
    ended = look.journal(run, "attempt_ended")
    assert [e["failure"] for e in ended] == ["site"], ended


def a_cancel(world, engine, image):
    mark = f"9876.{os.getpid()}"
    world.write(f"{engine}/slow.hwf", fill(SLOW, engine, image, mark))
    at = world.path(engine)
    process = world.start(["hwf", "run", "slow.hwf", "--runs", "slow"], cwd=at)
    runs = os.path.join(at, "slow")
    world.until("its checkpoint", lambda: look.run_directories(runs) and
                look.journal(look.run_directories(runs)[-1], "emission"), 60)
    world.until("it sleeps", lambda: sleepers(mark))
    world.must(["hwf", "cancel", "--runs", "slow", os.path.basename(look.run_directories(runs)[-1])], cwd=at)
    assert process.wait(60) == 1
    assert not sleepers(mark), sleepers(mark)


def on_slurm(world, without, image):
    """Jobs of a cluster: the image is made ready once, where the jobs are submitted."""
    lacking = slurm_cluster.missing()
    if lacking:
        print(f"SKIPPED: containers on Slurm: {lacking}")
        return
    root = tempfile.mkdtemp(prefix="hwf-cl-", dir="/tmp")
    cluster = slurm_cluster.Cluster(root, nodes=1, gpu_nodes=0)
    try:
        cluster.up()
        world.env["SLURM_CONF"] = str(cluster.conf)
        setup = "; ".join(f"export {name}='{world.env[name]}'" for name in ("PATH", "HOME", "USER"))
        for engine in ("apptainer", "charliecloud"):
            if engine in without:
                continue
            site = f'slurm(partition: "cpu", containers: {engine}, setup: "{setup}")'
            the_whole(world, engine, image, f"slurm-{engine}", site)
            print(f"slurm, {engine}: passed", flush=True)
    finally:
        cluster.down()


def the_doctor(world, without):
    def checks(**env):
        done = world.run(["hwf", "doctor", "--json"], env=env)
        return {check["what"]: (check["verdict"], check["found"]) for check in done.json()["checks"]}

    found = checks()
    for engine in ("apptainer", "podman", "docker", "charliecloud"):
        if engine not in without:
            assert found[engine][0] == "ok" and found[engine][1][0].isdigit(), found
    if "docker" not in without:
        verdict, words = checks(DOCKER_HOST=f"unix://{world.dir}/none.sock")["docker"]
        assert verdict == "look" and "none.sock" in words, (verdict, words)


def main(world):
    without = dict(entry.split(": ", 1) for entry in os.environ["HWF_TEST_WITHOUT"].split("; ") if entry)
    for name in os.environ:
        if name.startswith(("CONTAINERS_", "DOCKER_", "APPTAINER_", "HWF_IMAGES", "XDG_")):
            world.env[name] = os.environ[name]
    world.env["PATH"] = f"{world.programs}:{os.environ['PATH']}"
    world.env["USER"] = os.environ["USER"]
    world.env["HOME"] = os.environ["HOME"]
    the_doctor(world, without)
    image = "docker-archive:" + os.path.join(os.environ["HWF_TEST_IMAGES"], "image.tar")
    for engine in ("apptainer", "podman", "docker", "charliecloud"):
        if engine in without:
            print(f"SKIPPED: {engine}: {without[engine]}")
            continue
        source = the_whole(world, engine, image)
        another_image(world, engine, source, world.path(f"{engine}-root"))
        an_image_that_is_not_there(world, engine)
        a_cancel(world, engine, image)
        print(f"{engine}: passed", flush=True)
    on_slurm(world, without, image)


if "HWF_TEST_IMAGES" not in os.environ:
    engines = os.path.join(SUPPORT, "containers", "engines.py")
    os.execv(sys.executable, [sys.executable, engines, "--user", sys.executable, os.path.abspath(__file__),
                              os.path.abspath(sys.argv[1]), *sys.argv[2:]])
worlds.main(main)
