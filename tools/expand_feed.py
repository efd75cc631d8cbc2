"""Expands calendar feeds as a calendar program does, with a parser that is not ours.

    expand_feed.py icalendar|vobject FILE...

Prints JSON: {file: [{"uid", "start", "end", "summary", "sequence"}]}, in order of start.
"""

import json
import sys
from datetime import timezone


def utc(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def by_icalendar(text):
    from icalendar import Calendar

    for event in Calendar.from_ical(text).events:
        yield {
            "uid": str(event["UID"]),
            "start": utc(event.start),
            "end": utc(event.end),
            "summary": str(event["SUMMARY"]),
            "sequence": int(event["SEQUENCE"]),
        }


def by_vobject(text):
    import vobject

    for event in vobject.readOne(text).vevent_list:
        length = event.dtend.value - event.dtstart.value
        # All the times at which it happens; rules and dates would add to the first.
        times = event.getrruleset(addRDate=True)
        for start in [event.dtstart.value] if times is None else times:
            yield {
                "uid": event.uid.value,
                "start": utc(start),
                "end": utc(start + length),
                "summary": event.summary.value,
                "sequence": int(event.sequence.value),
            }


def main():
    expand = {"icalendar": by_icalendar, "vobject": by_vobject}[sys.argv[1]]
    found = {}
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8", newline="") as file:
            found[name] = sorted(expand(file.read()), key=lambda event: (event["start"], event["uid"]))
    json.dump(found, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
