#!/usr/bin/env python3
"""At a terminal: live progress in its width, with and without colours; the form that asks for an answer.

usage: terminal_test.py PROGRAMS
"""

import grp
import os
import pwd
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402
from terminals import Terminal, plain  # noqa: E402

PROGRAM = '''hwf 1
task train() -> (n: Int at stdout) {
  effect
  checkpoint epoch(n: Int, loss: Float)
  run """
    for n in 1 2 3; do hwf-task checkpoint epoch n=$n loss=0.12345678901$n; sleep 0.3; done
    echo 1
  """
}
workflow w() -> () {
  let job = train()
  let call = await review "Loss 0.13571226833766714: go on?" {
    choose keep(rate: Float in 0.5..2.5 = 1.0, k: Int in 1..9, wait: Duration?, sure: Bool = true) | halt
    within 1h else halt
  }
  match call {
    keep(rate, k, wait, sure) => {
      if sure and rate > k * 1.0 and wait == none { fail "cannot be" }
    }
    halt => fail "halted"
  }
}
'''


def progress(world, runs):
    """Leaves a run whose review is open and whose engine lives; returns its terminal."""
    live = Terminal(world, ["hwf", "run", "t.hwf", "--runs", runs])
    first = live.until(r"epoch 2: n 2, loss 0\.123457")
    assert "\x1b[3" in first, "no colours at a terminal"
    live.resize(50, 20)
    narrow = live.until(r"done job(.|\n)*go on\?(.|\n)*halt\n")
    for line in plain(narrow).rsplit("done job", 1)[1].split("\n"):
        if "hwf review answer" not in line:  # which is whole, to be copied
            assert len(line) <= 50, f"wider than the terminal: {line}"
    assert re.search(rf"hwf review answer {runs}/\S+ call\S*\n +# keep --k INT, halt\n", plain(narrow)), narrow
    return live


def form(world, runs):
    review = look.open_reviews(world, runs)[0]
    command = ["hwf", "review", "answer", review["run"], review["review"], "--runs", runs]
    shown = Terminal(world, command)
    text = plain(shown.until(r"empty to leave\): "))
    assert "Loss 0.135712: go on?" in text and "0.13571226833766714" in review["question"], text
    os.write(shown.fd, b"\x04")
    text = shown.until("nothing was sent")
    assert shown.exit() == 75

    left = Terminal(world, command)
    left.until(r"empty to leave\): ")
    left.say("halt")
    left.until(r"send halt\? \[y/N\]")
    left.say("n")
    left.until("nothing was sent")
    assert left.exit() == 75

    asked = Terminal(world, command)
    for prompt, line in [
        (r"empty to leave\): ", "9"),
        (r"one of keep, halt.*\n?.*\): ", "1"),
        (r"rate \(Float in 0.5..2.5, default 1.0\) \[Enter: the default\]: ", "7"),
        (r"must lie in 0.5..2.5(.|\n)*rate .*: ", ""),
        (r"k \(Int in 1..9\): ", ""),
        (r"k \(Int in 1..9\): ", "x"),
        (r"is not an Int(.|\n)*k \(.*\): ", "4"),
        (r"wait \(Duration\?, optional\) \[Enter: none\]: ", "10min"),
        (r"sure \(Bool, default true\).*: ", "maybe"),
        (r"is not `true` or `false`(.|\n)*: ", "no"),
        (r"send keep\(rate: 1.0, k: 4, wait: 10 min, sure: false\)\? \[y/N\] ", "y"),
    ]:
        asked.until(prompt)
        asked.say(line)
    asked.until("accepted: decides")
    assert asked.exit() == 0


STRANGERS = """hwf 1
workflow w() -> () {
  let call = await review "Go on?" {
    choose yes(why: String) | no
    by "GROUP"
    within 1h else no
  }
  match call { yes(why) => fail "~{why}", no => {} }
}
"""


def no_form_in_vain(world, runs):
    """Who may not answer is told so before the form is asked."""
    # A group whose members the machine does not list: that nobody could answer is not known before.
    users = {user.pw_name for user in pwd.getpwall()}
    mine = {os.getgid(), *os.getgroups()}
    groups = (g for g in grp.getgrall() if not g.gr_mem and g.gr_gid not in mine and g.gr_name not in users)
    group = next(groups, None)
    if group is None:
        return
    world.write("strangers.hwf", STRANGERS.replace("GROUP", group.gr_name))
    engine = Terminal(world, ["hwf", "run", "strangers.hwf", "--runs", runs])
    engine.until("Go on")
    review = look.open_reviews(world, runs)[0]
    asked = Terminal(world, ["hwf", "review", "answer", review["run"], review["review"], "--runs", runs])
    text = plain(asked.until("would be refused.*\n"))
    assert asked.exit() == 1 and "empty to leave" not in text, text
    for _ in range(2):
        os.write(engine.fd, b"\x03")
    engine.until("unfinished|failed|cancelled")
    engine.exit()


def main(world):
    world.write("t.hwf", PROGRAM)
    runs = world.path("runs")
    live = progress(world, runs)
    form(world, runs)
    live.until("finished")
    assert live.exit() == 0
    status = world.must(["hwf", "status", "--runs", runs]).out
    assert "keep(rate: 1.0, k: 4, wait: 10 min, sure: false)" in status and "\x1b" not in status, status

    no_form_in_vain(world, world.path("strangers"))
    bare = Terminal(world, ["hwf", "run", "t.hwf", "--runs", world.path("bare")], NO_COLOR="1")
    text = bare.until(r"done job(.|\n)*go on\?")
    assert not re.search(r"\x1b\[[0-9;]*m", text), f"colours in spite of NO_COLOR: {text!r}"
    os.write(bare.fd, b"\x03")
    bare.until("unfinished")
    assert bare.exit() == 75
    # After the run nothing of the picture is left: it would claim that something runs.
    assert not re.search(r"▶|hwf review answer", plain(bare.text.rsplit("\x1b[J", 1)[-1])), bare.text
    dumb = Terminal(world, ["hwf", "run", "t.hwf", "--runs", world.path("dumb")], TERM="dumb")
    text = dumb.until(r"go on\?(.|\n)*done job")
    assert "\x1b" not in text, f"a terminal that cannot move its cursor was told to: {text!r}"
    os.write(dumb.fd, b"\x03")
    dumb.until("unfinished")
    assert dumb.exit() == 75
    piped = world.run(["hwf", "run", "t.hwf", "--runs", world.path("piped"), "--detach"], env={"TERM": "xterm"})
    assert piped.status == 75 and "\x1b" not in piped.out, piped
    run = os.path.basename(look.run_directories(world.path("piped"))[0])
    world.must(["hwf", "cancel", run, "--runs", world.path("piped")], status=75)
    world.run(["hwf", "resume", run, "--runs", world.path("piped")])


if __name__ == "__main__":
    worlds.main(main)
