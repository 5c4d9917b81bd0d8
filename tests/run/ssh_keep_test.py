#!/usr/bin/env python3
"""`keep 1` of a job at a distant site: the files of older emissions go there too. The engine is killed, and one lies there
again: the next engine removes it."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

SITE

task train(go: String) -> (n: Int) {
  on far
  checkpoint epoch(n: Int, weights: File) keep 1 every all
  run \"\"\"
    for n in 1 2 3 4; do
      until [ -e ~{go}$n ]; do sleep 0.05; done
      echo "weights $n" > w$n
      hwf-task checkpoint epoch n=$n --file weights=w$n
    done
    until [ -e ~{go}-end ]; do sleep 0.05; done
    echo 4 > ~{out.n}
  \"\"\"
}

workflow w(go: String) -> (n: Int) {
  let job = train(go)
  (n: job.n)
}
"""


def main(world):
    with ssh_world.far_site(world) as host:
        runs, go = world.path("runs"), str(host.home / "go")
        world.write("w.hwf", SOURCE.replace("SITE", ssh_world.site(host)))
        engine = world.start(["hwf", "run", "w.hwf", "--runs", runs, "--go", go])

        def recorded(count):
            found = [e["values"] for e in look.journal(look.run_directories(runs)[0], "emission")]
            return len(found) == count and {v["n"]: v["weights"]["path"] for v in found}

        def is_there(path):
            quoted = "'" + path.replace("'", "'\\''") + "'"
            return host.as_user(f"test -e {quoted} && echo yes || echo no").strip() == "yes"

        host.as_user("touch go1 go2")
        world.until("two emissions", lambda: look.run_directories(runs) and recorded(2), seconds=60)
        paths = recorded(2)
        world.until("the first one's file to go", lambda: not is_there(paths[1]), seconds=30)
        assert is_there(paths[2])

        # Killed; as if it had died before it removed the file.
        (run,) = look.run_directories(runs)
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        directory = os.path.dirname(paths[1])
        quoted = "'" + directory.replace("'", "'\\''") + "'"
        host.as_user(f"echo again > {quoted}/{os.path.basename(paths[1])}")
        world.start(["hwf", "resume", run])
        world.until("what lies there again to go", lambda: not is_there(paths[1]), seconds=60)
        host.as_user("touch go3")
        world.until("three emissions", lambda: recorded(3), seconds=60)
        world.until("the second one's file to go", lambda: not is_there(paths[2]), seconds=30)
        host.as_user("touch go4 go-end")
        world.until("the end", lambda: look.journal(run, "run_finished"), seconds=60)
        assert look.outputs(run) == {"n": 4}


if __name__ == "__main__":
    worlds.main(main)
