#!/usr/bin/env python3
"""Drives the running server beside a bare actix handler that returns the same bytes.

    tools/load.py [--teams N] [--people N] [--overrides N] [--seconds S] [--rounds R]

Builds the release binaries, fills a throw-away SQLite database over the API, and prints: how long
a restart takes until it is ready, resident memory, requests per second of `on-duty`, of twelve
weeks of shifts and of a feed's 304, in rounds that alternate with the bare handler, and how long the
home page takes to its first byte. Needs `wrk`. Everything stays on the loopback address.
"""

import argparse
import http.client
import http.cookiejar
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "load-test-bootstrap-token-0123456789"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("DOGWATCH_") and k != "DATABASE_URL"},
            "DOGWATCH_LISTEN": f"127.0.0.1:{self.port}",
            "DOGWATCH_DATA_DIR": self.folder,
            "DOGWATCH_BOOTSTRAP_TOKEN": TOKEN,
            "DOGWATCH_LOG": "warn",
        }

    def start(self):
        began = time.monotonic()
        self.process = subprocess.Popen([ROOT / "target/release/dogwatch", "serve"], env=self.env, stdout=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(self.url + "/readyz", timeout=1)
                return time.monotonic() - began
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() - began > 60:
                    raise SystemExit("the server did not become ready")
                time.sleep(0.005)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def call(self, method, path, body=None, content_type="application/json", token=TOKEN):
        data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Authorization": f"Bearer {token}", "Content-Type": content_type}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from error


def seed(server, teams, people, overrides):
    """Weekly rotations of five with ten years of history behind them, and overrides ahead."""
    zones = ["Europe/London", "America/New_York", "Asia/Tokyo", "America/Los_Angeles", "Australia/Sydney"]
    rows = [{"name": f"Person {i}", "email": f"p{i}@example.com", "time_zone": zones[i % 5]} for i in range(people)]
    ids = []
    for start in range(0, people, 1000):
        server.call("POST", "/api/v1/people/import", rows[start : start + 1000])
    cursor = None
    while True:
        page = server.call("GET", "/api/v1/people?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        ids += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    now = datetime.now(timezone.utc).replace(microsecond=0)

    def team(i):
        members = [ids[(i * 10 + k) % len(ids)] for k in range(10)]
        slug = f"team-{i}"
        server.call("POST", "/api/v1/teams", {"slug": slug, "name": f"Team {i}", "time_zone": zones[i % 5], "members": members})
        rotation = server.call("POST", f"/api/v1/teams/{slug}/rotations", {
            "name": f"Team {i} hero", "title": "Support Hero", "kind": "ordered", "time_zone": zones[i % 5],
            "handoff": {"start": "2016-03-07T10:00:00", "rule": "FREQ=WEEKLY"}, "order": members[:5],
        })
        for k in range(overrides // teams):
            begins = now + timedelta(days=2 + 7 * k)
            server.call("POST", f"/api/v1/rotations/{rotation['id']}/overrides", {
                "start": begins.isoformat().replace("+00:00", "Z"),
                "end": (begins + timedelta(days=1)).isoformat().replace("+00:00", "Z"), "person_id": members[5],
            })
        return rotation["id"]

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(team, range(teams)))


def wrk(url, seconds, *headers):
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s"] + [x for h in headers for x in ("-H", h)] + [url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out and not headers[-1].startswith("If-None-Match"):
        raise SystemExit(f"{url} did not answer 200:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def compare(name, server, path, seconds, rounds, *headers):
    request = urllib.request.Request(server.url + path, headers=dict(h.split(": ", 1) for h in headers))
    try:
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        port = free_port()
        bare = subprocess.Popen([ROOT / "target/release/examples/bare_handler", str(port), file.name])
        try:
            time.sleep(0.5)
            ours, theirs = [], []
            for _ in range(rounds):
                theirs.append(wrk(f"http://127.0.0.1:{port}{path}", seconds, *headers))
                ours.append(wrk(server.url + path, seconds, *headers))
        finally:
            bare.terminate()
            bare.wait()
    share = statistics.median(a / b for a, b in zip(ours, theirs))
    print(f"{name}: {statistics.median(ours):,.0f} requests/s, bare handler {statistics.median(theirs):,.0f}: "
          f"{share:.0%} ({len(body)} bytes)")


def first_byte(server, email, rounds=200):
    """How long somebody who is signed in waits for the first byte of the home page, in milliseconds: median and 99th
    of a hundred; and the page's size in bytes."""
    link = subprocess.run([ROOT / "target/release/dogwatch", "sign-in", "--email", email], env=server.env,
                          capture_output=True, text=True, check=True).stdout.strip()
    path = urllib.parse.urlsplit(link).path
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar := http.cookiejar.CookieJar()))
    page = browser.open(server.url + path).read().decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    browser.open(server.url + path, urllib.parse.urlencode(fields).encode()).read()
    cookies = "; ".join(f"{one.name}={one.value}" for one in jar)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        connection.request("GET", "/", headers={"Cookie": cookies})
        answer = connection.getresponse()
        took.append((time.perf_counter() - began) * 1000)
        body = answer.read()
        if answer.status != 200 or b"sign-out" not in body:
            raise SystemExit(f"the home page was not shown: {answer.status}")
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100], len(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=1000)
    parser.add_argument("--people", type=int, default=10000)
    parser.add_argument("--overrides", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed")
    subprocess.run(["cargo", "build", "--release", "--bins", "--example", "bare_handler"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        server.start()
        began = time.monotonic()
        rotations = seed(server, args.teams, args.people, args.overrides)
        print(f"seeded {args.teams} teams, {args.people} people, {args.overrides} overrides in {time.monotonic() - began:.0f} s")
        server.stop()
        try:
            print(f"ready after {server.start():.2f} s, {server.resident_mb():.0f} MB resident")
            # Asked as programs ask: with a token of somebody's.
            somebody = server.call("GET", "/api/v1/people?limit=1")["items"][0]["id"]
            token, own = (
                server.call("POST", f"/api/v1/people/{somebody}/tokens", {"name": "load", "scope": scope})["token"]
                for scope in ("read", "write")
            )
            bearer = f"Authorization: Bearer {token}"
            compare("on-duty", server, f"/api/v1/rotations/{rotations[0]}/on-duty", args.seconds, args.rounds, bearer)
            now = datetime.now(timezone.utc).replace(microsecond=0)
            day = lambda d: (now + timedelta(days=d)).strftime("%Y-%m-%dT%H:%M:%SZ")
            compare("12 weeks of shifts", server, f"/api/v1/rotations/{rotations[0]}/shifts?from={day(0)}&until={day(84)}",
                    args.seconds, args.rounds, bearer)
            feed = server.call("POST", "/api/v1/feeds", {"scope": {"rotation_id": rotations[0]}}, token=own)
            path = urllib.parse.urlsplit(feed["url"]).path
            with urllib.request.urlopen(server.url + path) as answer:
                tag = answer.headers["ETag"]
            compare("a feed's 304", server, path, args.seconds, args.rounds, f"If-None-Match: {tag}")
            median, slow, size = first_byte(server, "p0@example.com")
            print(f"home page: first byte after {median:.1f} ms (1 in 100 after {slow:.1f} ms), {size:,} bytes")
            print(f"{server.resident_mb():.0f} MB resident after the load")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
