#!/usr/bin/env python3
"""Deadlines in working days: as the zone's own clock has them, recorded when the review opens, the same after a kill."""

import datetime
import os
import signal
import sys
import zoneinfo

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

SOURCE = """hwf 1

workflow w() -> (text: String) {
  let call = await review "Go on?" {
    choose yes | no
    within 3workdays remind 1workdays escalate 2workdays to "root" escalate 1h to "root" else no
  }
  let text = match call { yes => "yes", no => "no" }
  (text: text)
}
"""

ZONE = "America/St_Johns"  # half an hour off, and with daylight saving
DAYS = {"mon": 0, "tue": 1, "wed": 2, "sat": 5, "sun": 6}


def expected(opened_ms, count, holidays):
    """By another library than hwf's."""
    zone = zoneinfo.ZoneInfo(ZONE)
    local = datetime.datetime.fromtimestamp(opened_ms / 1000, zone)
    day, time = local.date(), local.time()

    def works(date):
        return date.weekday() in DAYS.values() and date.isoformat() not in holidays

    def following(date):
        date += datetime.timedelta(days=1)
        while not works(date):
            date += datetime.timedelta(days=1)
        return date

    if not works(day):
        day, time = following(day), datetime.time()
    for _ in range(count):
        day = following(day)
    return datetime.datetime.combine(day, time, zone).timestamp() * 1000


def main(world):
    world.write("w.hwf", SOURCE)
    runs = world.path("runs")
    today = datetime.date.today()
    holidays = [(today + datetime.timedelta(days=n)).isoformat() for n in (1, 2, 4)]
    days = ", ".join(f'"{d}"' for d in DAYS)
    listed = ", ".join(f'"{h}"' for h in holidays)
    world.write("sites.hwf", f'hwf 1\ncalendar lab = workdays(zone: "{ZONE}", holidays: [{listed}], days: [{days}])\n')

    # Without the sites there is no calendar, and nothing begins.
    none = world.run(["hwf", "run", "w.hwf", "--runs", runs])
    assert none.status == 1 and "E0526" in none.text, repr(none)
    assert not look.run_directories(runs)

    engine = world.start(["hwf", "run", "w.hwf", "--sites", "sites.hwf", "--runs", runs])
    run = world.until("the review opens", lambda: next((d for d in look.run_directories(runs) if look.journal(d, "review_opened")), None))
    (opened,) = look.journal(run, "review_opened")
    due = opened["due"]

    def near(found, count):
        wanted = expected(opened["t"], count, holidays)
        assert abs(found - wanted) <= 1000, f"{count} days: {found} instead of {wanted}"

    near(due["expire"], 3)
    assert len(due["remind"]) == 2 and len(due["escalate"]) == 2 and due["escalate"][1] is None, due
    near(due["remind"][0], 1)
    near(due["remind"][1], 2)
    near(due["escalate"][0], 2)

    def deadline():
        (review,) = look.open_reviews(world, runs)
        return review["deadline"]

    before = deadline()
    at = datetime.datetime.strptime(before, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    assert abs(at.timestamp() * 1000 - due["expire"]) < 1, (before, due)

    # A killed engine and the one that goes on have the same deadline, though nothing is asked of the calendar again.
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    assert deadline() == before
    world.must(["hwf", "resume", os.path.basename(run), "--once", "--runs", runs], status=75)
    assert deadline() == before and len(look.journal(run, "review_opened")) == 1
    world.must(["hwf", "review", "answer", os.path.basename(run), "call", "yes", "--runs", runs], status=75)
    world.must(["hwf", "resume", os.path.basename(run), "--runs", runs])
    assert look.outputs(run) == {"text": "yes"}


if __name__ == "__main__":
    worlds.main(main)
