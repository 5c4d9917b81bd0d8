#!/usr/bin/env python3
"""Two distant sites that share their files: what the one made the other reads where it lies, and nothing is moved."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import ssh_host  # noqa: E402
import ssh_world  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

site one = ssh(host: "HOST", workdir: "~/one", shares: "disk")
site two = ssh(host: "HOST", workdir: "~/two", shares: "disk")

task make() -> (data: File at "data.txt") {
  on one
  run \"\"\" echo made on one > ~{out.data} \"\"\"
}
task see(data: File) -> (path: String at "path", text: String at stdout) {
  on two
  run \"\"\" printf %s ~{data} > ~{out.path}; cat ~{data} \"\"\"
}
workflow w() -> (path: String, text: String) {
  let seen = see(make().data)
  (path: seen.path, text: seen.text)
}
"""


def main(world):
    with ssh_world.far_site(world) as host:
        world.write("w.hwf", SOURCE.replace("HOST", ssh_host.ALIAS))
        runs = world.path("runs")
        planned = world.must(["hwf", "plan", "w.hwf"]).out
        assert "brings" not in planned and "to move" not in planned, planned
        world.must(["hwf", "run", "w.hwf", "--runs", runs], seconds=120)
        (run,) = look.run_directories(runs)
        outputs = look.outputs(run)
        assert outputs["text"] == "made on one", outputs
        assert outputs["path"].startswith(str(host.home / "one")), outputs
        assert not host.as_user("find one two -path '*/store/*' -type f"), "something was moved"


if __name__ == "__main__":
    worlds.main(main)
