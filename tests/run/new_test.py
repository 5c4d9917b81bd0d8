#!/usr/bin/env python3
"""`hwf new`: every template passes `hwfc check` without a word and runs, with people who answer; nothing is overwritten."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402


def run(world, name, decide, *options, status=0):
    """The run's directory, after people have answered by `decide`."""
    runs = world.path(f"runs of {name}, {'agreed' if status == 0 else 'refused'}")
    with look.Answerer(world, runs, decide):
        done = world.run(["hwf", "run", f"{name}/{name}.hwf", *options, "--runs", runs])
    assert done.status == status, repr(done)
    (made,) = look.run_directories(runs)
    return made, done


def check_lists(world):
    listed = world.must(["hwf", "new"]).out
    templates = world.must(["hwf", "new", "--json"]).json()
    source = os.path.join(HERE, "..", "..", "templates")
    names = [name for name in sorted(os.listdir(source)) if os.path.isdir(os.path.join(source, name))]
    assert [each["template"] for each in templates] == names and len(names) >= 4, templates
    for each in templates:
        assert each["summary"] and f"{each['template']:<10} {each['summary']}" in listed, listed
        assert sorted(each["files"]) == sorted(os.listdir(os.path.join(source, each["template"]))), each
    return names


def check_writes(world, names):
    for name in names:
        world.must(["hwf", "new", name])
        checked = world.must(["hwfc", "check", f"{name}/{name}.hwf"])
        assert checked.text == "", repr(checked)
    said = world.must(["hwf", "new", "train", "deep/er", "--json"]).json()
    assert said == {"template": "train", "directory": "deep/er", "files": ["train.hwf", "data.csv", "fit.py"]}, said


def check_refuses(world):
    # One of three files is there: none is written, and the one stays.
    world.write("mine/fit.py", "mine\n")
    done = world.run(["hwf", "new", "train", "mine"])
    assert done.status == 2 and "mine/fit.py: it is there already" in done.err, repr(done)
    assert os.listdir(world.path("mine")) == ["fit.py"] and world.read("mine/fit.py") == "mine\n"
    # A link that leads nowhere is something too.
    os.mkdir(world.path("linked"))
    os.symlink("nowhere", world.path("linked/review.hwf"))
    done = world.run(["hwf", "new", "review", "linked"])
    assert done.status == 2 and not os.path.exists(world.path("linked/nowhere")), repr(done)
    world.write("file", "")
    done = world.run(["hwf", "new", "review", "file/below"])
    assert done.status == 3 and "cannot make the directory file/below" in done.err, repr(done)
    # What was made on the way goes again.
    done = world.run(["hwf", "new", "review", "some/where/" + "x" * 300])
    assert done.status == 3 and "cannot make the directory some/where" in done.err and not os.path.exists(world.path("some")), repr(done)
    done = world.run(["hwf", "new", "tarin"])
    assert done.status == 2 and "did you mean `train`?" in done.err, repr(done)
    done = world.run(["hwf", "new", "../review"])
    assert done.status == 2 and "there is no template" in done.err, repr(done)


def check_runs(world):
    made, _ = run(world, "review", lambda question: ("approve",), "--words", "é")
    published = look.journal(made, "run_finished")[0]["outputs"]["page"]["path"]
    assert world.read(published) == "é\n"
    _, done = run(world, "review", lambda question: ("reject", "--reason", "dull"), status=1)
    assert "rejected: dull" in done.text, repr(done)

    answers = {"Release this model?": ("approve",)}
    # A question every ten seconds: the newest takes the place of the last, so there must be time for an answer.
    options = ("--epochs", "100000", "--look-every", "200", "--pause", "0.05")
    made, _ = run(world, "train", lambda q: answers.get(q, ("halt",)), *options)
    result = look.journal(made, "run_finished")[0]["outputs"]
    assert set(json.loads(world.read(result["model"]["path"]))) == {"a", "b"} and 0 < result["loss"] < 10, result

    made, _ = run(world, "sweep", lambda question: ("other", "--rate", "0.5"))
    assert look.outputs(made) == {"rate": 0.5, "loss": 0.0}, look.outputs(made)

    # It settles by itself; too strict a rule needs a person.
    run(world, "simulate", lambda question: ("give_up",), "--cells", "10")
    os.rename(world.path("runs of simulate, agreed"), world.path("settled"))
    made, _ = run(world, "simulate", lambda question: ("take",), "--cells", "10", "--tolerance", "0")
    state = look.journal(made, "run_finished")[0]["outputs"]["state"]["path"]
    assert len(json.loads(world.read(state))) == 10


def main(world):
    check_writes(world, check_lists(world))
    check_refuses(world)
    check_runs(world)


if __name__ == "__main__":
    worlds.main(main)
