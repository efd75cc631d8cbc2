#!/usr/bin/env python3
"""Sends hostile bodies to a server of its own, many at once, and says what they cost.

    tools/attack_bodies.py [--binary target/debug/dogwatch] [--connections 200] [--rounds 1]

For each kind of attack so many connections send the same body at once, while a calm client asks for `/healthz`, for
who is on duty and for the form to sign in. Printed for each: the answers by status, how much the resident memory grew at most,
and how long the calm client waited at most. It fails where memory grew by 50 MB or an answer took 100 ms. Everything
stays on the loopback address. The debug build unpacks and parses many times slower than a release build.
"""

import argparse
import asyncio
import collections
import gzip
import http.client
import multiprocessing
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "attack-test-bootstrap-token-0123456789"
WEBHOOK = "/webhooks/incidents/01890000-0000-7000-8000-000000000000"
MOST_MEMORY_MB, LONGEST_WAIT = 50, 0.1

BOMB = gzip.compress(bytes(64 << 20), 9)
NEARLY_FULL = gzip.compress(b'{"name":"' + b"x" * ((1 << 20) - 20) + b'"}', 9)
NESTED = b"[" * (1 << 20)
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def head(path, body, coding=None, content_type=JSON, token=None, chunked=False, extra=()):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {content_type}", *extra]
    if coding:
        lines.append(f"Content-Encoding: {coding}")
    if token:
        lines.append(f"Authorization: Bearer {token}")
    lines.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(path, body, **more):
    return head(path, body, **more) + body


def in_chunks(path, body, size, **more):
    """A body in many small chunks."""
    chunks = (body[i : i + size] for i in range(0, len(body), size))
    packed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head(path, body, chunked=True, **more) + packed + b"0\r\n\r\n"


def attacks():
    form = b"email=" + b"x" * 15_000
    signatures = "webhook-signature: " + "v1,AAAA " * 5000
    signed = ("webhook-id: x", f"webhook-timestamp: {int(time.time())}", signatures)
    return {
        "harmless forms, to compare": whole("/sign-in", b"email=x", content_type=FORM),
        "sign-in, gzip": whole("/sign-in", BOMB, coding="gzip", content_type=FORM),
        "webhook, gzip": whole(WEBHOOK, BOMB, coding="gzip"),
        "link, gzip": whole("/links/x", BOMB, coding="gzip", content_type=FORM),
        "JSON without a token, gzip": whole("/api/v1/people", BOMB, coding="gzip"),
        "JSON, gzip": whole("/api/v1/people", BOMB, coding="gzip", token=TOKEN),
        "JSON, deflate": whole("/api/v1/people", zlib.compress(bytes(64 << 20), 9), coding="deflate", token=TOKEN),
        "JSON, gzip in gzip": whole("/api/v1/people", gzip.compress(BOMB), coding="gzip, gzip", token=TOKEN),
        "JSON, gzip of just under the limit": whole("/api/v1/people", NEARLY_FULL, coding="gzip", token=TOKEN),
        "import as CSV, gzip": whole("/api/v1/people/import", BOMB, coding="gzip", content_type="text/csv", token=TOKEN),
        "JSON, gzip of a million brackets": whole("/api/v1/people", gzip.compress(NESTED), coding="gzip", token=TOKEN),
        "sign-in, chunks of a byte": in_chunks("/sign-in", form, 1, content_type=FORM),
        "sign-in, a chunked body that goes on": in_chunks("/sign-in", bytes(4 << 20), 4096, content_type=FORM),
        "webhook, 5000 signatures": whole(WEBHOOK, bytes(64 << 10), extra=signed),
    }


class Server:
    def __init__(self, binary, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("DOGWATCH_") and k != "DATABASE_URL"},
            "DOGWATCH_LISTEN": f"127.0.0.1:{self.port}",
            "DOGWATCH_DATA_DIR": folder,
            "DOGWATCH_BOOTSTRAP_TOKEN": TOKEN,
            "DOGWATCH_LOG": "off",
        }
        self.process = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.DEVNULL)
        self.status = pathlib.Path(f"/proc/{self.process.pid}/status")
        for _ in range(600):
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server did not become ready")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        return response.status, response.read()

    def resident_mb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", self.status.read_text())[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


async def attack(port, request, rounds, answers):
    """Sends the request, on a new connection each time."""
    for _ in range(rounds):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            line = await asyncio.wait_for(reader.readline(), 60)
            answers[line.split(b" ")[1].decode() if b" " in line else "closed"] += 1
            writer.close()
        except (OSError, TimeoutError):
            answers["broken off"] += 1


def watch(server, ended, seen):
    """The calm client. It goes on for a moment after the attack, and sees what that leaves."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    while not ended.wait(0.01):
        for path in ("/healthz", "/api/v1/on-duty", "/sign-in"):
            begun = time.monotonic()
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            connection.getresponse().read()
            seen["wait"] = max(seen["wait"], time.monotonic() - begun)
            seen["waits"].append(time.monotonic() - begun)
        seen["memory"] = max(seen["memory"], server.resident_mb())


def calm_process(port, pid, ended, pipe):
    """Runs `watch` in a process of its own, so that the attackers' program does not slow it down."""
    server = Server.__new__(Server)
    server.port, server.status = port, pathlib.Path(f"/proc/{pid}/status")
    seen = {"wait": 0.0, "waits": [], "memory": 0.0}
    watch(server, ended, seen)
    pipe.send(seen)


async def run(server, request, connections, rounds):
    ours, theirs = multiprocessing.Pipe()
    ended = multiprocessing.Event()
    calm = multiprocessing.Process(target=calm_process, args=(server.port, server.process.pid, ended, theirs))
    calm.start()
    await asyncio.sleep(0.5)
    answers = collections.Counter()
    await asyncio.gather(*(attack(server.port, request, rounds, answers) for _ in range(connections)))
    await asyncio.sleep(0.5)
    ended.set()
    seen = ours.recv()
    calm.join()
    return answers, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=ROOT / "target/debug/dogwatch")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="", help="attacks with this in their name")
    options = parser.parse_args()
    failed = False
    for name, request in attacks().items():
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            server = Server(options.binary, folder)
            try:
                before = server.resident_mb()
                answers, seen = asyncio.run(run(server, request, options.connections, options.rounds))
            finally:
                server.stop()
        grown = seen["memory"] - before
        waits = sorted(seen["waits"])
        usual = waits[len(waits) * 99 // 100]
        bad = grown > MOST_MEMORY_MB or seen["wait"] > LONGEST_WAIT
        failed |= bad
        print(
            f"{name:40} {dict(answers)!s:28} +{grown:5.1f} MB, others waited {seen['wait'] * 1000:5.0f} ms at most, "
            f"{usual * 1000:4.0f} ms in 99 %{'  TOO MUCH' if bad else ''}"
        )
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
