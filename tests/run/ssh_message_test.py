#!/usr/bin/env python3
"""A File in a message to a job that runs at the other end of ssh is there when the message is, and messages keep their order."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

PROGRAM = """hwf 1

SITE

record Batch {
  data: File
}
task make() -> (data: File at "data", lines: Int) {
  run \"\"\" seq 1000 > data; echo 1000 > ~{out.lines} \"\"\"
}
task job(wanted: Int) -> (lines: Int, order: String) {
  on far
  checkpoint seen(n: Int) every all
  accept take(batch: Batch)
  accept stop(n: Int)
  run \"\"\"
    hwf-task checkpoint seen n=1
    hwf-task checkpoint seen n=2
    while [ ! -e messages/000002.json ]; do sleep 0.1; done
    path=$(grep -o '"path":"[^"]*"' messages/000001.json | cut -d'"' -f4)
    wc -l < "$path" > ~{out.lines}
    grep -ho '"message":"[a-z]*"' messages/*.json | cut -d'"' -f4 | paste -sd, > ~{out.order}
  \"\"\"
}
workflow w() -> (lines: Int, order: String) {
  let made = make()
  let it = job(made.lines)   # with it nothing is waited for between the two messages
  watch it.seen as s {
    if s.n == 1 {
      send it.take(batch: Batch(data: made.data))
    } else {
      send it.stop(n: s.n)
    }
  }
  (lines: it.lines, order: it.order)
}
"""


def main(world):
    with ssh_world.far_site(world) as host:
        world.write("w.hwf", PROGRAM.replace("SITE", ssh_world.site(host, "w")))
        world.must(["hwf", "run", "w.hwf", "--runs", world.path("runs")])
        (run,) = look.run_directories(world.path("runs"))
        assert look.outputs(run) == {"lines": 1000, "order": "take,stop"}, look.outputs(run)


if __name__ == "__main__":
    worlds.main(main)
