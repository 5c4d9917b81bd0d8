#!/usr/bin/env bash
# Tests hwf-task, the Python module and the examples of docs/task_protocol.md (taken out of the document itself) on a
# directory laid out as a task finds it. usage: task_test.sh HWF_TASK TASK_PROTOCOL_MD
set -euo pipefail
hwf_task=$1 document=$2 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
same() { [ "$1" = "$2" ] || fail "expected: $2 -- got: $1"; }
fresh() {
  rm -rf "$work/task"; mkdir -p "$work/task/checkpoints" "$work/task/messages/taken"
  export HWF_TASK_DIR=$work/task; cd "$work/task"
}
message() { printf '{"number":%d,"message":"retune","fields":{"rate":%s}}\n' "$1" "$2" > "messages/.m"; mv messages/.m "messages/$(printf %06d "$1").json"; }
emission() { cat checkpoints/*.json; }
status() { local s=0; "$@" > out 2> err || s=$?; echo "$s"; }

# --- hwf-task checkpoint
fresh
echo weights > w.pkl
"$hwf_task" checkpoint epoch n=3 loss=0.41 text='all is "well"' list='[1,"a"]' bad=NaN zero=007 empty= --file weights=w.pkl
name=$(cd checkpoints && ls files/*)
same "$(emission)" "{\"checkpoint\":\"epoch\",\"values\":{\"n\":3,\"loss\":0.41,\"text\":\"all is \\\"well\\\"\",\"list\":[1,\"a\"],\"bad\":NaN,\"zero\":\"007\",\"empty\":\"\",\"weights\":{\"file\":\"$name\"}},\"taken\":0}"
same "$(cat "checkpoints/$name")" weights
[ ! -e w.pkl ] || fail "the file was not moved"
same "$(ls -A checkpoints | wc -l)" 2

fresh
echo weights > w.json
"$hwf_task" checkpoint epoch --copy --file=weights=w.json
[ -e w.json ] || fail "the file was not copied"
same "$(ls checkpoints/*.json | wc -l)" 1

fresh
for i in $(seq 20); do "$hwf_task" checkpoint epoch n="$i" & done; wait
same "$(ls checkpoints/*.json | wc -l)" 20
same "$(cat $(ls checkpoints/*.json | sort) | grep -o '"n":' | wc -l)" 20

fresh
same "$(status "$hwf_task" checkpoint epoch n)" 2
same "$(status "$hwf_task" checkpoint epoch n=1 n=2)" 2
same "$(status "$hwf_task" checkpoint epoch n=1 --file n=x)" 2
same "$(status "$hwf_task" checkpoint)" 2
same "$(status "$hwf_task" checkpoint epoch --file w=absent)" 1
grep -q absent err || fail "the missing file is not named"
same "$(status "$hwf_task" checkpoint epoch text="$(head -c 70000 /dev/zero | tr '\0' x)")" 1
same "$(find checkpoints -type f)" ""
echo a > a.bin; mkdir dir; ln -s a.bin link
for second in missing.bin a.bin dir link; do
  same "$(status "$hwf_task" checkpoint epoch --file a=a.bin --file b=$second)" 1
  same "$(cat a.bin)" a
done
same "$(status "$hwf_task" checkpoint epoch --copy --file a=a.bin --file b=missing.bin)" 1
same "$(find checkpoints -type f)" ""
rm -r checkpoints
same "$(status "$hwf_task" checkpoint epoch)" 1
grep -q "declares no checkpoint" err || fail "no clear message without checkpoints/"
same "$(env -u HWF_TASK_DIR "$hwf_task" checkpoint epoch 2>&1 || echo $?)" "hwf-task: this is not a task of hwf (HWF_TASK_DIR is not set): nothing was done
2"
"$hwf_task" --help | grep -q "hwf-task checkpoint epoch" || fail "no example in --help"

# --- hwf-task messages
fresh
same "$("$hwf_task" messages)" ""
message 2 0.2; message 1 0.1; message 10 1
same "$("$hwf_task" messages)" '{"number":1,"message":"retune","fields":{"rate":0.1}}
{"number":2,"message":"retune","fields":{"rate":0.2}}
{"number":10,"message":"retune","fields":{"rate":1}}'
same "$("$hwf_task" messages)" ""
same "$(ls messages/taken | tr '\n' ' ')" "000001.json 000002.json 000010.json "
"$hwf_task" checkpoint epoch n=1
emission | grep -q '"taken":10' || fail "the emission does not carry the last message"
same "$(status "$hwf_task" messages --wait 0.05)" 1
"$hwf_task" messages --wait 20 > waited & waiting=$!
message 11 2
wait "$waiting"
same "$(cat waited)" '{"number":11,"message":"retune","fields":{"rate":2}}'
same "$(status "$hwf_task" messages --wait soon)" 2

# --- the Python module
fresh
message 1 0.25
echo weights > w.pkl; echo s > state; mkdir dir; ln -s state link
PYTHONPATH=$here python3 - <<'PY'
import json, os
import hwf_task
assert hwf_task.in_task()
got = hwf_task.messages()
assert [(m.number, m.name, m.fields) for m in got] == [(1, "retune", {"rate": 0.25})], got
assert hwf_task.messages() == [] and hwf_task.wait_messages(0.01) == []
class Scalar:
    def tolist(self): return 1.5
hwf_task.checkpoint("epoch", n=1, name="x", loss=Scalar(), files={"weights": "w.pkl", "state": "state"})
names = [n for n in os.listdir("checkpoints") if n.endswith(".json")]
content = json.load(open("checkpoints/" + names[0]))
assert content["checkpoint"] == "epoch" and content["taken"] == 1, content
assert content["values"]["n"] == 1 and content["values"]["name"] == "x" and content["values"]["loss"] == 1.5, content
assert open("checkpoints/" + content["values"]["weights"]["file"]).read() == "weights\n"
assert open("checkpoints/" + content["values"]["state"]["file"]).read() == "s\n"
assert not os.path.exists("w.pkl")
for bad in (lambda: hwf_task.checkpoint("epoch", x="x" * 70000), lambda: hwf_task.checkpoint("epoch", x=1, files={"x": "y"})):
    try: bad()
    except ValueError: pass
    else: raise SystemExit("a wrong checkpoint was taken")
open("a.bin", "w").write("a")
for second in ("missing.bin", "a.bin", "dir", "link"):
    for copy in (False, True):
        if copy and second in ("a.bin", "link"): continue  # can be copied
        try: hwf_task.checkpoint("epoch", files={"a": "a.bin", "b": second}, copy=copy)
        except (OSError, ValueError): pass
        else: raise SystemExit("a checkpoint with " + second + " was taken")
        assert open("a.bin").read() == "a", second
assert len(os.listdir("checkpoints")) == 2 and len(os.listdir("checkpoints/files")) == 2, os.listdir("checkpoints")
PY
same "$(cd "$work" && env -u HWF_TASK_DIR PYTHONPATH="$here" python3 -c '
import hwf_task
hwf_task.checkpoint("epoch", n=1, files={"w": "kept"}); hwf_task.checkpoint("epoch", n=2)
print(hwf_task.messages(), hwf_task.wait_messages())' 2>&1)" "hwf_task: not run by hwf, so checkpoint 'epoch' goes nowhere
[] []"

# --- the document's own examples
block() { awk -v begin="^\`\`\`$1" '$0 ~ begin && !done {on=1; next} /^```$/ && on {on=0; done=1} on' "$document"; }
fresh
message 8 0.5; message 9 0.5
source <(block "bash emit")
take > taken.out
same "$(wc -l < taken.out)" 2
emit epoch '{"n":1}'
same "$(emission)" '{"checkpoint":"epoch","values":{"n":1},"taken":9}'
fresh
block "c$" > emit.c
[ -s emit.c ] || fail "no C example found"
${CC:-cc} -Wall -Wextra -Werror -o emit emit.c
./emit
same "$(emission)" '{"checkpoint":"epoch","values":{"n":1,"loss":0.5}}'
env -u HWF_TASK_DIR ./emit
echo "all passed"
