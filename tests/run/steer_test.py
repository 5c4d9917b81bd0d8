#!/usr/bin/env python3
"""A running job is told something; then it is killed for its memory, and its next attempt goes on from the newest emission
with the earlier message applied. The record says which emission the person saw and which one first carried the message."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

task train(rate: Float) -> (rates: [Float], started: Int) {
  needs memory: 200MiB
  retry 1 on [oom]
  checkpoint epoch(n: Int, rate: Float, weights: File) every all
  accept     retune(rate: Float)
  uses "train.py"
  run \"\"\"
    python3 train.py ~{rate} ~{attempt} ~{out.rates} ~{out.started} ~{flag("--resume", previous.epoch?.weights)}
  \"\"\"
}

workflow w(rate: Float = 0.5) -> (rates: [Float], started: Int) {
  let job = train(rate)
  watch job.epoch as e where e.n == 3 {
    let call = await review "Epoch ~{e.n}: which rate?" {
      show   e.rate
      choose keep | retune(rate: Float in 0.0..1.0)
      within 1h else keep
    }
    match call {
      keep         => {}
      retune(rate) => send job.retune(rate: rate)
    }
  }
  (rates: job.rates, started: job.started)
}
"""
JOB = '''
import json, os, sys, time
import hwf_task
rate, attempt, rates_path, started_path = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
state = {"n": 0, "rates": []}
if len(sys.argv) > 5:
    assert sys.argv[5] == "--resume", sys.argv
    state = json.load(open(sys.argv[6]))
started = state["n"]
end = time.monotonic() + 60
told = False
while state["n"] < 8:
    for message in hwf_task.messages():
        if message.name == "retune":
            rate, told = message.fields["rate"], True
    # Epoch 4 begins when somebody has answered; a real job would go on.
    if state["n"] == 3 and not told:
        if time.monotonic() > end:
            sys.exit("nobody answered")
        time.sleep(0.02)
        continue
    state["n"] += 1
    state["rates"].append(rate)
    name = f"weights{state['n']}"
    json.dump(state, open(name, "w"))
    hwf_task.checkpoint("epoch", n=state["n"], rate=rate, files={"weights": name})
    if attempt == 1 and state["n"] == 5:
        time.sleep(1)
        ballast = bytearray(os.urandom(1 << 20)) * 600   # more than it asked for
        time.sleep(30)
        sys.exit("600 MiB were allowed")
json.dump(state["rates"], open(rates_path, "w"))
json.dump(started, open(started_path, "w"))
'''


def main(world):
    world.write("steer.hwf", SOURCE)
    world.write("train.py", JOB)
    runs = world.path("runs")
    with look.Answerer(world, runs, lambda question: ("retune", "--rate", "0.125")):
        result = world.run(["hwf", "run", "steer.hwf", "--runs", runs], seconds=90)
    assert result.status == 0, repr(result)
    (run,) = look.run_directories(runs)

    # The next epochs have the new rate; the second attempt began at epoch 5 and kept it.
    assert look.outputs(run) == {"rates": [0.5] * 3 + [0.125] * 5, "started": 5}, look.outputs(run)
    ends = [e for e in look.journal(run, "attempt_ended") if e["place"] == "job"]
    assert [e.get("attempt", 1) for e in ends] == [1, 2], ends
    assert ends[0]["failure"] == "oom" and not ends[1].get("failure"), ends

    emissions = look.journal(run, "emission")
    assert [e["values"]["n"] for e in emissions] == list(range(1, 9)), emissions
    assert [e.get("after_message", 0) for e in emissions] == [0] * 3 + [1] * 5, emissions
    assert [e.get("attempt", 1) for e in emissions] == [1] * 5 + [2] * 3, emissions

    status = world.must(["hwf", "status", "--json", "--runs", runs]).json()
    (job,) = [t for t in status["tasks"] if t["place"] == "job"]
    (message,) = job["messages"]
    assert message["seen_emission"] == 3 and message["first_carried"] == 4, message
    print(json.dumps(message))


if __name__ == "__main__":
    worlds.main(main)
