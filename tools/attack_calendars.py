#!/usr/bin/env python3
"""Serves calendars that are made to cost much, and measures what a server spends on each.

    cargo build && tools/attack_calendars.py [--program target/debug/dogwatch] [--only NAME ...]

Everything happens on loopback: a server of its own in a temporary folder, and a web server for the calendars. For
each calendar it prints the CPU time, the growth of the resident memory at its peak, how long it took until the
calendar was tried, and what its owner is told. Then somebody with ten slow calendars, and nine others, wait beside
somebody with a good one. Exits with 1 where a calendar costs more than it may (--cpu, --memory, --patience).
"""

import argparse
import gzip
import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

TOKEN = "attack-calendars-bootstrap-token"
HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
TAIL = b"END:VCALENDAR\r\n"
NEVER = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"


def event(*lines):
    return ("BEGIN:VEVENT\r\n" + "".join(f"{line}\r\n" for line in lines) + "END:VEVENT\r\n").encode()


def whole(*parts):
    return HEAD + b"".join(parts) + TAIL


def numbers(first, last):
    return ",".join(str(number) for number in range(first, last + 1))


def files():
    """Calendars by name: bytes as they are on the wire."""
    seconds = f"BYHOUR={numbers(0, 23)};BYMINUTE={numbers(0, 59)};BYSECOND={numbers(0, 59)}"
    start = "DTSTART:00010101T000000Z"
    ahead = "DTSTART:20270302T100000Z"
    observance = b"BEGIN:STANDARD\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\n"
    zone = lambda n: b"BEGIN:VTIMEZONE\r\nTZID:Z%d\r\n" % n + observance * 100 + b"END:VTIMEZONE\r\n"
    days = ",".join(["20270302"] * 28_000)
    return {
        "good": whole(event("UID:g", "SUMMARY:Vacation", "DTSTART;VALUE=DATE:20270302")),
        "never": gzip.compress(whole(event(ahead, NEVER) * 240_000)),
        "never-counted": gzip.compress(whole(event(start, NEVER + ";COUNT=9") * 240_000)),
        "never-39000": gzip.compress(whole(event(ahead, NEVER) * 39_000)),
        "short-lines": gzip.compress(HEAD + b"\n" * 7_000_000 + TAIL),
        "short-folds": gzip.compress(HEAD + b" \n" * 7_000_000 + TAIL),
        "short-properties": gzip.compress(HEAD + b"A:\n" * 6_000_000 + TAIL),
        "short-wanted": gzip.compress(HEAD + b"BEGIN:VEVENT\n" + b"RDATE:\n" * 900_000 + TAIL),
        "bomb": gzip.compress(HEAD + b"X" * (1 << 30)),
        "line-without-end": HEAD + b"SUMMARY:" + b"x" * (9 << 20),
        "long-uid": HEAD + b"BEGIN:VEVENT\r\nUID:" + b"x" * (9 << 20),
        "long-name": HEAD + b"X" * (9 << 20) + b":1\r\n" + TAIL,
        "long-zone": whole(event(f"DTSTART;TZID={'a/' * 100_000}:20270302T100000", "DURATION:PT1H")),
        "counted": gzip.compress(whole(event(start, "RRULE:FREQ=DAILY;COUNT=4000000000") * 39_000)),
        "hourly": gzip.compress(whole(event(ahead, "DURATION:PT1H", "RRULE:FREQ=HOURLY") * 39_000)),
        "many-rules": gzip.compress(
            whole(
                event(ahead, "DURATION:PT1S",
                      *(f"RRULE:FREQ=HOURLY;BYMINUTE={n // 60};BYSECOND={n % 60}" for n in range(3_600)))
            )
        ),
        "each-second": gzip.compress(whole(event(ahead, f"RRULE:FREQ=YEARLY;{seconds}") * 4_000)),
        "secondly": gzip.compress(whole(event(ahead, "RRULE:FREQ=SECONDLY") * 39_000)),
        "year-days": gzip.compress(
            whole(event(ahead, f"RRULE:FREQ=HOURLY;BYYEARDAY={numbers(1, 366)};BYSETPOS=-1") * 4_000)
        ),
        "rdates": gzip.compress(whole(event(ahead, "DURATION:PT1H", f"RDATE;VALUE=DATE:{days}") * 32)),
        "exdates": gzip.compress(whole(event(ahead, "RRULE:FREQ=DAILY", f"EXDATE;VALUE=DATE:{days}") * 32)),
        "zones": gzip.compress(whole(*(zone(n) for n in range(1_100)))),
        "zone-names": gzip.compress(
            whole(*(event(f"DTSTART;TZID=a/{n}:20270302T100000", "DURATION:PT1H") for n in range(39_000)))
        ),
        "deep": HEAD * 100_000,
        "overrides": gzip.compress(
            whole(
                *(
                    event("UID:u", f"RECURRENCE-ID:2027{n % 12 + 1:02}{n % 28 + 1:02}T{n % 24:02}{n % 60:02}{n // 840 % 60:02}",
                          ahead, "DURATION:PT1H")
                    for n in range(39_000)
                )
            )
        ),
        "large-but-fine": gzip.compress(
            whole(
                *(
                    event(f"UID:{n}", "SUMMARY:Vacation", f"DTSTART:2027{n % 12 + 1:02}{n % 28 + 1:02}T{n % 24:02}0000Z",
                          "DURATION:PT1H")
                    for n in range(39_000)
                )
            )
        ),
        "titles": gzip.compress(
            whole(*(event("SUMMARY:" + "a " * 125, f"DTSTART:20270302T{n % 24:02}{n % 60:02}00Z", "DURATION:PT1M")
                    for n in range(20_000)))
        ),
        "members": gzip.compress(b"") * 400_000,
        "page": b"<!DOCTYPE html>" + b"x" * (9 << 20),
    }


class Host(http.server.BaseHTTPRequestHandler):
    """Answers with the file of that name; /drip/ and /silent/ are slow, /round/ leads to itself."""

    contents = {}

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.strip("/").split("/")[0]
        try:
            if name == "drip":
                self.drip()
            elif name == "silent":
                time.sleep(60)
            elif name == "round":
                self.send_response(302)
                self.send_header("Location", "/round")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                body = self.contents[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        except OSError:
            pass  # It had enough.

    def drip(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(HEAD)
        while True:
            self.wfile.write(b"X:1\r\n")
            time.sleep(0.3)


class Server:
    """The program, in a folder of its own."""

    def __init__(self, program, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        settings = {
            "PATH": os.environ["PATH"],
            "DOGWATCH_DATA_DIR": folder,
            "DOGWATCH_LISTEN": self.address,
            "DOGWATCH_BOOTSTRAP_TOKEN": TOKEN,
            "DOGWATCH_OUTGOING_NETWORKS": "127.0.0.0/8",
            "DOGWATCH_LOG": "warn",
        }
        self.process = subprocess.Popen([program, "serve"], env=settings, stdout=subprocess.DEVNULL)
        self.people = 0
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{self.address}/readyz").read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server does not start")

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://{self.address}/api/v1{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def person(self):
        self.people += 1
        email = f"p{self.people}@example.com"
        made = self.ask("POST", "/people", {"name": f"P{self.people}", "email": email, "time_zone": "UTC"})
        return made["id"]

    def calendar(self, person, url):
        self.ask("POST", f"/people/{person}/calendars", {"url": url, "rule": {"everything": True}})

    def tried(self, person, patience):
        """Waits until a person's calendars were tried; says after how long, and what of the first is told."""
        begun = time.monotonic()
        while time.monotonic() - begun < patience:
            all = self.ask("GET", f"/people/{person}/calendars")["items"]
            if all[0]["tried_at"]:
                return time.monotonic() - begun, all[0]["problem"] or "read"
            time.sleep(0.05)
        return time.monotonic() - begun, "NOT TRIED"

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, what):
        """VmRSS (now) or VmHWM (at the peak), in MB."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(what):
                return int(line.split()[1]) / 1024
        raise SystemExit("no such figure")

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="target/debug/dogwatch")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--cpu", type=float, default=2.0, help="seconds of CPU a calendar may cost")
    parser.add_argument("--memory", type=float, default=64.0, help="MB the memory may grow")
    parser.add_argument("--patience", type=float, default=16.0, help="seconds until a calendar is tried")
    options = parser.parse_args()
    Host.contents = {name: body for name, body in files().items() if not options.only or name in options.only}
    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    host.daemon_threads = True
    threading.Thread(target=host.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{host.server_port}"
    worse = False
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.program, folder)
        try:
            print(f"{'calendar':18} {'on the wire':>12} {'CPU s':>7} {'peak +MB':>9} {'after s':>8}  told")
            slow = [] if options.only else ["drip", "silent", "round"]
            for name in [*Host.contents, *slow]:
                person = server.person()
                time.sleep(0.3)
                server.forget_peak()
                cpu, memory = server.cpu(), server.memory("VmRSS")
                server.calendar(person, f"{url}/{name}/x.ics")
                after, told = server.tried(person, 4 * options.patience)
                cpu, memory = server.cpu() - cpu, server.memory("VmHWM") - memory
                size = len(Host.contents.get(name, b""))
                bad = cpu > options.cpu or memory > options.memory or after > options.patience
                worse |= bad
                mark = "  <-- too much" if bad else ""
                print(f"{name:18} {size:12} {cpu:7.2f} {memory:9.1f} {after:8.2f}  {told}{mark}", flush=True)
            if not options.only:
                worse |= beside_others(server, url, options.patience)
        finally:
            server.process.terminate()
            server.process.wait()
    sys.exit(worse)


def beside_others(server, url, patience):
    """Ten slow calendars of one person and one of each of nine others, before somebody with a good one."""
    greedy = server.person()
    for _ in range(10):
        server.calendar(greedy, f"{url}/drip/x.ics")
    for n in range(9):
        server.calendar(server.person(), f"{url}/{'drip' if n % 2 else 'never'}/x.ics")
    time.sleep(2)
    slowest = 0.0
    for _ in range(5):
        person = server.person()
        server.calendar(person, f"{url}/good/x.ics")
        after, told = server.tried(person, 4 * patience)
        slowest = max(slowest, after)
        if told != "read":
            print(f"a good calendar beside slow ones: {told}")
            return True
    print(f"a good calendar beside 19 slow ones: after {slowest:.1f} s at most")
    return slowest > patience


if __name__ == "__main__":
    main()
