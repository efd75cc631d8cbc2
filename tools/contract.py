#!/usr/bin/env python3
"""Checks a running server against the contract of its API.

    tools/contract.py BASE_URL ADMINISTRATORS_TOKEN [--complete]

Works with people, teams and rotations of its own, whose names end in a random word: it can be run again on the
same database, and leaves them behind. Prints what fails; resources of the contract that the server does not have
yet are named, and count as failures with --complete. Exit codes: 0 all well, 1 failures, 2 wrong arguments.
"""

import http.client
import json
import re
import secrets
import sys
import time
import traceback
import urllib.parse
from datetime import datetime, timedelta, timezone

import contract_rights
from contract_kit import *  # noqa: F403: the kit is made for this file
from contract_schema import Document
from contract_world import World

# --- The checks ------------------------------------------------------------------------------

CONTRACT = """POST /people; GET /people; GET /people/{id}; PATCH /people/{id}; POST /people/import
POST /people/{id}/deactivate; POST /people/{id}/erase; GET /people/{id}/tokens; POST /people/{id}/tokens
DELETE /tokens/{id}; GET /people/{id}/time-off; POST /people/{id}/time-off; DELETE /time-off/{id}; POST /teams
GET /teams; GET /teams/{slug}; PATCH /teams/{slug}; POST /teams/{slug}/rotations; GET /rotations; GET /rotations/{id}
PATCH /rotations/{id}; GET /rotations/{id}/revisions; POST /rotations/{id}/revisions
DELETE /rotations/{id}/revisions/{n}; POST /rotations/{id}/archive; GET /rotations/{id}/overrides
POST /rotations/{id}/overrides; DELETE /overrides/{id}; GET /rotations/{id}/on-duty; GET /on-duty
GET /rotations/{id}/shifts; GET /people/{id}/shifts; GET /gaps; GET /rotations/{id}/candidates; POST /swaps; GET /swaps
POST /swaps/{id}/accept; POST /swaps/{id}/decline; POST /swaps/{id}/withdraw; POST /swaps/{id}/undo
GET /rotations/{id}/suggestions; GET /rotations/{id}/handovers; PUT /handovers/{id}; GET /rotations/{id}/reminders
PUT /rotations/{id}/reminders; GET /people/{id}/preferences; PUT /people/{id}/preferences; POST /incidents
GET /incidents; GET /incidents/{id}; PATCH /incidents/{id}; POST /incidents/{id}/raise-hand
POST /incidents/{id}/handovers; POST /incidents/{id}/handovers/{n}/accept; POST /incidents/{id}/updates
POST /incidents/{id}/resolve; GET /feeds; POST /feeds; PATCH /feeds/{id}; DELETE /feeds/{id}; GET /clashes
GET /reports/load; GET /audit; GET /outbox"""

served = set()


def documents(complete):
    """Addresses outside /api/v1, and which of the contract's resources are there."""
    for path in ("//healthz", "//readyz", "//metrics", "//api/docs"):
        ok(Client(None).get(path), 200)
    document = ok(Client(None).get("//api/openapi.json"), 200, {"openapi": text, "paths": {}})
    check(document["openapi"].startswith("3.1"), f"OpenAPI {document['openapi']}")
    # From here on every answer is held against it.
    Client.document = Document(document.json)
    for path, methods in document["paths"].items():
        if path.startswith("/api/v1"):
            served.update(f"{method.upper()} {path[7:]}" for method in methods if method in METHODS)
    wanted = [row.strip() for row in re.split(r"[;\n]", CONTRACT)]
    missing = [row for row in wanted if row not in served]
    if missing:
        print(f"Not served: {'; '.join(missing)}")
    check(not (missing and complete), f"not served: {missing}")
    feed = Client(None).get("//feeds/nobody-knows-it.ics")
    same((feed.status, feed.headers.get_content_type()), (404, "text/plain"), "an unknown feed")


METHODS = ("get", "post", "put", "patch", "delete")


def errors():
    stranger = refused(Client(None).get("/people"), 401)
    check("Bearer" in stranger.headers.get("WWW-Authenticate", ""), "401 names no scheme")
    for bad in ("dw_" + "A" * 43, "", "x y"):
        refused(Client(bad).get("/people"), 401)
    refused(admin.get("/nothing"), 404)
    for path in ("/people/x", f"/people/{secrets.token_hex(8)}", "/rotations/x", "/rotations/x/on-duty", "/teams/no-such"):
        refused(admin.get(path), 404)
    wrong = refused(admin.call("PUT", "/people", {}), 405)
    check("POST" in wrong.headers.get("Allow", ""), f"405 allows {wrong.headers.get('Allow')}")
    refused(admin.post("/people", "{"), 400)
    refused(admin.post("/people", '{"name": "a", "email": "a@example.org", "time_zone": "UTC"} b'), 400)
    refused(admin.post("/people", {"name": "x"}), 422)
    for body in ([], None, 3, {"name": 3, "email": "a@example.org", "time_zone": "UTC"},
                 {"name": "x", "email": "a@example.org", "time_zone": "UTC", "time_zonee": "UTC"}):
        refused(admin.post("/people", json.dumps(body)), 422)
    bad = {"name": "a\nb", "email": "nobody", "time_zone": "Mars/Base", "role": "king",
           "working_hours": [{"days": ["mon"], "start": "9", "end": "17:00"},
                             {"days": ["someday"], "start": "09:00", "end": "25:00"}],
           "holidays": {"country": "XYZ", "observe": True}, "external_ids": {"chat": ""}}
    found = refused(admin.post("/people", bad), 422)
    named = {error["pointer"] for error in (found.json or {}).get("errors", [])}
    for pointer in ("/name", "/email", "/time_zone", "/role", "/working_hours/0/start", "/working_hours/1/days",
                    "/working_hours/1/end", "/holidays/country", "/external_ids"):
        check(any(one.startswith(pointer) for one in named), f"POST /people: {pointer} is not named in {sorted(named)}")
    for address in ("a@b@example.org", "a b@example.org", "a@example.org\r\nBcc: b@example.org", "@example.org", ""):
        refused(admin.post("/people", {"name": "x", "email": address, "time_zone": "UTC"}), 422, "/email")
    for name in ("", "  ", "x" * 5000, "a\u0000b", "a\u202eb", "a\u200bb"):
        refused(admin.post("/people", {"name": name, "email": "q@example.org", "time_zone": "UTC"}), 422, "/name")
    refused(admin.get("/people", limitt=3), 422)
    for limit in ("0", "201", "-1", "x"):
        refused(admin.get("/people", limit=limit), 422, "/limit")
    refused(admin.get("/people", cursor="!"), 422, "/cursor")
    refused(admin.post("/people", json.dumps({"name": "x"}), Content_Type="text/plain"), 415)
    refused(admin.post("/people", '{"name": "x", "name": "y", "email": "q@example.org", "time_zone": "UTC"}'), 422)
    refused(admin.post("/people", '{"name": "x", "email": "q@example.org", "time_zone": "UTC", "external_ids": {"a": "1", "a": "2"}}'),
            422, "/external_ids")
    same(admin.call("HEAD", "/people").status, 200, "HEAD")
    allowed = admin.call("OPTIONS", "/people").headers.get("Allow", "")
    check({"GET", "HEAD", "POST"} <= set(allowed.split(", ")), f"OPTIONS allows {allowed}")
    for at in ("1969-12-31T23:59:59Z", ahead(days=366 * 6), "2026-03-02T10:00:00", "2026-03-02T10:00:00.5Z", "now", ""):
        refused(admin.get("/on-duty", at=at), 422, "/at")
    for path in ("/gaps", "/clashes"):
        refused(admin.get(path, from_=ahead(), until=ahead(days=401)), 422, "/until")
        refused(admin.get(path, from_=ahead(), until=ahead(days=-1)), 422, "/until")
        refused(admin.get(path, from_="x", until="y"), 422, "/from", "/until")
        refused(admin.get(path, team="no-such-team"), 404)
    host = urllib.parse.urlsplit(Client.base)
    line = (http.client.HTTPSConnection if host.scheme == "https" else http.client.HTTPConnection)(host.netloc, timeout=30)
    line.putrequest("POST", "/api/v1/people")
    for name, value in (("Authorization", f"Bearer {admin.token}"), ("Content-Type", "application/json"),
                        ("Content-Length", "1000000000")):
        line.putheader(name, value)
    line.endheaders()
    same(line.getresponse().status, 413, "a body of a gigabyte")
    line.close()


def people():
    address = f"Anna.{secrets.token_hex(3)}@example.org"
    body = {"name": f"Anna {WORD}", "email": address, "time_zone": "America/New_York", "role": "viewer",
            "working_hours": [{"days": ["mon"], "start": "22:00", "end": "06:00"}],
            "holidays": {"country": "DE", "region": "BY", "observe": True}, "external_ids": {"chat": "U1"}}
    made = ok(admin.post("/people", body, Idempotency_Key=f"anna-{WORD}"), 201, PERSON)
    for field in body:
        if field != "working_hours":
            same(made[field], body[field], f"POST /people: {field}")
    same({**made["working_hours"][0], "end_day": None}, {**body["working_hours"][0], "end_day": None}, "working_hours")
    path = f"/people/{made['id']}"
    check(made.headers.get("Location", "").endswith(path), f"Location {made.headers.get('Location')}")
    etag = made.headers.get("ETag")
    same(ok(admin.get(path), 200, PERSON).headers.get("ETag"), etag, "ETag of POST and GET")
    again = ok(admin.post("/people", body, Idempotency_Key=f"anna-{WORD}"), 201)
    same(again.json, made.json, "the same key and body again")
    refused(admin.post("/people", {**body, "name": "Other"}, Idempotency_Key=f"anna-{WORD}"), 422)
    refused(admin.post("/people", {**body, "email": address.upper()}), (409, 422))
    first = person("Plain")
    same((first["role"], first["active"]), ("member", True), "defaults")
    same([(rule["days"], rule["start"], rule["end"]) for rule in first["working_hours"]], [(WEEKDAYS, "09:00", "17:00")], "default hours")

    changed = ok(admin.patch(path, {"name": f"Anne {WORD}"}, If_Match=etag), 200, PERSON)
    same(changed["name"], f"Anne {WORD}", "PATCH name")
    check(changed.headers.get("ETag") not in (None, etag), "the ETag stays after a change")
    refused(admin.patch(path, {"name": "x"}, If_Match=etag), 412)
    same(admin.get(path)["name"], f"Anne {WORD}", "after a stale change")
    refused(admin.patch(path, {"name": "", "email": "x", "time_zone": "y", "effective_from": "z"}), 422,
            "/name", "/email", "/time_zone", "/effective_from")
    refused(admin.patch(path, {"email": first["email"].upper()}), (409, 422))
    later = ok(admin.patch(path, {"time_zone": "Asia/Tokyo", "effective_from": ahead(days=30)}), 200, PERSON)
    same(later["time_zone"], "America/New_York", "a zone that comes into force later")
    same(ok(admin.patch(path, {"time_zone": "Asia/Seoul"}), 200)["time_zone"], "Asia/Seoul", "a zone from now on")
    ok(admin.patch(path, {"working_hours": [], "effective_from": ahead(days=-9)}), 200)
    same(ok(admin.patch(path, {"holidays": None}), 200)["holidays"], None, "holidays")
    plain = token(first)
    refused(plain.patch(f"/people/{first['id']}", {"time_zone": "UTC", "effective_from": ahead(days=-1)}), (403, 422))
    same(ok(admin.get("/people", email=address.lower()), 200).ids(), [made["id"]], "GET /people?email=")
    mine = team([first, made.json])
    same(set(ok(admin.get("/people", team=mine["slug"]), 200).ids()), {first["id"], made["id"]}, "GET /people?team=")
    pages(f"/people?team={mine['slug']}", 2)
    pages("/people", None)

    same_again = {"name": "Row", "email": first["email"], "time_zone": "UTC"}
    rows = [{"name": f"Row {n} {WORD}", "email": f"row{n}-{WORD}@example.org", "time_zone": "UTC"} for n in range(3)]
    found = refused(admin.post("/people/import", [rows[0], {**rows[1], "time_zone": "x", "name": ""}, same_again]), 422,
                    "/1/time_zone", "/1/name", "/2/email")
    check(found.status == 422 and not admin.get("/people", email=rows[0]["email"])["items"], "an import with faults left a row")
    refused(admin.post("/people/import", [rows[0], {**rows[1], "email": rows[0]["email"]}]), 422, "/1/email")
    ok(admin.post("/people/import", rows[:2]), 201, {"items": [PERSON]})
    line = "name,email,time_zone\n"
    csv = line + f"Csv {WORD},csv-{WORD}@example.org,Europe/Berlin\n"
    refused(admin.post("/people/import", csv + "Bad,x,y\n", Content_Type="text/csv"), 422, "/1/email", "/1/time_zone")
    same(ok(admin.post("/people/import", csv, Content_Type="text/csv"), 201)["items"][0]["time_zone"], "Europe/Berlin", "CSV")

    leaver, stays = person("Leaver", external_ids={"chat": f"L{WORD}"}), person("Stays")
    theirs = team([leaver, stays], [leaver])
    named = rotation(theirs, [leaver, stays])
    override = ok(admin.post(f"/rotations/{named['id']}/overrides", {"start": ahead(days=40), "end": ahead(days=41), "person_id": leaver["id"]}), 201)
    gone, path = token(leaver), f"/people/{leaver['id']}"
    renamed = {"name": f"Once Leaver {WORD}", "email": f"once-{WORD}@example.org"}
    ok(admin.patch(path, renamed), 200)
    refused(admin.post(path + "/erase", {}), 409)
    conflict = refused(admin.post(path + "/deactivate", {}), 409)
    for what in (named["id"], override["id"]):
        check(what in conflict.text, f"{conflict} does not name {what}")
    same(ok(admin.post(path + "/deactivate", {"remove_from_rotations": True}), 200, PERSON)["active"], False, "deactivated")
    check(leaver["id"] not in admin.get(f"/rotations/{named['id']}")["revision"]["order"], "they are still in the order")
    same(admin.get(f"/rotations/{named['id']}/on-duty")["person"]["id"], stays["id"], "on duty after a deactivation")
    refused(gone.get("/people"), 401)
    refused(admin.post(f"/rotations/{named['id']}/overrides", {"end": ahead(days=1), "person_id": leaver["id"]}), 422, "/person_id")
    refused(admin.post(f"/rotations/{named['id']}/revisions", {"order": [leaver["id"]]}), 422, "/order/0")
    ok(admin.post(path + "/erase", {}), 200, PERSON)
    kept = admin.get(path).text + admin.get("/audit", subject=leaver["id"], limit=200).text + admin.get("/audit", limit=200).text
    check(not any(word in kept for word in renamed.values()), "an erased person's name or address is still shown")
    check(leaver["name"] not in kept and leaver["email"] not in kept, "an erased person's former name or address is still shown")
    leave_while_a_revision_is_pending()
    row = {"name": f"Secret {WORD}", "email": f"secret-{WORD}@example.org", "time_zone": "UTC"}
    brief = ok(admin.post("/people", row, Idempotency_Key=f"erase-{WORD}"), 201)
    ok(admin.post(f"/people/{brief['id']}/deactivate", {}), 200)
    ok(admin.post(f"/people/{brief['id']}/erase", {}), 200)
    replayed = admin.post("/people", row, Idempotency_Key=f"erase-{WORD}")
    # Without the first answer it is a new request, and makes somebody new.
    check(replayed.json.get("id") != brief["id"] or row["email"] not in replayed.text, "a repeated request brings an erased address back")


def leave_while_a_revision_is_pending():
    """Whoever leaves has no shift from then on, whether the order in force names them, or the one to come, or both."""
    for name, now, then in (("in force", 0, 1), ("pending", 1, 0), ("in both", 0, 0)):
        leaver, stays = person("Pending"), person("Staying")
        both = [[leaver, stays], [stays]]
        made = rotation(team([leaver, stays]), both[now])
        order = [one["id"] for one in both[then]]
        ok(admin.post(f"/rotations/{made['id']}/revisions", {"order": order, "effective_from": ahead(days=30)}), 201)
        refused(admin.post(f"/people/{leaver['id']}/deactivate", {}), 409)
        ok(admin.post(f"/people/{leaver['id']}/deactivate", {"remove_from_rotations": True}), 200)
        left = ok(admin.get(f"/people/{leaver['id']}/shifts", from_=ahead(minutes=5), until=ahead(days=300)), 200)
        same(len(left["items"]), 0, f"shifts of somebody who left, named by the order {name}")


def pages(path, expected):
    """Every item comes once, a page at a time."""
    seen, cursor, join = [], None, "&" if "?" in path else "?"
    for _ in range(100):
        page = ok(admin.get(f"{path}{join}limit={1 if expected else 50}" + (f"&cursor={cursor}" if cursor else "")), 200,
                  {"items": [{}], "next_cursor": Maybe(text)})
        seen, cursor = seen + page.ids(), page["next_cursor"]
        if cursor is None:
            break
    check(len(seen) == len(set(seen)), f"GET {path}: an item comes twice")
    if expected is not None:
        same(len(seen), expected, f"GET {path}: items over all pages")


def tokens():
    owner = person("Owner")
    path = f"/people/{owner['id']}/tokens"
    body = {"name": "phone", "scope": "write"}
    first = ok(admin.post(path, body, Idempotency_Key=f"token-{WORD}"), 201, {**TOKEN, "token": text})
    again = ok(admin.post(path, body, Idempotency_Key=f"token-{WORD}"), 201)
    same((again["id"], again["token"]), (first["id"], None), "the same request again")
    check(len(first["token"]) > 40 and first["token"].startswith("dw_"), "the form of a token")
    own = Client(first["token"])
    check(first["token"] not in ok(own.get(path), 200, {"items": [TOKEN]}).text, "a token is shown twice")
    check(first["token"] not in admin.get("/audit", limit=200).text, "a token is in the audit log")
    reader = token(owner, "read")
    refused(reader.post(path, body), 403)
    refused(admin.post(path, {"name": "", "scope": "all", "expires_at": ahead(days=-1)}), 422, "/name", "/scope", "/expires_at")
    short = ok(own.post(path, {"name": "short", "scope": "read", "expires_at": utc(datetime.now(timezone.utc) + timedelta(seconds=3))}), 201)
    ok(Client(short["token"]).get("/teams"), 200)
    ending = ok(admin.post(path, {"name": "ends", "scope": "write", "expires_at": ahead(days=1)}), 201)
    for end in (None, ahead(days=2)):
        refused(Client(ending["token"]).post(path, {"name": "later", "scope": "read", "expires_at": end}), 422, "/expires_at")
    child = ok(own.post(path, {"name": "child", "scope": "read"}), 201, {**TOKEN, "made_by": (first["id"],)})
    ok(own.delete(f"/tokens/{first['id']}"), 204)
    refused(own.get("/teams"), 401)
    refused(Client(child["token"]).get("/teams"), 401)
    refused(admin.delete(f"/tokens/{WORD}"), 404)
    time.sleep(3.2)
    refused(Client(short["token"]).get("/teams"), 401)


def time_off():
    away, mate = person("Away", "America/New_York"), person("Mate")
    squad = team([away, mate])
    solo = rotation(squad, [away])
    path = f"/people/{away['id']}/time-off"
    year = NOW.year + 1
    days = {"first_day": f"{year}-01-04", "last_day": f"{year}-01-08", "reason": "climbing"}
    preview = ok(admin.post(path + "?dry_run=true", days), 200, PREVIEW)
    check(preview["clashes"] and preview["clashes_made"] == preview["clashes"], "dry_run names no clash that it makes")
    same(admin.get(path)["items"], [], "after a dry run")
    made = ok(admin.post(path, days), 201, {**TIME_OFF, "clashes": [{}]})
    same((made["start"], made["end"]), (f"{year}-01-04T05:00:00Z", f"{year}-01-09T05:00:00Z"), "days in the person's zone, both included")
    check(solo["id"] in json.dumps(made["clashes"]), "the clash does not name the rotation")
    same(made["reason"], "climbing", "reason")
    listed = ok(admin.get("/clashes", team=squad["slug"], from_=f"{year}-01-01T00:00:00Z", until=f"{year}-02-01T00:00:00Z"), 200, {"items": [{}]})
    check(listed["items"], "GET /clashes shows none")
    check("climbing" not in ok(token(mate).get(path), 200).text, "a teammate sees the reason")
    check("climbing" in token(away).get(path).text, "the person does not see the reason")
    refused(admin.post(path, {}), 422)
    refused(admin.post(path, {**days, "start": ahead(), "end": ahead(days=1)}), 422)
    refused(admin.post(path, {"first_day": "2027-02-30", "last_day": "x"}), 422, "/first_day", "/last_day")
    refused(admin.post(path, {"first_day": "2027-02-03", "last_day": "2027-02-02"}), 422, "/last_day")
    refused(admin.post(path, {"start": ahead(days=2), "end": ahead(days=1)}), 422, "/end")
    begun = ok(admin.post(path, {"start": ahead(days=-1), "end": ahead(days=1)}), 201, TIME_OFF)
    same(begun["reason"], None, "no reason")
    check(admin.get(f"/rotations/{solo['id']}/on-duty")["working_now"] is False, "at work while away")
    ended = ok(admin.delete(f"/time-off/{begun['id']}"), 200)
    check(begun["start"] < (ended.json.get("cancelled_at") or ended.json["end"]) <= ahead(minutes=10), f"{ended} does not end now")
    refused(admin.delete(f"/time-off/{begun['id']}"), 409)
    refused(admin.delete(f"/time-off/{made['id']}", If_Match='"v0"'), 412)
    without = ok(admin.delete(f"/time-off/{made['id']}?dry_run=true"), 200, PREVIEW)
    same(without["clashes"], [], "clashes without the time off")
    ok(admin.delete(f"/time-off/{made['id']}", If_Match=made.headers.get("ETag")), 200, TIME_OFF)


def teams():
    boss, one, other = person("Boss"), person("One"), person("Other")
    body = {"slug": f"s-{WORD}", "name": f"S {WORD}", "time_zone": "UTC", "members": [one["id"]], "managers": [boss["id"]]}
    made = ok(admin.post("/teams", body), 201, TEAM)
    same(set(made["members"]), {one["id"], boss["id"]}, "managers are members")
    path = f"/teams/{body['slug']}"
    etag = ok(admin.get(path), 200, TEAM).headers.get("ETag")
    refused(admin.post("/teams", body), (409, 422))
    refused(admin.post("/teams", {**body, "slug": "A b", "name": "\n", "time_zone": "x", "members": ["x"], "managers": [WORD]}), 422,
            "/slug", "/name", "/time_zone", "/members/0", "/managers/0")
    manager = token(boss)
    ok(manager.patch(path, {"members": [boss["id"], one["id"], other["id"]]}, If_Match=etag), 200, TEAM)
    refused(manager.patch(path, {"members": []}, If_Match=etag), 412)
    refused(manager.patch(path, {"name": "Mine"}), 403)
    refused(manager.patch(path, {"managers": [one["id"]]}), 403)
    refused(token(one).patch(path, {"members": [one["id"]]}), 403)
    ok(admin.patch(path, {"name": "N", "managers": [one["id"]]}), 200, TEAM)
    pages("/teams", None)
    # The manager added them: nobody sees the address until they agree.
    check(token(one).get(f"/people/{other['id']}").json.get("email") is None, "a teammate sees the address without consent")
    refused(manager.post(path + "/agree", {"person_id": other["id"]}), 403)
    ok(token(other).post(path + "/agree", {"person_id": other["id"]}), 200, TEAM)
    refused(token(other).post(path + "/agree", {"person_id": other["id"]}), 409)
    check(token(one).get(f"/people/{other['id']}")["email"] == other["email"], "a teammate does not see the address")
    stranger = person("Stranger")
    check(token(stranger).get(f"/people/{other['id']}").json.get("email") is None, "a stranger sees the address")
    check(token(stranger).get("/people", email=other["email"])["items"] == [], "a stranger finds by the address")


def at_work(answer, who, what):
    same((answer["person"] or {}).get("id"), who and who["id"], what)


def ordered():
    a, b, c, d = (person(name) for name in ("A", "B", "C", "D"))
    squad = team([a, b, c, d])
    base = f"/teams/{squad['slug']}/rotations"
    refused(admin.post(base, {**weekly([a]), "name": "", "title": "\n", "kind": "x", "time_zone": "y", "fallback_when": "never",
                              "order": ["x"], "handoff": {"start": "2026-03-02T10:00:00Z", "rule": "FREQ=NEVER"}}), 422,
            "/name", "/title", "/kind", "/time_zone", "/fallback_when", "/order/0", "/handoff/start", "/handoff/rule")
    for rule in ("FREQ=WEEKLY;INTERVAL=0", "FREQ=MINUTELY", "FREQ=WEEKLY;COUNT=2;UNTIL=20270101T000000Z", "", "DTSTART:20260101T000000\nRRULE:FREQ=DAILY"):
        refused(admin.post(base, weekly([a], handoff={"start": "2026-03-02T10:00:00", "rule": rule})), 422, "/handoff/rule")
    refused(admin.post(base, weekly([])), 422, "/order")
    refused(admin.post(base, {**weekly([a]), "handoff": None}), 422, "/handoff")
    refused(admin.post(base, weekly([a], duty_hours=[{"days": [], "start": "x", "end": "y"}])), 422)
    refused(admin.post(base, weekly([a], fallback_rotation_id=WORD)), 422, "/fallback_rotation_id")
    ok(admin.post(base + "?dry_run=true", weekly([a])), 200, PREVIEW)
    same(admin.get("/rotations", team=squad["slug"])["items"], [], "after a dry run")
    made = ok(admin.post(base, weekly([a, b, c])), 201, ROTATION)
    etag, path = made.headers.get("ETag"), f"/rotations/{made['id']}"
    same(ok(admin.get(path), 200, ROTATION).headers.get("ETag"), etag, "ETag of POST and GET")
    same(ok(admin.get("/rotations", team=squad["slug"]), 200, {"items": [ROTATION]}).ids(), [made["id"]], "GET /rotations?team=")

    def duty(at):
        return ok(admin.get(path + "/on-duty", at=at), 200, DUTY)

    before = duty("2026-03-02T09:59:59Z")
    at_work(before, None, "before the first handoff")
    same((before["gap"], before["source"]), ({"reason": "not_started", "until": "2026-03-02T10:00:00Z"}, None), "its gap")
    for at, who in (("2026-03-02T10:00:00Z", a), ("2026-03-30T08:59:59Z", a), ("2026-03-30T09:00:00Z", b)):
        at_work(duty(at), who, at)
    first = duty("2026-03-02T11:00:00Z")
    same(first["shift"], {"start": "2026-03-02T10:00:00Z", "end": "2026-03-09T10:00:00Z"}, "the shift")
    same((first["working_now"], first["working_until"]), (True, "2026-03-02T17:00:00Z"), "at work")
    same((first["next"]["person"]["id"], first["next"]["start"]), (b["id"], "2026-03-09T10:00:00Z"), "next")
    same(duty("2026-03-02T20:00:00Z")["working_next"], "2026-03-03T09:00:00Z", "back at work")

    past = {"start": "2026-03-04T00:00:00Z", "end": "2026-03-06T00:00:00Z", "person_id": c["id"], "reason": "trip"}
    ok(admin.post(path + "/overrides?dry_run=true", past), 200, PREVIEW)
    same(admin.get(path + "/overrides")["items"], [], "after a dry run")
    made_override = ok(admin.post(path + "/overrides", past), 201, {**OVERRIDE, "displaces": [SHIFT]})
    same([one["person"]["id"] for one in made_override["displaces"]], [a["id"]], "displaces")
    over = duty("2026-03-04T12:00:00Z")
    same((over["person"]["id"], over["source"], over["override_id"], over["scheduled"]["id"]),
         (c["id"], "override", made_override["id"], a["id"]), "an override's duty")
    window = {"from_": "2026-03-02T10:00:00Z", "until": "2026-03-16T10:00:00Z"}

    def line(layer):
        found = ok(admin.get(path + "/shifts", layer=layer, **window), 200, {"items": [SHIFT], "gaps": [GAP]})
        return [(one["person"]["id"], one["start"][5:10]) for one in found["items"]]

    same(line("final"), [(a["id"], "03-02"), (c["id"], "03-04"), (a["id"], "03-06"), (b["id"], "03-09")], "final shifts")
    same(line("base"), [(a["id"], "03-02"), (b["id"], "03-09")], "base shifts")
    refused(admin.get(path + "/shifts", layer="top"), 422, "/layer")
    refused(admin.post(path + "/revisions", {"order": [a["id"]], "effective_from": "2026-03-16T10:00:00Z"}, If_Match='"v0"'), 412)
    revision = {"order": [x["id"] for x in (a, d, b, c)], "effective_from": "2026-03-16T10:00:00Z"}
    ok(admin.post(path + "/revisions?dry_run=true", revision), 200, PREVIEW)
    same(len(ok(admin.get(path + "/revisions"), 200, {"items": [REVISION]})["items"]), 1, "revisions after a dry run")
    ok(admin.post(path + "/revisions", revision), 201, REVISION)
    for day, who in (("16", c), ("23", a), ("30", d)):
        at_work(duty(f"2026-03-{day}T12:00:00Z"), who, f"{day} March after the revision")
    refused(admin.post(path + "/revisions", {"order": [b["id"]], "effective_from": "2026-03-15T10:00:00Z"}), 409)
    refused(admin.post(path + "/revisions", {"order": ["x"], "time_zone": "y", "effective_from": "z"}), 422, "/order/0", "/time_zone", "/effective_from")
    pending = ok(admin.post(path + "/revisions", {"order": [b["id"]]}), 201, REVISION)
    check(pending["effective_from"] > ahead(), f"the default of effective_from: {pending['effective_from']}")
    refused(admin.post(path + "/revisions", {"order": [a["id"]], "effective_from": ahead(minutes=5)}), 409)
    refused(admin.delete(path + "/revisions/1"), 409)
    refused(admin.delete(path + "/revisions/99"), 404)
    ok(admin.delete(path + f"/revisions/{pending['n']}?dry_run=true"), 200, PREVIEW)
    ok(admin.delete(path + f"/revisions/{pending['n']}"), 200, ROTATION)
    etag = admin.get(path).headers.get("ETag")
    renamed = ok(admin.patch(path, {"name": "New", "title": f"Luigi {WORD}"}, If_Match=etag), 200, ROTATION)
    refused(admin.patch(path, {"name": "x"}, If_Match=etag), 412)
    refused(admin.patch(path, {"order": []}), 422)
    same(renamed["title"], f"Luigi {WORD}", "PATCH title")
    mine = ok(admin.get("/on-duty", team=squad["slug"], title=f"Luigi {WORD}"), 200, {"at": instant, "items": [DUTY]})
    same(len(mine["items"]), 1, "GET /on-duty?team=&title=")
    shifts = ok(admin.get(f"/people/{c['id']}/shifts", **window), 200, {"items": [{**SHIFT, "rotation_id": (made["id"],)}]})
    same(len(shifts["items"]), 1, "GET /people/{id}/shifts")
    overrides(path, c, squad)

    second = rotation(squad, [d], duty_hours=[{"days": WEEKDAYS, "start": "09:00", "end": "17:00"}], fallback_rotation_id=made["id"])
    fallen = ok(admin.get(f"/rotations/{second['id']}/on-duty", at="2026-04-04T12:00:00Z"), 200, DUTY)
    same((fallen["source"], fallen["answered_by"], fallen["gap"]["reason"]), ("fallback", made["id"], "duty_hours"), "a fallback")
    refused(admin.patch(path, {"fallback_rotation_id": second["id"]}), 422, "/fallback_rotation_id")
    gaps = ok(admin.get("/gaps", team=squad["slug"], from_="2026-04-04T00:00:00Z", until="2026-04-05T00:00:00Z"), 200, {"items": [{**GAP, "rotation_id": text}]})
    same([(one["start"], one["end"]) for one in gaps["items"]], [("2026-04-04T00:00:00Z", "2026-04-05T00:00:00Z")], "gaps, cut to the window")
    ok(admin.post(path + "/archive?dry_run=true", {}), 200, PREVIEW)
    ok(admin.post(path + "/archive", {"at": ahead(days=3)}), 200, ROTATION)
    refused(admin.post(base, weekly([a], fallback_rotation_id=made["id"])), 422, "/fallback_rotation_id")
    same(duty(ahead(days=4))["gap"], {"reason": "ended", "until": None}, "after the archive")


def overrides(path, someone, squad):
    for body, pointers in (({"end": "x", "start": "y", "person_id": "z"}, ("/start", "/end", "/person_id")),
                           ({"start": ahead(days=2), "end": ahead(days=1), "person_id": None}, ("/end",)),
                           ({"start": ahead(days=2), "end": ahead(days=403), "person_id": None}, ("/end",))):
        refused(admin.post(path + "/overrides", body), 422, *pointers)
    refused(admin.post(path + "/overrides", {"end": ahead(days=1)}), 422)
    boss = person("Overboss")
    ok(admin.patch(f"/teams/{squad['slug']}", {"managers": [boss["id"]]}), 200)
    refused(token(boss).post(path + "/overrides", {"start": ahead(minutes=-6), "end": ahead(days=1), "person_id": None}), (403, 422))
    nobody = ok(admin.post(path + "/overrides", {"end": ahead(hours=5), "person_id": None}), 201, OVERRIDE)
    now = admin.get(path + "/on-duty")
    same((now["person"], (now["gap"] or {}).get("reason")), (None, "override"), "an override by nobody")
    on_top = ok(admin.post(path + "/overrides", {"end": ahead(hours=4), "person_id": someone["id"]}), 201, OVERRIDE)
    at_work(admin.get(path + "/on-duty"), someone, "the later override")
    pages(path + "/overrides", 3)
    same(admin.get(path + "/overrides", from_=ahead(days=1), until=ahead(days=2))["items"], [], "overrides of a window")
    for listed in (path + "/overrides", "/audit"):
        refused(admin.get(listed, from_=ahead(), until=ahead(days=401)), 422, "/until")
        refused(admin.get(listed, from_=ahead(), until=ahead()), 422, "/until")
    refused(token(person("Looker", role="viewer")).post(path + "/overrides", {"end": "x", "person_id": "y"}), 403)
    refused(admin.delete(f"/overrides/{on_top['id']}", If_Match='"v0"'), 412)
    ok(admin.delete(f"/overrides/{on_top['id']}", If_Match=on_top.headers.get("ETag")), 200, OVERRIDE)
    at_work(admin.get(path + "/on-duty"), None, "what lay under a cancelled override")
    refused(admin.delete(f"/overrides/{on_top['id']}"), 409)
    preview = ok(admin.delete(f"/overrides/{nobody['id']}?dry_run=true"), 200, PREVIEW)
    check(preview["gaps_mended"] and not preview["gaps_made"], f"gaps made and mended: {preview}")
    ok(admin.delete(f"/overrides/{nobody['id']}"), 200, OVERRIDE)


def swaps():
    ana, ben, cy = person("Ana"), person("Ben"), person("Cy")
    squad = team([ana, ben, cy])
    made = rotation(squad, [ana])
    path = f"/rotations/{made['id']}"
    own, others = token(ana), {one["id"]: token(one) for one in (ben, cy)}
    cover = {"rotation_id": made["id"], "kind": "cover", "start": ahead(days=20), "end": ahead(days=24)}
    for body, pointers in (({**cover, "rotation_id": "x"}, ("/rotation_id",)), ({**cover, "kind": "gift"}, ("/kind",)),
                           ({**cover, "start": "x", "end": "y"}, ("/start", "/end")),
                           ({**cover, "offered_to": ["x", ben["id"], ben["id"]]}, ("/offered_to/0", "/offered_to/2")),
                           ({**cover, "in_return": {"start": ahead(days=30), "end": ahead(days=31)}}, ("/in_return",)),
                           ({**cover, "kind": "trade", "offered_to": [ben["id"]]}, ("/in_return",)),
                           ({**cover, "colour": "blue"}, ("/colour",))):
        refused(own.post("/swaps", body), 422, *pointers)
    refused(others[ben["id"]].post("/swaps", cover), 403)
    ok(own.post("/swaps?dry_run=true", cover), 200, PREVIEW)
    swap = ok(own.post("/swaps", cover), 201, SWAP)
    same((swap["state"], swap["person"]["id"], swap["offered_to"]), ("open", ana["id"], []), "a swap that was just opened")
    before = admin.get(path + "/shifts", from_=ahead(days=1), until=ahead(days=40)).json
    one = f"/swaps/{swap['id']}"
    for query in ({"state": "open", "team": squad["slug"]}, {"person": ana["id"]}, {"person": cy["id"]}):
        check(swap["id"] in ok(own.get("/swaps", **query), 200, {"items": [SWAP], "next_cursor": Maybe(text)}).ids(), f"not listed: {query}")
    refused(own.get("/swaps", state="new"), 422, "/state")
    refused(own.post(one + "/accept", {}), 403)
    refused(others[ben["id"]].post(one + "/accept", {"start": ahead(days=23), "end": ahead(days=25)}), 422)
    refused(others[ben["id"]].post(one + "/accept", {}, If_Match='"v0"'), 412)
    preview = ok(others[ben["id"]].post(one + "/accept?dry_run=true", {}), 200, PREVIEW)
    same(sorted(len(one["gains"]) for one in preview["changes"]), [0, 1], "who gains by a cover")
    part = ok(others[ben["id"]].post(one + "/accept", {"end": ahead(days=22)}), 200, SWAP)
    same((part["state"], part["remaining"]), ("open", [{"start": ahead(days=22), "end": ahead(days=24)}]), "a cover taken in part")
    whole = ok(others[cy["id"]].post(one + "/accept", {}), 200, SWAP)
    same((whole["state"], [one["person"]["id"] for one in whole["taken"]]), ("accepted", [ben["id"], cy["id"]]), "a cover taken by two")
    refused(admin.delete(f"/overrides/{whole['taken'][0]['override_id']}"), 409)
    refused(others[cy["id"]].post(one + "/accept", {}), 409)
    refused(own.post(one + "/withdraw", None), 409)
    ok(own.post(one + "/undo?dry_run=true", None), 200, PREVIEW)
    undone = ok(own.post(one + "/undo", None, If_Match=whole.headers.get("ETag")), 200, SWAP)
    same((undone["state"], undone["taken"]), ("undone", []), "a swap that was undone")
    same(admin.get(path + "/shifts", from_=ahead(days=1), until=ahead(days=40)).json, before, "shifts after an accepted and undone swap")
    named = ok(own.post("/swaps", {**cover, "offered_to": [ben["id"]]}), 201, SWAP)
    refused(others[cy["id"]].post(f"/swaps/{named['id']}/decline", None), 403)
    same(ok(others[ben["id"]].post(f"/swaps/{named['id']}/decline", None), 200, SWAP)["state"], "declined", "a swap that was declined")
    other = ok(own.post("/swaps", cover), 201, SWAP)
    same(ok(own.post(f"/swaps/{other['id']}/withdraw", None), 200, SWAP)["state"], "withdrawn", "a swap that was withdrawn")
    pages("/swaps?person=" + ana["id"], 3)


def follow_the_sun():
    ana, ben, cy = person("Ana"), person("Ben", "America/New_York"), person("Cy", "America/Los_Angeles")
    squad = team([ana, ben, cy])
    body = {"name": "Watch", "title": f"Watch {WORD}", "kind": "follow_the_sun", "time_zone": "UTC",
            "order": [ana["id"], ben["id"], cy["id"]], "effective_from": "2026-01-05T00:00:00Z"}
    base = f"/teams/{squad['slug']}/rotations"
    refused(admin.post(base, {**body, "order": [ana["id"], ana["id"]]}), 422, "/order/1")
    refused(admin.post(base, {**body, "handoff": {"start": "2026-03-02T10:00:00", "rule": "FREQ=DAILY"}}), 422, "/handoff")
    made = ok(admin.post(base, body), 201, ROTATION)
    path = f"/rotations/{made['id']}"
    found = ok(admin.get(path + "/shifts", from_="2026-01-12T09:00:00Z", until="2026-01-13T01:00:00Z"), 200, {"items": [SHIFT], "gaps": [GAP]})
    same([(one["person"]["id"], one["start"][11:16], one["end"][11:16]) for one in found["items"]],
         [(ana["id"], "09:00", "17:00"), (cy["id"], "17:00", "01:00")], "the worked example")
    listed = ok(admin.get(path + "/candidates", at="2026-01-12T17:00:00Z"), 200, {"items": [CANDIDATE]})
    same([one["person"]["id"] for one in listed["items"]], [cy["id"], ben["id"], ana["id"]], "candidates")
    same((listed["items"][0]["working_seconds_left"], listed["items"][2]["available_from"]), (28800, "2026-01-13T09:00:00Z"), "their hours")
    off = {"start": ahead(), "end": ahead(days=14)}
    round_it = ok(admin.post(f"/people/{ana['id']}/time-off?dry_run=true", off), 200, PREVIEW)
    check(any(ana["id"] == one["person"]["id"] and one["loses"] for one in round_it["changes"]), "a plan that goes round time off")
    night = ok(admin.get(path + "/on-duty", at="2026-01-12T05:00:00Z"), 200, DUTY)
    same((night["gap"] or {}).get("reason"), "out_of_hours", "at night")


def fairness():
    one, two, three = person("Fair"), person("Even"), person("Square")
    squad = team([one, two, three])
    made = rotation(squad, [one, two])
    path, start, end = f"/rotations/{made['id']}", ahead(days=30), ahead(days=31)
    found = ok(admin.get(path + "/suggestions", start=start, end=end), 200, {"items": [SUGGESTION], "next_cursor": Maybe(text)})
    check(three["id"] in [item["person"]["id"] for item in found["items"]], "a member of the team is not suggested")
    refused(admin.get(path + "/suggestions"), 422, "/start", "/end")
    ok(admin.post(path + "/overrides", {"start": start, "end": end, "person_id": three["id"]}), 201)
    report = ok(admin.get("/reports/load", team=squad["slug"], from_=start, until=end), 200, {"items": [{"person": REF, **LOAD}], "total": LOAD})
    carried = {item["person"]["id"]: item for item in report["items"]}
    same((carried[three["id"]]["final"]["seconds"], carried[three["id"]]["covers"]["balance_seconds"]), (86400, 86400), "the load of who covers")
    same((report["total"]["base"]["seconds"], report["total"]["final"]["seconds"]), (86400, 86400), "the load of all")
    sheet = admin.get("/reports/load", team=squad["slug"], from_=start, until=end, format="csv")
    same((sheet.status, sheet.headers.get_content_type(), len(sheet.text.splitlines())), (200, "text/csv", 4), "the load as CSV")
    refused(admin.get("/reports/load", format="pdf"), 422, "/format")
    ok(admin.post(f"/people/{three['id']}/time-off", {"start": start, "end": end}), 201)
    clash = ok(admin.get("/clashes", team=squad["slug"], from_=start, until=end), 200, {"items": [{"remedy": {"kind": ("somebody_else",), "people": [SUGGESTION]}}]})
    same(len(clash["items"]), 1, "clashes")
    ok(admin.post(path + "/overrides", {"start": start, "end": end, "person_id": None}), 201)
    ok(admin.get("/gaps", team=squad["slug"], from_=start, until=end), 200, {"items": [{**GAP, "remedy": {"kind": ("somebody_else",), "people": [SUGGESTION]}}]})


def audit():
    one = person("Audited")
    ok(admin.patch(f"/people/{one['id']}", {"name": f"Audited two {WORD}"}), 200)
    found = ok(admin.get("/audit", subject=one["id"]), 200, {"items": [AUDIT], "next_cursor": Maybe(text)})
    same(len(found["items"]), 2, "entries about a person")
    change = next((row for row in found["items"] if row["before"]), {"before": {}, "after": {}, "action": "", "at": ahead()})
    same((change["before"].get("name"), change["after"].get("name")), (one["name"], f"Audited two {WORD}"), "before and after")
    same(len(admin.get("/audit", subject=one["id"], action=change["action"])["items"]), 1, "GET /audit?action=")
    same(admin.get("/audit", subject=one["id"], until=ahead(days=-1))["items"], [], "GET /audit?until=")
    same(len(admin.get("/audit", subject=one["id"], from_=ahead(hours=-1))["items"]), 2, "GET /audit?from=")
    refused(admin.get("/audit", from_="x", limit="0"), 422, "/from", "/limit")


def feeds():
    if "POST /feeds" not in served:
        return
    one = person("Feedreader")
    squad = team([one])
    made, own = rotation(squad, [one]), token(one)
    for bad in ({}, {"scope": {}}, {"scope": {"all": True, "team": squad["slug"]}}, {"scope": {"team": "no-such-team"}},
                {"scope": {"person_id": WORD}}, {"scope": {"rotation_id": WORD}}, {"scope": {"all": True}, "colour": 1}):
        refused(own.post("/feeds", bad), 422)
    for scope in ({"person_id": one["id"]}, {"rotation_id": made["id"]}, {"team": squad["slug"]}, {"all": True}):
        key = f"feed-{WORD}-{list(scope)[0]}"
        feed = ok(own.post("/feeds", {"scope": scope}, Idempotency_Key=key), 201, {"id": text, "url": text})
        again = ok(own.post("/feeds", {"scope": scope}, Idempotency_Key=key), 201)
        same((again["id"], again["url"]), (feed["id"], None), "the same feed again")
        path = "/" + urllib.parse.urlsplit(feed["url"]).path
        bare = path.rsplit("/", 1)[0]
        for address in (path, bare + ".ics", bare + "/hero.ics"):
            read = ok(Client(None).get(address), 200)
            same(read.headers.get_content_type(), "text/calendar", f"the kind of {address}")
            check(read.text.startswith("BEGIN:VCALENDAR\r\n") and read.text.endswith("END:VCALENDAR\r\n"), f"the form of {address}")
            check("BEGIN:VEVENT" in read.text, f"no shift in {address}")
        same(feed["webcal_url"].split("://"), ["webcal", feed["url"].split("://")[1]], "the same for a click")
        chosen = ok(own.patch(f"/feeds/{feed['id']}", {"options": {"gaps": True, "past_days": 7}}), 200)
        same((chosen["options"]["gaps"], chosen["options"]["past_days"], chosen["url"]), (True, 7, None), "a feed's choices")
        refused(own.patch(f"/feeds/{feed['id']}", {"options": {"past_days": 401, "future_days": 0}}), 422, "/options/past_days", "/options/future_days")
        check(feed["url"] not in own.get("/feeds").text + admin.get("/audit", action="feed.create", limit=200).text, "a feed's address is shown twice")
        check(feed["id"] in ok(own.get("/feeds"), 200, {"items": [{"id": text}]}).ids(), "one's feed is not listed")
        check(feed["id"] not in token(person("Noone")).get("/feeds").ids(), "somebody else's feed is listed")
        ok(own.delete(f"/feeds/{feed['id']}"), 204)
        gone = Client(None).get(path)
        same((gone.status, gone.headers.get_content_type()), (410, "text/plain"), "a revoked feed")


def rights():
    world, seen = World(), set()
    for route, case, who_may, make in contract_rights.table(world):
        seen.add(route)
        world.who = "A"
        if served and route not in served:
            continue
        for who, client in world.clients.items():
            world.me, world.who = world.people[who], who
            path, body = make()
            answer = client.call(route.split()[0], path, body)
            if who.lower() in who_may:
                continue
            if who in who_may:
                check(answer.status < 300, f"{who} may {route} {case}: {answer}")
            else:
                refused(answer, 403)
        path, body = make()
        refused(Client(None).call(route.split()[0], path, body), 401)
    check(not served - seen, f"no line in the table of rights for {sorted(served - seen)}")
    mate, read = world.mate, world.clients["R"]
    for who, sees in (("A", True), ("M", True), ("E", True), ("V", False), ("R", False)):
        shown = world.clients[who].get(f"/people/{mate['id']}")["email"]
        check((shown == mate["email"]) == sees and (sees or shown is None), f"the address of a teammate, for {who}: {shown}")
    ok(admin.post(f"/people/{mate['id']}/time-off", {"start": ahead(days=60), "end": ahead(days=61), "reason": "private"}), 201)
    for who, sees in (("A", True), ("M", True), ("E", False), ("V", False), ("R", False)):
        shown = "private" in world.clients[who].get(f"/people/{mate['id']}/time-off", limit=200).text
        check(shown == sees, f"the reason of time off, for {who}: {shown}")
    check(mate["email"] not in read.get("/people", team=world.team["slug"]).text, "a list shows addresses to a token that reads")


def main():
    arguments = [one for one in sys.argv[1:] if one != "--complete"]
    if len(arguments) != 2 or not arguments[0].startswith("http"):
        print(__doc__, file=sys.stderr)
        return 2
    Client.base, admin.token = arguments[0].rstrip("/"), arguments[1]
    first = [("documents", lambda: documents("--complete" in sys.argv))]
    rest = [errors, people, tokens, time_off, teams, ordered, swaps, follow_the_sun, feeds, fairness, audit, rights]
    for name, run in first + [(one.__name__, one) for one in rest]:
        Tally.section = name
        try:
            run()
        except Exception as error:  # one section's end is not the others'
            where = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in where if frame.filename == __file__]
            Tally.failures.append(f"{name}: stopped at line {lines[-1] if lines else '?'}: {error!r}")
    for failure in Tally.failures:
        print(f"FAILED {failure}")
    print(f"{Tally.checks} checks, {len(Tally.failures)} failures")
    return 1 if Tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
