"""Reads mails as mail and calendar programs do, and prints each as a line of JSON.

    read_mail.py FILE...

Fails where a mail has a defect that its reader notices. `text` and `html` are what a reader sees of either part, and
`plain`, `page` and `calendars` the parts themselves;
`events` are those of the calendar part; `headers` has the rest that matters.
"""

import json
import sys
from email import policy
from email.parser import BytesParser
from html.parser import HTMLParser
from pathlib import Path

from icalendar import Calendar

HEADERS = [
    "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
    "MIME-Version",
]


class Visible(HTMLParser):
    """What is seen of a page."""

    HIDDEN = {"head", "style", "script"}

    def __init__(self):
        super().__init__()
        self.hidden, self.words, self.links, self.address = 0, [], [], None

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in self.HIDDEN
        self.address = dict(attributes).get("href") if tag == "a" else None
        # What a text draws itself.
        self.words += {"li": ["-"], "hr": ["--"]}.get(tag, [])

    def handle_endtag(self, tag):
        self.hidden -= tag in self.HIDDEN
        if tag == "a":
            # A text has the address where a page has it behind the words.
            self.links.append(self.address)
            self.words.append(self.address)

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)


def defects(message):
    """Everything that the parser had to forgive."""
    found = [f"{part.get_content_type()}: {defect!r}" for part in message.walk() for defect in part.defects]
    for part in message.walk():
        for name, value in part.items():
            found += [f"{name}: {defect!r}" for defect in value.defects]
    return found


def address(header):
    [one] = header.addresses
    return {"name": one.display_name, "address": one.addr_spec}


def event(component):
    instant = lambda name: component.decoded(name).strftime("%Y-%m-%dT%H:%M:%S%z")
    return {
        "uid": str(component["UID"]), "summary": str(component["SUMMARY"]),
        "start": instant("DTSTART"), "end": instant("DTEND") if "DTEND" in component else None,
        "status": str(component.get("STATUS", "")), "sequence": int(component.get("SEQUENCE", 0)),
        "organizer": str(component.get("ORGANIZER", "")),
    }


def seen(path):
    raw = path.read_bytes()
    message = BytesParser(policy=policy.default).parsebytes(raw)
    problems = defects(message)
    longest = max(len(line) for line in raw.split(b"\n"))
    if longest > 998:
        problems.append(f"a line of {longest} octets (RFC 5322 §2.1.1)")
    if problems:
        sys.exit(f"{path}: {problems}")
    text = message.get_body(("plain",)).get_content()
    html = Visible()
    page = message.get_body(("html",)).get_content()
    html.feed(page)
    calendars = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    events = [
        event(component)
        for part in calendars
        for component in Calendar.from_ical(part.get_content()).walk("VEVENT")
    ]
    envelope = path.with_suffix(".json")
    return {
        "from": address(message["From"]), "to": address(message["To"]), "subject": message["Subject"],
        "date": message["Date"].datetime.isoformat(),
        "headers": {name: message[name] for name in HEADERS if name in message},
        "parts": [part.get_content_type() for part in message.walk()],
        "text": " ".join(text.split()), "html": " ".join(" ".join(html.words).split()), "links": html.links,
        "plain": text, "page": page, "calendars": [part.get_content() for part in calendars],
        "events": events, "methods": [part.get_param("method") for part in calendars],
        "envelope": json.loads(envelope.read_bytes()) if envelope.exists() else None,
    }


for name in sys.argv[1:]:
    print(json.dumps(seen(Path(name)), ensure_ascii=False))
