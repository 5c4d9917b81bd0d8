#!/usr/bin/env python3
"""formats_test.py PROGRAMS: `--format sarif` is valid SARIF 2.1.0, and `--format json` is what docs/cli.md says.

The input is every file test of this directory, which between them give every diagnostic. What the schema of SARIF demands of
the objects that hwfc writes (required properties, types, bounds, unique items) is written out below.
"""

import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# RFC 3986, a reference: what a `uri` may hold.
URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+\Z")


def need(condition, what):
    if not condition:
        raise AssertionError(what)


def only(value, required, optional, what):
    need(isinstance(value, dict), f"{what} is no object")
    for name in required:
        need(name in value, f"{what} lacks `{name}`")
    extra = set(value) - set(required) - set(optional)
    need(not extra, f"{what} has {extra}, which the schema does not know")


def unique(items, what):
    texts = [json.dumps(item, sort_keys=True) for item in items]
    need(len(set(texts)) == len(texts), f"{what} has an item twice")


def sarif_message(value, what):
    only(value, ["text"], [], what)
    need(isinstance(value["text"], str) and value["text"], f"{what} is empty")


def sarif_artifact(value, what):
    only(value, ["uri"], [], what)
    need(URI.match(value["uri"]), f"{what}: no URI reference: {value['uri']}")


def sarif_region(value, what):
    only(value, ["startLine", "startColumn", "endLine", "endColumn"], [], what)
    for name in value:
        need(isinstance(value[name], int) and value[name] >= 1, f"{what}: {name} is {value[name]}")
    begin, end = (value["startLine"], value["startColumn"]), (value["endLine"], value["endColumn"])
    need(begin <= end, f"{what} ends before it begins: {value}")


def sarif_location(value, what):
    only(value, ["physicalLocation"], ["message"], what)
    place = value["physicalLocation"]
    only(place, ["artifactLocation", "region"], [], what)
    sarif_artifact(place["artifactLocation"], what)
    sarif_region(place["region"], what)
    if "message" in value:
        sarif_message(value["message"], what)


def sarif_result(value, rules, what):
    only(value, ["ruleId", "ruleIndex", "level", "message", "locations"], ["relatedLocations", "fixes", "suppressions"], what)
    need(value["level"] in ("none", "note", "warning", "error"), f"{what}: level {value['level']}")
    need(0 <= value["ruleIndex"] < len(rules), f"{what}: ruleIndex {value['ruleIndex']} of {len(rules)}")
    need(rules[value["ruleIndex"]]["id"] == value["ruleId"], f"{what}: ruleIndex leads to another rule")
    sarif_message(value["message"], what)
    need(len(value["locations"]) == 1, f"{what}: {len(value['locations'])} locations")
    for location in value["locations"] + value.get("relatedLocations", []):
        sarif_location(location, what)
    unique(value.get("relatedLocations", []), f"{what} relatedLocations")
    unique(value.get("fixes", []), f"{what} fixes")
    for suppression in value.get("suppressions", []):
        only(suppression, ["kind"], ["justification"], what)
        need(suppression["kind"] in ("inSource", "external"), f"{what}: suppressed {suppression['kind']}")
    for fix in value.get("fixes", []):
        only(fix, ["artifactChanges"], ["description"], what)
        need(fix["artifactChanges"], f"{what}: a fix that changes nothing")
        unique(fix["artifactChanges"], f"{what} artifactChanges")
        if "description" in fix:
            sarif_message(fix["description"], what)
        for change in fix["artifactChanges"]:
            only(change, ["artifactLocation", "replacements"], [], what)
            sarif_artifact(change["artifactLocation"], what)
            need(change["replacements"], f"{what}: no replacements")
            for replacement in change["replacements"]:
                only(replacement, ["deletedRegion", "insertedContent"], [], what)
                sarif_region(replacement["deletedRegion"], what)
                only(replacement["insertedContent"], ["text"], [], what)


def sarif_invocation(value, unreadable):
    only(value, ["executionSuccessful"], ["toolExecutionNotifications"], "the invocation")
    need(value["executionSuccessful"] is not unreadable, "executionSuccessful")
    need(("toolExecutionNotifications" in value) == unreadable, "toolExecutionNotifications")
    for notification in value.get("toolExecutionNotifications", []):
        only(notification, ["level", "message"], [], "a notification")
        need(notification["level"] == "error", "a notification's level")
        sarif_message(notification["message"], "a notification")


def check_sarif(log, unreadable):
    only(log, ["version", "runs", "$schema"], [], "the log")
    need(log["version"] == "2.1.0" and len(log["runs"]) == 1, "version or runs")
    run = log["runs"][0]
    only(run, ["tool", "invocations", "results", "columnKind"], [], "the run")
    need(len(run["invocations"]) == 1, "one invocation")
    sarif_invocation(run["invocations"][0], unreadable)
    need(run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints"), "columnKind")
    only(run["tool"], ["driver"], [], "the tool")
    driver = run["tool"]["driver"]
    only(driver, ["name", "version", "rules"], ["informationUri"], "the driver")
    unique(driver["rules"], "rules")
    for rule in driver["rules"]:
        only(rule, ["id", "name", "shortDescription", "fullDescription"], [], "a rule")
        sarif_message(rule["shortDescription"], rule["id"])
        sarif_message(rule["fullDescription"], rule["id"])
    need(len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]), "a rule's id stands twice")
    for number, result in enumerate(run["results"]):
        sarif_result(result, driver["rules"], f"result {number} ({result.get('ruleId')})")


def json_range(value, what):
    only(value, ["file", "begin", "end"], [], what)
    for end in (value["begin"], value["end"]):
        only(end, ["line", "column", "byte"], [], what)
        need(end["line"] >= 1 and end["column"] >= 1 and end["byte"] >= 0, f"{what}: {end}")
    need(value["begin"]["byte"] <= value["end"]["byte"], f"{what} ends before it begins")


def check_json(log, unreadable):
    only(log, ["version", "diagnostics", "errors", "warnings", "silenced", "files", "unreadable"], [], "the document")
    need(log["version"] == 1, "version")
    need(len(log["unreadable"]) == int(unreadable), f"unreadable: {log['unreadable']}")
    kinds = [d["severity"] for d in log["diagnostics"]]
    need(log["errors"] == kinds.count("error") and log["warnings"] == kinds.count("warning"), "counts")
    need(len(kinds) == log["errors"] + log["warnings"], "another severity")
    need(all(d["severity"] == "warning" for d in log["silenced"]), "an error is silenced")
    for d in log["diagnostics"] + log["silenced"]:
        why = ["why"] if d in log["silenced"] else []
        only(d, ["code", "name", "severity", "message", "range"] + why, ["help", "notes", "fixes"], d["code"])
        json_range(d["range"], d["code"])
        for note in d.get("notes", []):
            only(note, ["message", "range"], [], d["code"])
            json_range(note["range"], d["code"])
        for fix in d.get("fixes", []):
            only(fix, ["text", "range"], [], d["code"])
            json_range(fix["range"], d["code"])


def main():
    hwfc = os.path.join(os.path.abspath(sys.argv[1]), "hwfc")
    os.chdir(HERE)
    results = refused = 0
    for path in sorted(glob.glob("*/*.hwf")) + [os.path.join(HERE, "sema", "types.hwf"), "no such file é.hwf"]:
        for kind, check in (("sarif", check_sarif), ("json", check_json)):
            done = subprocess.run([hwfc, "check", path, "--format", kind], capture_output=True, text=True, timeout=60)
            try:
                log = json.loads(done.stdout)
                check(log, done.returncode == 3)
            except (AssertionError, ValueError) as error:
                sys.exit(f"hwfc check {path} --format {kind}: {error}")
            refused += done.returncode == 3
            if kind == "json":
                results += len(log["diagnostics"])
                need((done.returncode == 1) == (log["errors"] > 0) or done.returncode == 3, f"{path}: {done.returncode}")
    need(refused >= 2, "a file that is not there was not refused")
    need(results > 100, f"only {results} diagnostics: is this the right place?")


if __name__ == "__main__":
    main()
