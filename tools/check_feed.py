"""Reads a calendar feed with a parser that is not ours, and says everything that is wrong with it.

    check_feed.py FILE       a feed in a file; - is the standard input
    check_feed.py URL        a feed as a server gives it: its headers, HEAD and 304 are checked too

Prints what a calendar program would see, as JSON: {"name": …, "events": [{"uid", "start", "end", "summary",
"description", "last_modified"}]}, and each problem on a line of the standard error. Exits with 1 where there is one.
"""

import json
import sys
import urllib.error
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone

from icalendar import Calendar

LONGEST_LINE = 75
LONGEST_URL = 255
# More than this and Google refuses the feed.
MOST_BYTES, MOST_EVENTS = 1_000_000, 1_000

# Parsers disagree on these across a clock change, or they make a published feed an invitation.
NOT_IN_EVENTS = ("RRULE", "RDATE", "EXDATE", "DURATION", "ORGANIZER", "ATTENDEE", "RECURRENCE-ID")
# SOURCE would carry the token.
NOT_IN_CALENDARS = ("METHOD", "SOURCE")
ONCE_IN_CALENDARS = ("VERSION", "PRODID", "CALSCALE", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL", "X-PUBLISHED-TTL")
ONCE_IN_EVENTS = ("UID", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "TRANSP")
INSTANTS = ("DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND")


def octets(body):
    """What RFC 5545 §3.1 says about lines."""
    if not body.endswith(b"\r\n"):
        yield "the last line does not end with CRLF"
    for number, line in enumerate(body.removesuffix(b"\r\n").split(b"\r\n"), 1):
        if len(line) > LONGEST_LINE:
            yield f"line {number} has {len(line)} octets"
        if not line.strip():
            yield f"line {number} is empty"
        try:
            text = line.decode()
        except UnicodeDecodeError:
            yield f"line {number} is folded inside a character, or not UTF-8"
            continue
        odd = {character for character in text if character != "\t" and (ord(character) < 32 or ord(character) == 127)}
        if odd:
            yield f"line {number} has control characters: {sorted(odd)!r}"


def raw_values(component, name):
    found = component.get(name, [])
    return found if isinstance(found, list) else [found]


def once(component, names, where):
    for name in names:
        count = len(raw_values(component, name))
        if count != 1:
            yield f"{where} has {count} {name}"


def calendar_problems(calendar):
    for name, problem in calendar.errors:
        yield f"the calendar's {name} is not understood: {problem}"
    yield from once(calendar, ONCE_IN_CALENDARS, "the calendar")
    for name in NOT_IN_CALENDARS:
        if name in calendar:
            yield f"the calendar has {name}"
    if str(calendar.get("VERSION")) != "2.0":
        yield f"VERSION is {calendar.get('VERSION')}"
    if str(calendar.get("NAME")) != str(calendar.get("X-WR-CALNAME")):
        yield f"NAME is {calendar.get('NAME')!r}, X-WR-CALNAME {calendar.get('X-WR-CALNAME')!r}"
    others = {inner.name for inner in calendar.subcomponents} - {"VEVENT", "VTIMEZONE"}
    if others:
        yield f"the calendar has {sorted(others)}"
    if len(calendar.events) > MOST_EVENTS:
        yield f"there are {len(calendar.events)} events"
    uids = Counter(str(event.get("UID")) for event in calendar.events)
    for uid, count in uids.items():
        if count > 1:
            yield f"{count} events are {uid}"


def event_problems(event, zones):
    """What is wrong with an event of a calendar that defines these zones."""
    where = f"event {event.get('UID')}"
    for name, problem in event.errors:
        yield f"{where}: {name} is not understood: {problem}"
    missing = list(once(event, ONCE_IN_EVENTS, where))
    yield from missing
    for name in NOT_IN_EVENTS:
        if name in event:
            yield f"{where} has {name}"
    if missing:
        return
    for name in INSTANTS:
        value = event[name].dt
        if name.startswith("DT") and event[name].params.get("TZID") in zones:
            continue
        if not isinstance(value, datetime) or value.utcoffset() != timedelta(0) or "TZID" in event[name].params:
            yield f"{where}: {name} is no instant in UTC, and of no zone of the calendar: {value!r}"
            return
    if event["DTEND"].dt <= event["DTSTART"].dt:
        yield f"{where} ends before it starts"
    if event["DTSTAMP"].dt != event["LAST-MODIFIED"].dt:
        yield f"{where}: DTSTAMP is not LAST-MODIFIED"
    if not str(event["SUMMARY"]).strip():
        yield f"{where} has an empty SUMMARY"
    if event.subcomponents:
        yield f"{where} has {[inner.name for inner in event.subcomponents]}"


def instant(event, name):
    value = event.get(name)
    when = getattr(value, "dt", None)
    if not isinstance(when, datetime) or when.utcoffset() is None:
        return None
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seen(calendar):
    """What a calendar program would show."""
    events = [
        {
            "uid": str(event.get("UID")),
            "start": instant(event, "DTSTART"),
            "end": instant(event, "DTEND"),
            "summary": str(event.get("SUMMARY")),
            "description": str(event.get("DESCRIPTION", "")),
            "last_modified": instant(event, "LAST-MODIFIED"),
        }
        for event in calendar.events
    ]
    return {"name": str(calendar.get("X-WR-CALNAME")), "events": events}


def ask(url, method="GET", **headers):
    """Status, headers and body; errors are answers too, and redirects are not followed."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=sent)
    try:
        with OPENER.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Thunderbird loses its conditional headers on them."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


def answer_problems(url, status, headers, body):
    if len(url) > LONGEST_URL:
        yield f"the address has {len(url)} characters"
    if status != 200:
        yield f"the answer is {status}: {body[:200].decode(errors='replace')}"
        return
    for name, expected in (("Content-Type", "text/calendar; charset=utf-8"), ("X-Robots-Tag", "noindex")):
        if headers.get(name) != expected:
            yield f"{name} is {headers.get(name)!r}"
    if "private" not in headers.get("Cache-Control", ""):
        yield f"Cache-Control is {headers.get('Cache-Control')!r}"
    tag = headers.get("ETag")
    if not tag:
        yield "there is no ETag"
        return
    again, told, rest = ask(url, If_None_Match=tag)
    if (again, rest, told.get("ETag")) != (304, b"", tag):
        yield f"asked again with its ETag: {again}, {len(rest)} bytes, ETag {told.get('ETag')!r}"
    other, _, _ = ask(url, If_None_Match='"another"')
    if other != 200:
        yield f"asked again with another ETag: {other}"
    head, told, rest = ask(url, "HEAD")
    if (head, rest, told.get("ETag")) != (200, b"", tag):
        yield f"HEAD: {head}, {len(rest)} bytes, ETag {told.get('ETag')!r}"
    # Outlook sends these unasked.
    unasked, _, same = ask(url, Authorization="Basic eDp5", Cookie="a=b")
    if (unasked, same) != (200, body):
        yield f"with credentials that nobody asked for: {unasked}"


def check(body):
    """The calendar as it is seen, if it can be read, and its problems."""
    problems = list(octets(body))
    if len(body) > MOST_BYTES:
        problems.append(f"it has {len(body)} bytes")
    try:
        calendar = Calendar.from_ical(body)
    except (ValueError, IndexError) as error:
        return None, [*problems, f"it is no calendar: {error}"]
    problems += calendar_problems(calendar)
    zones = {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")}
    for event in calendar.events:
        problems += event_problems(event, zones)
    return seen(calendar), problems


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    source, problems = sys.argv[1], []
    if source.startswith(("http://", "https://")):
        status, headers, body = ask(source)
        problems += answer_problems(source, status, headers, body)
        if status != 200:
            body = None
    elif source == "-":
        body = sys.stdin.buffer.read()
    else:
        with open(source, "rb") as file:
            body = file.read()
    if body is not None:
        shown, wrong = check(body)
        problems += wrong
        if shown is not None:
            json.dump(shown, sys.stdout, ensure_ascii=False, indent=1)
            print()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
