"""A mail server for tests: it takes mail as any other does, and keeps it.

    smtp_sink.py FOLDER [--port N] [--user NAME:PASSWORD] [--busy N] [--refuse ADDRESS]...

Listens on 127.0.0.1 and prints the port on the first line of its output. Mail number 3 is FOLDER/000003.eml, byte by
byte as it came, with its envelope {"from", "to", "user", "port"} in 000003.json beside it, which is there first; the
port is that of the other end of the connection. It ends when
its standard input does, so it does not outlive the test that started it.

    --user NAME:PASSWORD   takes mail only from somebody who logs in like this
    --busy N               sends the first N mails away for now (451)
    --refuse ADDRESS       there is nobody of this address (550)
    --closed REPLY         says so to every sender, such as "550 5.1.8 not you"
    --slow SECONDS         takes so long for each mail
    --certificate FILE     takes mail by STARTTLS only, with this certificate and its key (PEM, both in the file)
    --tls                  with it: TLS from the first byte instead
"""

import argparse
import asyncio
import hmac
import json
import logging
import os
import ssl
import sys
import warnings
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Sink:
    """What the server does with mail."""

    def __init__(self, folder, busy, refused, slow, closed):
        self.folder, self.busy, self.refused = folder, busy, {one.lower() for one in refused}
        self.slow, self.closed = slow, closed
        # What came before it was started again stays.
        self.count = len(list(folder.glob("*.eml")))

    async def handle_MAIL(self, _server, _session, envelope, address, options):
        if self.closed:
            return self.closed
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, options):
        if address.lower() in self.refused:
            return "550 5.1.1 there is nobody of this address"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server, session, envelope):
        await asyncio.sleep(self.slow)
        if self.busy > 0:
            self.busy -= 1
            return "451 4.3.2 not now"
        self.count += 1
        outside = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "user": session.auth_data, "port": session.peer[1]}
        self.keep("json", json.dumps(outside).encode())
        self.keep("eml", envelope.content)
        return "250 2.0.0 taken"

    def keep(self, kind, content):
        """Writes a file that is there whole or not at all."""
        target = self.folder / f"{self.count:06}.{kind}"
        half = target.with_suffix(".part")
        half.write_bytes(content)
        os.replace(half, target)


def login(user):
    """Lets in who knows the name and the password."""

    def check(_server, _session, _envelope, _mechanism, given):
        name, _, password = user.partition(":")
        fine = hmac.compare_digest(given.login, name.encode()) and hmac.compare_digest(given.password, password.encode())
        return AuthResult(success=fine, handled=False, auth_data=name if fine else None)

    return check


async def serve(options):
    options.folder.mkdir(parents=True, exist_ok=True)
    sink = Sink(options.folder, options.busy, options.refuse, options.slow, options.closed)
    auth = {}
    if options.user:
        auth = {"authenticator": login(options.user), "auth_required": True, "auth_require_tls": False}
    loop = asyncio.get_running_loop()
    tls, implicit = {}, None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
        if options.tls:
            implicit = context
        else:
            tls = {"tls_context": context, "require_starttls": True}
    make = lambda: SMTP(sink, hostname="sink.test", enable_SMTPUTF8=True, loop=loop, **auth, **tls)
    server = await loop.create_server(make, "127.0.0.1", options.port, ssl=implicit)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


def main():
    usage, _, _ = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=usage)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", metavar="NAME:PASSWORD")
    parser.add_argument("--busy", type=int, default=0, metavar="N")
    parser.add_argument("--refuse", action="append", default=[], metavar="ADDRESS")
    parser.add_argument("--closed", metavar="REPLY")
    parser.add_argument("--slow", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--certificate", metavar="FILE")
    parser.add_argument("--tls", action="store_true")
    # It would warn of passwords without TLS at each connection; nobody but the test is on this one.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="aiosmtpd")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
