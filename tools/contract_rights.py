"""The table of rights: every route × every role. `tools/contract.py` walks it.

Each line: method and route, the case, who may (`A` administrator, `M` manager of the team, `E` engineer, that is a
member of it, `V` viewer, `R` an administrator's token that may only read), and how such a request is made: a function
of the world that gives path and body. A small letter is not asked: the contract leaves it open. Without a token every one of them is 401. A route of the server's OpenAPI
document that has no line here is a failure.
"""

EVERYBODY, WRITERS = "AMEVR", "AME"


def table(w):
    """`w` makes what is asked about: fresh for each request, so that none stands in the way of another."""
    hours = [{"days": ["mon"], "start": "08:00", "end": "16:00"}]
    off = {"start": w.ahead(days=50), "end": w.ahead(days=51)}
    label = {"name": "rights", "scope": "read"}

    def cover(rotation, to):
        return f"/rotations/{rotation}/overrides", {"start": w.ahead(days=20), "end": w.ahead(days=21), "person_id": to}

    rows = [
        ("POST /people", "", "A", lambda: ("/people", w.new_person())),
        ("POST /people/import", "", "A", lambda: ("/people/import", [w.new_person()])),
        ("PATCH /people/{id}", "another's", "A", lambda: (f"/people/{w.mate['id']}", {"working_hours": hours})),
        ("PATCH /people/{id}", "their own", WRITERS, lambda: (f"/people/{w.me['id']}", {"working_hours": hours})),
        ("PATCH /people/{id}", "their own role", "A", lambda: (f"/people/{w.me['id']}", {"role": w.me["role"]})),
        ("PATCH /people/{id}", "another's address", "A", lambda: (f"/people/{w.fresh()}", {"email": w.new_person()["email"]})),
        ("PATCH /people/{id}", "their own address", "", lambda: (f"/people/{w.me['id']}", {"email": w.new_person()["email"]})),
        ("POST /people/{id}/deactivate", "", "A", lambda: (f"/people/{w.fresh()}/deactivate", {})),
        ("POST /people/{id}/erase", "", "A", lambda: (f"/people/{w.gone()}/erase", {})),
        ("GET /people/{id}/tokens", "another's", "A", lambda: (f"/people/{w.mate['id']}/tokens", None)),
        ("GET /people/{id}/tokens", "their own", EVERYBODY, lambda: (f"/people/{w.me['id']}/tokens", None)),
        ("POST /people/{id}/tokens", "another's", "A", lambda: (f"/people/{w.mate['id']}/tokens", label)),
        ("POST /people/{id}/tokens", "their own", WRITERS, lambda: (f"/people/{w.me['id']}/tokens", label)),
        ("DELETE /tokens/{id}", "another's", "A", lambda: (f"/tokens/{w.token_of(w.mate)}", None)),
        ("DELETE /tokens/{id}", "their own", WRITERS, lambda: (f"/tokens/{w.token_of(w.me)}", None)),
        ("POST /people/{id}/time-off", "another's", "A", lambda: (f"/people/{w.mate['id']}/time-off", off)),
        ("POST /people/{id}/time-off", "their own", WRITERS, lambda: (f"/people/{w.me['id']}/time-off", off)),
        ("DELETE /time-off/{id}", "another's", "A", lambda: (f"/time-off/{w.time_off_of(w.mate, off)}", None)),
        ("DELETE /time-off/{id}", "their own", WRITERS, lambda: (f"/time-off/{w.time_off_of(w.me, off)}", None)),
        ("GET /people/{id}/calendars", "another's", "A", lambda: (f"/people/{w.mate['id']}/calendars", None)),
        ("GET /people/{id}/calendars", "their own", EVERYBODY, lambda: (f"/people/{w.me['id']}/calendars", None)),
        ("POST /people/{id}/calendars", "another's", "A", lambda: (f"/people/{w.mate['id']}/calendars", {"url": "https://calendar.invalid/"})),
        ("POST /people/{id}/calendars", "their own", WRITERS, lambda: (f"/people/{w.me['id']}/calendars", {"url": "https://calendar.invalid/"})),
        ("PATCH /calendars/{id}", "another's", "A", lambda: (f"/calendars/{w.calendar_of(w.mate)}", {"name": "x"})),
        ("PATCH /calendars/{id}", "their own", WRITERS, lambda: (f"/calendars/{w.calendar_of(w.me)}", {"name": "x"})),
        ("DELETE /calendars/{id}", "another's", "A", lambda: (f"/calendars/{w.calendar_of(w.mate)}", None)),
        ("DELETE /calendars/{id}", "their own", WRITERS, lambda: (f"/calendars/{w.calendar_of(w.me)}", None)),
        ("GET /people/{id}/preferences", "another's", "A", lambda: (f"/people/{w.mate['id']}/preferences", None)),
        ("GET /people/{id}/preferences", "their own", EVERYBODY, lambda: (f"/people/{w.me['id']}/preferences", None)),
        ("PUT /people/{id}/preferences", "another's", "A", lambda: (f"/people/{w.mate['id']}/preferences", {"digests": True})),
        ("PUT /people/{id}/preferences", "their own", WRITERS, lambda: (f"/people/{w.me['id']}/preferences", {"digests": False})),
        ("POST /teams", "", "A", lambda: ("/teams", w.new_team())),
        ("PATCH /teams/{slug}", "who is in it", "AM", lambda: (f"/teams/{w.team['slug']}", {"members": w.team["members"]})),
        ("PATCH /teams/{slug}", "who manages it", "A", lambda: (f"/teams/{w.team['slug']}", {"managers": w.team["managers"]})),
        ("PATCH /teams/{slug}", "another team", "A", lambda: (f"/teams/{w.other_team['slug']}", {"members": []})),
        ("POST /teams/{slug}/join", "", "AM", lambda: (f"/teams/{w.new_squad()}/join", {"person_id": w.stranger["id"]})),
        ("POST /teams/{slug}/join", "another team", "A", lambda: (f"/teams/{w.strangers()}/join", {"person_id": w.mate["id"]})),
        ("POST /teams/{slug}/join", "as a manager", "A", lambda: (f"/teams/{w.new_squad()}/join", {"person_id": w.stranger["id"], "manages": True})),
        ("POST /teams/{slug}/leave", "", "AM", lambda: (f"/teams/{w.new_squad()}/leave", {"person_id": w.mate["id"]})),
        ("POST /teams/{slug}/leave", "another team", "A", lambda: (f"/teams/{w.strangers()}/leave", {"person_id": w.stranger["id"]})),
        ("POST /teams/{slug}/leave", "a manager", "A", lambda: (f"/teams/{w.new_squad()}/leave", {"person_id": w.people["M"]["id"]})),
        ("POST /teams/{slug}/agree", "for themselves", "AMEV", lambda: (f"/teams/{w.pending(w.me)}/agree", {"person_id": w.me["id"]})),
        ("POST /teams/{slug}/agree", "for whom they manage", "AM", lambda: (f"/teams/{w.pending(w.mate)}/agree", {"person_id": w.mate["id"]})),
        ("POST /teams/{slug}/agree", "for another", "A", lambda: (f"/teams/{w.pending(w.awake)}/agree", {"person_id": w.awake["id"]})),
        ("POST /teams/{slug}/rotations", "", "AM", lambda: (f"/teams/{w.team['slug']}/rotations", w.weekly([w.mate]))),
        ("POST /teams/{slug}/rotations", "another team", "A", lambda: (f"/teams/{w.other_team['slug']}/rotations", w.weekly([w.mate]))),
        ("PATCH /rotations/{id}", "", "AM", lambda: (f"/rotations/{w.rotation}", {"name": "Rights"})),
        ("POST /rotations/{id}/revisions", "", "AM", lambda: (f"/rotations/{w.new_rotation()}/revisions", {"order": [w.mate["id"]]})),
        ("DELETE /rotations/{id}/revisions/{n}", "", "AM", lambda: (f"/rotations/{w.revised_rotation()}/revisions/2", None)),
        ("PUT /rotations/{id}/reminders", "", "AM", lambda: (f"/rotations/{w.new_rotation()}/reminders", {"incoming": [3, "handoff"]})),
        ("POST /rotations/{id}/take-out", "", "AM", lambda: (f"/rotations/{w.revised_rotation()}/take-out", {"person_id": w.stranger["id"]})),
        ("POST /rotations/{id}/pause", "", "AM", lambda: (f"/rotations/{w.new_rotation()}/pause", {"person_id": w.mate["id"], "end": w.ahead(days=9), "covered_by": [w.stranger["id"]]})),
        ("POST /rotations/{id}/archive", "", "AM", lambda: (f"/rotations/{w.new_rotation()}/archive", {})),
        ("POST /rotations/{id}/overrides", "others' time", "AM", lambda: cover(w.rotation, w.me["id"])),
        ("POST /rotations/{id}/overrides", "their own time", WRITERS, lambda: cover(w.rotation_of(w.me), w.mate["id"])),
        ("POST /rotations/{id}/overrides", "their own, to nobody", "AM", lambda: cover(w.rotation_of(w.me), None)),
        ("POST /rotations/{id}/overrides", "their own, to a stranger", "AM", lambda: cover(w.rotation_of(w.me), w.stranger["id"])),
        ("DELETE /overrides/{id}", "", "AM", lambda: (f"/overrides/{w.override_of(*cover(w.rotation, w.mate['id']))}", None)),
        ("POST /time-off/{id}/covers", "another's", "AM", lambda: (f"/time-off/{w.time_off_of(w.mate, off)}/covers", {})),
        ("POST /time-off/{id}/covers", "their own", WRITERS, lambda: (f"/time-off/{w.time_off_of(w.me, off)}/covers", {})),
        ("POST /swaps", "their own time", WRITERS, lambda: ("/swaps", w.cover_of(w.me))),
        ("POST /swaps", "another's time", "AM", lambda: ("/swaps", {**w.cover_of(w.mate), "person_id": w.mate["id"]})),
        ("POST /swaps/{id}/accept", "offered to the team", WRITERS, lambda: (f"/swaps/{w.swap_of(w.mate)}/accept", {})),
        ("POST /swaps/{id}/accept", "offered to another", "A", lambda: (f"/swaps/{w.swap_of(w.mate, w.stranger)}/accept", {})),
        ("POST /swaps/{id}/decline", "offered to them", WRITERS, lambda: (f"/swaps/{w.swap_of(w.mate, w.me)}/decline", None)),
        ("POST /swaps/{id}/decline", "offered to another", "", lambda: (f"/swaps/{w.swap_of(w.mate, w.stranger)}/decline", None)),
        ("POST /swaps/{id}/withdraw", "their own", WRITERS, lambda: (f"/swaps/{w.swap_of(w.me)}/withdraw", None)),
        ("POST /swaps/{id}/withdraw", "another's", "AM", lambda: (f"/swaps/{w.swap_of(w.mate)}/withdraw", None)),
        ("POST /swaps/{id}/undo", "their own", WRITERS, lambda: (f"/swaps/{w.taken_swap_of(w.me)}/undo", None)),
        ("POST /swaps/{id}/undo", "another's", "AM", lambda: (f"/swaps/{w.taken_swap_of(w.mate)}/undo", None)),
        ("POST /feeds", "", "AMEVr", lambda: ("/feeds", {"scope": {"all": True}})),
        ("PATCH /feeds/{id}", "their own", "AMEVr", lambda: (f"/feeds/{w.feed_of('A' if w.who == 'R' else w.who)}", {"options": {"gaps": True}})),
        ("PATCH /feeds/{id}", "another's", "Ar", lambda: (f"/feeds/{w.feed_of('M' if w.who != 'M' else 'E')}", {"options": {"gaps": True}})),
        ("DELETE /feeds/{id}", "their own", "AMEVr", lambda: (f"/feeds/{w.feed_of('A' if w.who == 'R' else w.who)}", None)),
        ("DELETE /feeds/{id}", "another's", "Ar", lambda: (f"/feeds/{w.feed_of('M' if w.who != 'M' else 'E')}", None)),
        ("POST /incidents", "", WRITERS, lambda: ("/incidents", w.new_incident())),
        ("POST /incidents", "named by the declarer", WRITERS, lambda: ("/incidents", w.new_incident(watch=w.awake["id"]))),
        ("PATCH /incidents/{id}", "on it", WRITERS, lambda: (f"/incidents/{w.incident([w.me])}", {"stage": "identified"})),
        ("PATCH /incidents/{id}", "not on it", "AM", lambda: (f"/incidents/{w.incident([])}", {"stage": "identified"})),
        ("POST /incidents/{id}/raise-hand", "their own", WRITERS, lambda: (f"/incidents/{w.incident([w.me])}/raise-hand", {})),
        ("POST /incidents/{id}/raise-hand", "not of the rotation", "am", lambda: (f"/incidents/{w.incident([])}/raise-hand", {})),
        ("POST /incidents/{id}/raise-hand", "another's", "AM", lambda: (f"/incidents/{w.incident([w.me])}/raise-hand", {"person_id": w.awake["id"]})),
        ("POST /incidents/{id}/handovers", "of the rotation", WRITERS, lambda: (f"/incidents/{w.watched([w.me])}/handovers", w.notes(None))),
        ("POST /incidents/{id}/handovers", "not of the rotation", "AM", lambda: (f"/incidents/{w.watched([])}/handovers", w.notes(None))),
        ("POST /incidents/{id}/handovers/{n}/accept", "their own", WRITERS, lambda: (f"/incidents/{w.offered(w.me)}/handovers/1/accept", None)),
        ("POST /incidents/{id}/handovers/{n}/accept", "another's", "AM", lambda: (f"/incidents/{w.offered(w.mate)}/handovers/1/accept", None)),
        ("POST /incidents/{id}/handovers/{n}/decline", "their own", WRITERS, lambda: (f"/incidents/{w.offered(w.me)}/handovers/1/decline", None)),
        ("POST /incidents/{id}/handovers/{n}/decline", "another's", "AM", lambda: (f"/incidents/{w.offered(w.mate)}/handovers/1/decline", None)),
        ("POST /incidents/{id}/stay", "of the rotation", WRITERS, lambda: (f"/incidents/{w.watched([w.me])}/stay", {"until": w.ahead(hours=2)})),
        ("POST /incidents/{id}/stay", "not of the rotation", "AM", lambda: (f"/incidents/{w.watched([])}/stay", {"until": w.ahead(hours=2)})),
        ("POST /incidents/{id}/updates", "on it", WRITERS, lambda: (f"/incidents/{w.incident([w.me])}/updates", {"text": "soon"})),
        ("POST /incidents/{id}/updates", "not on it", "AM", lambda: (f"/incidents/{w.incident([])}/updates", {"text": "soon"})),
        ("PUT /incidents/{id}/items/{n}", "on it", WRITERS, lambda: (f"/incidents/{w.incident([w.me])}/items/1", {"done": True})),
        ("PUT /incidents/{id}/items/{n}", "not on it", "AM", lambda: (f"/incidents/{w.incident([])}/items/1", {"done": True})),
        ("POST /incidents/{id}/resolve", "on it", WRITERS, lambda: (f"/incidents/{w.incident([w.me])}/resolve", {})),
        ("POST /incidents/{id}/resolve", "not on it", "AM", lambda: (f"/incidents/{w.incident([])}/resolve", {})),
        ("PUT /rotations/{id}/incident-settings", "", "AM", lambda: (f"/rotations/{w.watch}/incident-settings", {"patience_minutes": 5})),
        ("GET /rotations/{id}/handovers", "", WRITERS, lambda: (f"/rotations/{w.rotation}/handovers", None)),
        ("GET /handovers/{id}", "", WRITERS, lambda: (f"/handovers/{w.handover(w.mate, w.stranger)}", None)),
        ("PUT /handovers/{id}", "others'", "AM", lambda: (f"/handovers/{w.handover(w.mate, w.stranger)}", {"notes": "all is quiet"})),
        ("PUT /handovers/{id}", "who hands over", WRITERS, lambda: (f"/handovers/{w.handover(w.me, w.mate)}", {"notes": "all is quiet"})),
        ("PUT /handovers/{id}", "who takes over", WRITERS, lambda: (f"/handovers/{w.handover(w.mate, w.me)}", {"notes": "all is quiet"})),
        ("GET /rotations/{id}/incident-webhooks", "", "AM", lambda: (f"/rotations/{w.watch}/incident-webhooks", None)),
        ("POST /rotations/{id}/incident-webhooks", "", "AM", lambda: (f"/rotations/{w.watch}/incident-webhooks", {"name": "rights"})),
        ("DELETE /incident-webhooks/{id}", "", "AM", lambda: (f"/incident-webhooks/{w.webhook()}", None)),
        ("PUT /teams/{slug}/chat", "", "AM", lambda: (f"/teams/{w.team['slug']}/chat", {"webhook_url": None})),
        ("PUT /teams/{slug}/chat", "another team", "A", lambda: (f"/teams/{w.other_team['slug']}/chat", {"webhook_url": None})),
        ("PUT /rotations/{id}/chat", "", "AM", lambda: (f"/rotations/{w.new_rotation()}/chat", {"handoffs": False})),
        ("GET /audit", "", "A", lambda: ("/audit", None)),
        ("GET /outbox", "", "A", lambda: ("/outbox", None)),
        # There is none: who may retry is told so.
        ("POST /outbox/{id}/retry", "", "a", lambda: ("/outbox/none/retry", None)),
    ]
    seen_by_all = {
        "/people": "/people", "/people/{id}": f"/people/{w.mate['id']}", "/people/{id}/shifts": f"/people/{w.mate['id']}/shifts",
        "/people/{id}/time-off": f"/people/{w.mate['id']}/time-off", "/teams": "/teams", "/teams/{slug}": f"/teams/{w.team['slug']}", "/teams/{slug}/chat": f"/teams/{w.team['slug']}/chat",
        "/rotations": "/rotations", "/on-duty": "/on-duty", "/gaps": "/gaps", "/clashes": "/clashes", "/feeds": "/feeds",
        "/incidents": "/incidents", "/incidents/{id}": f"/incidents/{w.incident([])}",
        "/rotations/{id}/incident-settings": f"/rotations/{w.watch}/incident-settings",
        "/rotations/{id}/suggestions": f"/rotations/{w.rotation}/suggestions?start={w.ahead(days=20)}&end={w.ahead(days=21)}",
        "/reports/load": "/reports/load",
        "/rotations/{id}/candidates": f"/rotations/{w.watch}/candidates",
        "/swaps": "/swaps", "/swaps/{id}": f"/swaps/{w.swap_of(w.mate)}",
    }
    for part in ("", "/revisions", "/overrides", "/on-duty", "/shifts", "/reminders", "/chat"):
        seen_by_all["/rotations/{id}" + part] = f"/rotations/{w.rotation}{part}"
    rows += [(f"GET {route}", "", EVERYBODY, lambda path=path: (path, None)) for route, path in seen_by_all.items()]
    return rows
