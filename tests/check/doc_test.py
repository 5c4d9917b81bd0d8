#!/usr/bin/env python3
"""doc_test.py PROGRAMS: the pages of `hwfc doc` are well formed, their links lead somewhere, nothing of a program's text
becomes markup, and nothing comes from elsewhere."""

import glob
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
VOID = {"meta", "br", "hr", "img", "link", "input"}
# All that a page may consist of: no script, no image, no form, no frame.
HTML = set("html head meta title style body header nav main section footer div h1 h2 h3 h4 p a code pre span ul li table tr td th details summary".split())
SVG = set("svg title defs marker path rect polygon circle line text".split())
ATTRIBUTES = {"href", "id", "class", "lang", "charset", "name", "content", "http-equiv", "aria-label"}

LIBRARY = """hwf 1
# A <b>library</b> & "more" `code <i>`

## A record of </p><script>alert(1)</script> things.
record Point {
  ## onclick="x" `</code>`
  x: Float
  y: Float = 0.0
}
enum Outcome { good(at: Point), bad(reason: String), unknown }
fn moved(at: Point, by: Float = 1.0) -> Point = Point(x: at.x + by, y: at.y)
"""
PROGRAM = """hwf 1
# The program.
#
# Its second paragraph.

import "lib <script>.hwf" as lib
import std.review

group board = ["<ana>", "ben&co"]
calendar lab = workdays(zone: "Europe/Madrid", holidays: ["2026-12-25"], days: ["mon", "tue", "wed", "thu", "fri"])
site here = local(cpus: 2, setup: "echo '</pre><script>'")

## Fits.
##
## Second & last: `~{out.model}`.
task fit(
  ## where to begin </td>
  at: lib.Point,
  rates: [String: [Float]] = ["</script>": [1.0]]
) -> (model: File at "</code>.bin", outcome: lib.Outcome) {
  on here
  needs cpus: 1, time: 1h
  env NAME = "</table>"
  retry 2 on [oom]
  checkpoint epoch(n: Int, at: lib.Point, weights: File) keep 2
  accept retune(rate: Float), halt()
  run \"\"\"
    printf '<!-- ' > "</code>.bin"; echo ~{to_json(at)} ~{to_json(rates)} > ~{out.outcome}
  \"\"\"
}
task publish(model: Approved[File]) { run "cp ~{model} /tmp/x" }

## Ask </section>.
workflow main(x: Float = 1.0) -> (model: File) {
  let job = fit(lib.Point(x: x))
  watch job.epoch as e where e.n > 10 {
    let call = await review "Go on </p><script>alert(1)</script> ~{e.n}?" {
      show   e.at
      choose keep | retune(rate: Float in 0.0..1.0 = 0.5) | halt
      within 1h else keep
    }
    match call { keep => {}, retune(rate) => send job.retune(rate: rate), halt => send job.halt() }
  }
  let verdict = await review "Release?" {
    show   job.model
    choose yes grants model | no
    by     board quorum 2 not starter or "<head>"
    within 2d remind 12h escalate 1d to "<boss>" else no
  }
  match verdict { yes(model) => publish(model), no => fail "no" }
  let second = await review "And again?" {
    choose yes | no
    within 2workdays else no
  } after verdict
  match second { yes => {}, no => fail "no" }
  let agreed = sign_off("Really?", file: job.model, who: "ana")
  (model: agreed.file)
}
"""


class Page(html.parser.HTMLParser):
    """Every tag is known and closed in turn; ids and links are collected."""

    def __init__(self, name, text):
        super().__init__(convert_charrefs=True)
        self.name, self.open, self.ids, self.links, self.text, self.drawings = name, [], set(), [], "", 0
        self.feed(text)
        self.close()
        assert not self.open, f"{name}: not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        drawing = "svg" in self.open or tag == "svg"
        self.drawings += tag == "svg"
        assert tag in (SVG if drawing else HTML), f"{self.name}:{self.getpos()}: <{tag}>"
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"{self.name}: {attributes}"
        for name, value in attributes:
            assert drawing or name in ATTRIBUTES, f"{self.name}: {name}={value}"
            assert not name.startswith("on"), f"{self.name}: {name}={value}"
            if name == "id":
                assert value not in self.ids, f"{self.name}: the id {value} stands twice"
                self.ids.add(value)
            if name == "href":
                self.links.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert "svg" in self.open and tag in SVG, f"{self.name}: <{tag}/>"
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"{self.name}:{self.getpos()}: </{tag}>"

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"{self.name}: a comment: {data}")


def read_pages(directory):
    pages = {}
    for path in glob.glob(glob.escape(directory) + "/*"):
        assert path.endswith(".html"), path
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert text.startswith("<!DOCTYPE html>\n") and "url(#" not in text.split("<body>")[0], path
        assert not re.search(r"@import|url\(\s*['\"]?[a-z]+:", text), path
        pages[os.path.basename(path)] = Page(os.path.basename(path), text)
    for page in pages.values():
        for link in page.links:
            target, _, anchor = link.partition("#")
            other = pages.get(target) if target else page
            assert other is not None, f"{page.name}: {link} leads nowhere"
            assert not anchor or anchor in other.ids, f"{page.name}: {link} leads nowhere"
    return pages


class Case:
    def __init__(self, programs, directory):
        self.hwfc, self.directory = os.path.join(programs, "hwfc"), directory

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def doc(self, *arguments, status=0):
        done = subprocess.run([self.hwfc, "doc", *arguments], cwd=self.directory, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, (arguments, done)
        return done


def check_hostile(case):
    case.write("lib <script>.hwf", LIBRARY)
    case.write("main.hwf", PROGRAM)
    done = case.doc("main.hwf")
    assert done.stdout == "", done
    pages = read_pages(case.directory + "/doc")
    assert set(pages) == {"index.html", "main.html", "lib__script_.html", "std.review.html"}, pages.keys()
    main, lib = pages["main.html"], pages["lib__script_.html"]
    assert {"task.fit", "workflow.main", "group.board", "site.here", "calendar.lab"} <= main.ids, main.ids
    assert "lib__script_.html#record.Point" in main.links and "#group.board" in main.links and "#site.here" in main.links, main.links
    assert main.drawings == 1 and "std.review.html" in main.links
    for text in ("Go on </p><script>alert(1)</script> ~{e.n}?", '<ana>', 'within', '2d', '1d to "<boss>"', "grants model",
                 "retune(rate: Float in 0.0..1.0 = 0.5)", "epoch(n: Int, at: lib.Point, weights: File) keep 2",
                 "where to begin </td>", "Its second paragraph.", "whoever starts the run", 'board quorum 2 not starter or "<head>"'):
        assert text in main.text, text
    assert "A record of </p><script>alert(1)</script> things." in lib.text and 'A <b>library</b> & "more"' in lib.text
    assert "sign_off" in pages["std.review.html"].text and "std.review" in pages["index.html"].text


def check_json(case):
    document = json.loads(case.doc("main.hwf", "--json").stdout)
    assert document["version"] == 1 and [m["name"] for m in document["modules"]][0] == "main.hwf"
    items = {item["name"]: item for item in document["modules"][0]["items"]}
    assert items["fit"]["takes"][0]["type"] == [{"text": "lib.Point", "link": "lib__script_.html#record.Point"}], items["fit"]
    assert [answer["name"] for answer in items["main"]["reviews"][0]["answers"]] == ["keep", "retune", "halt"]
    assert [review["name"] for review in items["main"]["reviews"]] == ["call", "verdict", "second"], items["main"]["reviews"]
    assert items["lab"]["kind"] == "calendar" and items["lab"]["clauses"][0]["word"] == "zone", items["lab"]
    case.doc("main.hwf", "--json", "-o", "out.json")
    with open(case.directory + "/out.json", encoding="utf-8") as file:
        assert json.load(file) == document


def check_many(case):
    """Several files, the same module of two of them once, equal names apart; the examples and the library."""
    os.makedirs(case.directory + "/other")
    case.write("a.hwf", 'hwf 1\nimport "other/a.hwf"\nworkflow w() { checkpoint c { x: one() } }\n')
    case.write("other/a.hwf", "hwf 1\nfn one() -> Int = 1\n")
    case.doc("a.hwf", "other/a.hwf", "-o", "deep/er")
    pages = read_pages(case.directory + "/deep/er")
    assert set(pages) == {"index.html", "a.html", "a-2.html"}, pages.keys()
    case.doc("std.review", "std.sweep", "std.train", "-o", "std")
    assert "std.train.html" in read_pages(case.directory + "/std")
    for example in sorted(glob.glob(f"{ROOT}/examples/*/*.hwf") + glob.glob(f"{ROOT}/examples/ported/*/*.hwf") + glob.glob(f"{ROOT}/templates/*/*.hwf")):
        name = "of " + os.path.basename(os.path.dirname(example)) + " " + os.path.basename(example)
        case.doc(example, "-o", name)
        assert len(read_pages(os.path.join(case.directory, name))) >= 2, example


def check_refused(case):
    case.write("wrong.hwf", "hwf 1\nworkflow w() -> (x: Int) { (x: y) }\n")
    done = case.doc("wrong.hwf", "-o", "none", status=1)
    assert "E0201" in done.stderr and not os.path.exists(case.directory + "/none"), done
    case.doc(status=2)
    case.doc("std.nothing", status=3)
    case.write("file", "")
    done = case.doc("a.hwf", "-o", "file/below", status=3)
    assert "cannot make the directory file/below" in done.stderr, done
    os.makedirs(case.directory + "/mine")
    case.write("mine/a.html", "<p>Mine.</p>")
    done = case.doc("a.hwf", "-o", "mine", status=3)
    assert "mine/a.html" in done.stderr and "-o" in done.stderr and os.listdir(case.directory + "/mine") == ["a.html"], done
    with open(case.directory + "/mine/a.html", encoding="utf-8") as file:
        assert file.read() == "<p>Mine.</p>"
    case.doc("a.hwf", "-o", "twice")
    case.doc("a.hwf", "-o", "twice")


def main():
    with tempfile.TemporaryDirectory() as directory:
        case = Case(os.path.abspath(sys.argv[1]), os.path.realpath(directory))
        for check in (check_hostile, check_json, check_many, check_refused):
            check(case)


if __name__ == "__main__":
    main()
