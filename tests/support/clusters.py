"""A world with a Slurm cluster: what scripts of tests/slurm begin with."""

import contextlib
import os
import tempfile

import slurm_cluster
import world as worlds


@contextlib.contextmanager
def cluster(world, **options):
    """The cluster, up; the world's commands use it, unless it is another host's (`inside`). Its daemons and jobs are gone
    afterwards."""
    lacking = slurm_cluster.missing(options.get("accounting", "none"))
    if lacking:
        worlds.skip("Slurm is not installed: " + " ".join(lacking))
    root = tempfile.mkdtemp(prefix="hwf-s-", dir="/tmp")  # short: sockets lie in it
    one = slurm_cluster.Cluster(root, **options)
    try:
        one.up()
        if not one.inside:
            world.env["SLURM_CONF"] = str(one.conf)
        yield one
    except BaseException:
        if "HWF_TEST_KEEP" in os.environ:
            for log in sorted((one.root / "log").glob("*.log")):
                print(f"-- {log}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-20:]))
        raise
    finally:
        one.down()


def jobs(one, states="PENDING,RUNNING,COMPLETING,SUSPENDED,CONFIGURING"):
    """What Slurm holds now: with `all`, also what is over."""
    return one.queue(states)
