"""What `tools/contract.py` works with: asking a server, checking answers, and people, teams and rotations to ask about."""

import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

# --- Asking ----------------------------------------------------------------------------------


class Answer:
    def __init__(self, asked, status, headers, text):
        self.asked, self.status, self.headers, self.text = asked, status, headers, text
        try:
            self.json = json.loads(text) if text else None
        except ValueError:
            self.json = None

    def __getitem__(self, key):
        return self.json[key]

    def ids(self):
        return [item["id"] for item in self["items"]]

    def __str__(self):
        return f"{self.asked} → {self.status} {self.text[:300]}"


class Client:
    """One who asks, by a token or without."""

    base, document = "", None

    def __init__(self, token, person=None):
        self.token, self.person = token, person

    def call(self, method, path, body=None, **headers):
        """`path` is below /api/v1 unless it begins with two slashes; headers with underscores for hyphens."""
        url = Client.base + (path[1:] if path.startswith("//") else "/api/v1" + path)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(url, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = Answer(f"{method} {path}", answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as answer:
            found = Answer(f"{method} {path}", answer.code, answer.headers, answer.read().decode())
        if Client.document:
            kind = found.headers.get_content_type()
            faults = Client.document.faults(method, urllib.parse.urlsplit(url).path, found.status, kind, found.json)
            check(not faults, f"{found} is not as the document says: {faults[:3]}")
        return found

    def get(self, path, **query):
        named = {name.rstrip("_"): value for name, value in query.items()}
        return self.call("GET", path + ("?" + urllib.parse.urlencode(named) if named else ""))

    def post(self, path, body, **headers):
        return self.call("POST", path, body, **headers)

    def patch(self, path, body, **headers):
        return self.call("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.call("DELETE", path, **headers)


# --- Checking --------------------------------------------------------------------------------

class Tally:
    """What was checked so far."""

    section, checks, failures = "", 0, []


def check(fine, what):
    Tally.checks += 1
    if not fine:
        Tally.failures.append(f"{Tally.section}: {what}")
    return bool(fine)


def same(found, expected, what):
    return check(found == expected, f"{what}: {found!r}, expected {expected!r}")


class Maybe:
    """The same, or null."""

    def __init__(self, spec):
        self.spec = spec


def text(value):
    return isinstance(value, str)


def instant(value):
    return text(value) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)


def boolean(value):
    return isinstance(value, bool)


def integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def shape(value, spec, where):
    """Every field that `spec` names is there and of its kind; others may be too."""
    if isinstance(spec, Maybe):
        if value is not None:
            shape(value, spec.spec, where)
    elif isinstance(spec, dict):
        if check(isinstance(value, dict), f"{where} is no object: {value!r}"):
            for name, inner in spec.items():
                if check(name in value, f"{where} has no field {name}"):
                    shape(value[name], inner, f"{where}.{name}")
    elif isinstance(spec, list):
        if check(isinstance(value, list), f"{where} is no list: {value!r}"):
            for index, item in enumerate(value):
                shape(item, spec[0], f"{where}[{index}]")
    elif isinstance(spec, tuple):
        check(value in spec, f"{where} is {value!r}, not one of {spec}")
    else:
        check(spec(value), f"{where} is {value!r}, no {spec.__name__}")


REF = {"id": text, "name": text}
REF_IN_ZONE = {**REF, "time_zone": text}
AROUND_THE_CLOCK = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "24:00"}]
HOURS = {"days": [text], "start": text, "end": text}
PERSON = {"id": text, "name": text, "email": Maybe(text), "time_zone": text, "working_hours": [HOURS],
          "role": ("administrator", "member", "viewer"), "external_ids": {}, "active": boolean,
          "holidays": Maybe({"country": text, "observe": boolean}), "deactivated_at": Maybe(instant)}
TOKEN = {"id": text, "name": text, "scope": ("read", "write"), "expires_at": Maybe(instant), "made_by": Maybe(text)}
TIME_OFF = {"id": text, "start": instant, "end": instant, "reason": Maybe(text)}
TEAM = {"slug": text, "name": text, "time_zone": text, "members": [text], "managers": [text],
        "memberships": [{"person_id": text, "manages": boolean, "agreed": boolean}]}
REVISION = {"n": integer, "effective_from": instant, "time_zone": text, "order": [text]}
ROTATION = {"id": text, "team": text, "name": text, "title": text, "kind": ("ordered", "follow_the_sun"),
            "fallback_rotation_id": Maybe(text), "fallback_when": ("gap", "not_working"),
            "archived_at": Maybe(instant), "revision": REVISION}
SHIFT = {"start": instant, "end": Maybe(instant), "person": REF, "source": ("rotation", "override"),
         "override_id": Maybe(text), "swap_id": Maybe(text)}
REASONS = ("not_started", "ended", "duty_hours", "out_of_hours", "override", "no_handoff")
GAP = {"start": instant, "end": Maybe(instant), "reason": REASONS}
OVERRIDE = {"id": text, "version": integer, "start": instant, "end": instant, "person": Maybe(REF), "reason": Maybe(text)}
DUTY = {"at": instant, "rotation_id": text, "title": text, "team": text, "person": Maybe(REF_IN_ZONE),
        "source": ("rotation", "override", "fallback", None), "override_id": Maybe(text), "answered_by": Maybe(text),
        "shift": Maybe({"start": instant, "end": Maybe(instant)}), "scheduled": Maybe(REF_IN_ZONE),
        "working_now": boolean, "working_until": Maybe(instant), "working_next": Maybe(instant),
        "next": Maybe({"person": {"id": text}, "start": instant}),
        "gap": Maybe({"reason": REASONS, "until": Maybe(instant)})}
CANDIDATE = {"person": REF, "available_until": Maybe(instant), "available_from": Maybe(instant),
             "working_seconds_left": integer}
SWAP = {"id": text, "rotation_id": text, "kind": ("cover", "trade"), "person": REF, "start": instant, "end": instant,
        "state": ("open", "accepted", "declined", "withdrawn", "expired", "undone"),
        "in_return": Maybe({"start": instant, "end": instant}), "offered_to": [text], "declined_by": [text],
        "taken": [{"override_id": text, "person": REF, "start": instant, "end": instant, "accepted_at": instant}],
        "remaining": [{"start": instant, "end": instant}], "note": Maybe(text), "opened_by": Maybe(text),
        "created_at": instant, "decided_at": Maybe(instant), "expires_at": instant, "version": integer}
INCIDENT = {"id": text, "reference": text, "title": text, "severity": Maybe(text), "rotation_id": text,
            "stage": ("investigating", "identified", "monitoring", "resolved"), "declared_at": instant,
            "communications_rotation_id": Maybe(text), "lead": Maybe(REF), "resolved_at": Maybe(instant),
            "watcher": Maybe({"person": REF, "since": instant, "there": boolean, "leaves_at": Maybe(instant)}),
            "unwatched": Maybe({"since": instant, "resumes_at": Maybe(instant), "fallback": Maybe(REF)}),
            "candidates": [CANDIDATE], "successor": Maybe(CANDIDATE),
            "next_update": Maybe({"due_at": instant, "owner": Maybe(REF)}),
            "watches": [{"person": REF, "from": instant, "until": Maybe(instant), "how": text}],
            "handovers": [{"n": integer, "from": REF, "to": Maybe(REF), "status": text, "ticket_count": integer,
                           "key_information": text, "told_to_users": text, "state": text}],
            "updates": [{"at": instant, "text": text}], "items": [{"n": integer, "text": text, "due_at": Maybe(instant)}],
            "history": [{"at": instant, "kind": text}], "version": integer}
SUGGESTION = {"person": REF_IN_ZONE, "reasons": [text], "away_seconds": integer, "working_seconds": integer,
              "busy": [{"rotation_id": text, "start": instant, "end": instant}], "load_before_seconds": integer,
              "load_after_seconds": integer, "owed_seconds": integer, "holidays": []}
FIGURES = {name: integer for name in ("shifts", "seconds", "working_seconds", "weekend_days", "holiday_days", "nights")}
LOAD = {"base": FIGURES, "final": FIGURES,
        "covers": {"given_seconds": integer, "taken_seconds": integer, "balance_seconds": integer}}
PREVIEW = {"before": [SHIFT], "after": [SHIFT], "changes": [{"person": REF, "gains": [SHIFT], "loses": [SHIFT]}],
           "overrides": [], "swaps": [SWAP], "clashes": [], "gaps": [GAP], "gaps_made": [GAP], "gaps_mended": [GAP], "warnings": [text]}
PREVIEW["overrides"] = PREVIEW["clashes"] = PREVIEW["clashes_made"] = PREVIEW["clashes_mended"] = [{}]
AUDIT = {"id": text, "at": instant, "action": text, "before": lambda _: True, "after": lambda _: True,
         "address": Maybe(text)}


def ok(answer, status, spec=None):
    """The answer has this status, and this form."""
    if check(answer.status == status, f"{answer}, expected {status}") and spec is not None:
        shape(answer.json, spec, answer.asked)
    return answer


def refused(answer, status, *pointers):
    """The answer is a problem of this status (or of one of these), whose errors name these values, and no others."""
    wanted = status if isinstance(status, tuple) else (status,)
    if not check(answer.status in wanted, f"{answer}, expected {status}"):
        return answer
    kind = answer.headers.get("Content-Type", "")
    check(kind.startswith("application/problem+json"), f"{answer.asked}: a problem comes as {kind}")
    shape(answer.json, {"type": text, "title": text, "status": (answer.status,), "detail": text}, answer.asked)
    if pointers and answer.status == 422:
        shape(answer.json, {"errors": [{"pointer": text, "detail": text}]}, answer.asked)
        named = {error["pointer"] for error in answer.json.get("errors", [])}
        same(named, set(pointers), f"{answer.asked}: the values named")
    return answer


def utc(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


NOW = datetime.now(timezone.utc).replace(microsecond=0)


def ahead(**delta):
    return utc(NOW + timedelta(**delta))


# --- What the checks work with ---------------------------------------------------------------

WORD = secrets.token_hex(4)
admin = Client(None)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def person(name, zone="Europe/London", **more):
    given = {"name": f"{name} {WORD}", "email": f"{name.lower()}-{secrets.token_hex(3)}@example.org", "time_zone": zone}
    return ok(admin.post("/people", {**given, **more}), 201, PERSON).json


def token(someone, scope="write", **more):
    made = ok(admin.post(f"/people/{someone['id']}/tokens", {"name": "contract", "scope": scope, **more}), 201, TOKEN)
    return Client(made["token"], someone)


def team(members=(), managers=(), zone="Europe/London"):
    body = {"slug": f"t-{secrets.token_hex(4)}", "name": f"Team {WORD}", "time_zone": zone,
            "members": [one["id"] for one in members], "managers": [one["id"] for one in managers]}
    return ok(admin.post("/teams", body), 201, TEAM).json


def weekly(order, **more):
    return {"name": f"Hero {WORD}", "title": f"Hero {WORD}", "kind": "ordered", "time_zone": "Europe/London",
            "handoff": {"start": "2026-03-02T10:00:00", "rule": "FREQ=WEEKLY"},
            "order": [one["id"] for one in order], **more}


def rotation(of_team, order, **more):
    return ok(admin.post(f"/teams/{of_team['slug']}/rotations", weekly(order, **more)), 201, ROTATION).json
