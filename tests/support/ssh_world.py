"""A whole-program test's world with a distant site: an sshd of its own (ssh_host.py) and the ssh configuration for it."""

import contextlib
import os
import signal

import ssh_host
import world as worlds


@contextlib.contextmanager
def far_site(world, second_host=False, kind=ssh_host.Host):
    """The host. Runs of this world reach it as `far`; the connections to it end with the test."""
    missing = ssh_host.missing(second_host)
    if missing:
        worlds.skip(f"not installed: {' '.join(missing)}")
    os.environ["HWF_TEST_WORLD"] = world.mark
    host = kind(world.path("host"), second_host).up()
    world.env["HWF_SSH_CONFIG"] = str(host.config)
    try:
        yield host
    finally:
        end_masters(world)
        host.down()


def masters(world):
    return [pid for pid, command in world.processes() if command.startswith("ssh ") and "ControlMaster=" in command]


def end_masters(world, number=signal.SIGTERM):
    for pid in masters(world):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def site(host, workdir="w o'rk \"dir\"", **fields):
    path = str(host.home / workdir).replace('"', '\\"')
    more = "".join(f", {name}: {value}" for name, value in fields.items())
    return f'site far = ssh(host: "{ssh_host.ALIAS}", workdir: "{path}"{more})'
