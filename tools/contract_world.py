"""The people, teams and rotations that the table of rights is about."""

import secrets

from contract_kit import *  # noqa: F403: the kit is made for the contract


class World:
    """What the table of rights is about; `me` is whoever asks."""

    def __init__(self):
        self.people = {"A": person("Chief", role="administrator"), "M": person("Manager"), "E": person("Engineer"),
                       "V": person("Viewer", role="viewer")}
        self.people["R"] = self.people["A"]
        self.clients = {who: token(someone, "read" if who == "R" else "write") for who, someone in self.people.items()}
        self.mate, self.stranger, self.me = person("Rightsmate"), person("Rightsstranger"), None
        self.stranger_client = token(self.stranger)
        self.inside = [self.people["E"], self.people["V"], self.people["M"], self.mate]
        self.team, self.other_team = team(self.inside, [self.people["M"]]), team([self.stranger])
        self.rotation, self.owned, self.ahead, self.weekly = self.new_rotation(), {}, ahead, weekly
        sun = {"name": "Sun", "title": "Sun", "kind": "follow_the_sun", "time_zone": "UTC", "order": [self.mate["id"]]}
        self.watch = ok(admin.post(f"/teams/{self.team['slug']}/rotations", sun), 201)["id"]

        # Somebody is always at work, whatever the time.
        self.awake = person("Rightsawake", working_hours=AROUND_THE_CLOCK)
        self.desks = {}

    def desk(self, pool):
        """A watcher rotation of these people, and of somebody who is awake."""
        key = tuple(one["id"] for one in pool)
        if key not in self.desks:
            everybody = [self.awake["id"], *key]
            sun = {"name": "Desk", "title": "Watcher", "kind": "follow_the_sun", "time_zone": "UTC", "order": everybody}
            self.desks[key] = ok(admin.post(f"/teams/{self.team['slug']}/rotations", sun), 201)["id"]
        return self.desks[key]

    def new_incident(self, pool=(), **more):
        return {"reference": f"INC-{secrets.token_hex(6)}", "title": "Rights", "rotation_id": self.desk(pool), **more}

    def incident(self, pool, **more):
        return ok(admin.post("/incidents", self.new_incident(pool, **more)), 201, INCIDENT)["id"]

    def webhook(self):
        made = admin.post(f"/rotations/{self.watch}/incident-webhooks", {"name": "rights"})
        return ok(made, 201)["id"]

    def watched(self, pool):
        return self.incident(pool, watch=self.awake["id"])

    def notes(self, to):
        return {"to": to, "status": "bad", "ticket_count": 3, "key_information": "none", "told_to_users": "sorry"}

    def offered(self, to):
        # Who takes it over has to be at work.
        ok(admin.patch(f"/people/{to['id']}", {"working_hours": AROUND_THE_CLOCK}), 200)
        made = self.watched([to])
        ok(admin.post(f"/incidents/{made}/handovers", self.notes(to["id"])), 201, INCIDENT)
        return made

    def new_person(self):
        return {"name": "Rights", "email": f"rights-{secrets.token_hex(6)}@example.org", "time_zone": "UTC"}

    def new_team(self):
        return {"slug": f"r-{secrets.token_hex(6)}", "name": "Rights", "time_zone": "UTC"}

    def new_squad(self):
        """Another team of the same people."""
        return team(self.inside, [self.people["M"]])["slug"]

    def pending(self, someone):
        """A team that somebody's manager added them to, and that waits for consent."""
        # Somebody new each time: who sees them already would agree by adding them.
        lead = person("Rightslead")
        made = team([], [lead])["slug"]
        ok(token(lead).post(f"/teams/{made}/join", {"person_id": someone["id"]}), 200)
        return made

    def strangers(self):
        return team([self.stranger])["slug"]

    def fresh(self):
        return ok(admin.post("/people", self.new_person()), 201)["id"]

    def gone(self):
        someone = self.fresh()
        ok(admin.post(f"/people/{someone}/deactivate", {}), 200)
        return someone

    def token_of(self, someone):
        return ok(admin.post(f"/people/{someone['id']}/tokens", {"name": "x", "scope": "read"}), 201)["id"]

    def time_off_of(self, someone, off):
        return ok(admin.post(f"/people/{someone['id']}/time-off", off), 201)["id"]

    def calendar_of(self, someone):
        path = f"/people/{someone['id']}/calendars"
        for other in admin.get(path)["items"]:
            ok(admin.delete(f"/calendars/{other['id']}"), 204)
        return ok(admin.post(path, {"url": "https://calendar.invalid/"}), 201)["id"]

    def new_rotation(self):
        return rotation(self.team, [self.mate])["id"]

    def revised_rotation(self):
        made = self.new_rotation()
        ok(admin.post(f"/rotations/{made}/revisions", {"order": [self.mate["id"], self.stranger["id"]]}), 201)
        return made

    def cover_of(self, someone):
        made = rotation(self.team, [someone])["id"]
        return {"rotation_id": made, "kind": "cover", "start": ahead(days=20), "end": ahead(days=21)}

    def swap_of(self, someone, *offered_to):
        named = [one["id"] for one in offered_to]
        return ok(admin.post("/swaps", {**self.cover_of(someone), "person_id": someone["id"], "offered_to": named}), 201)["id"]

    def taken_swap_of(self, someone):
        made = self.swap_of(someone, self.stranger)
        ok(self.stranger_client.post(f"/swaps/{made}/accept", {}), 200)
        return made

    def feed_of(self, who):
        return ok(self.clients[who].post("/feeds", {"scope": {"all": True}}), 201)["id"]

    def rotation_of(self, someone):
        return self.owned.setdefault(someone["id"], rotation(self.team, [someone])["id"])

    def handover(self, one, other):
        """The next handover from one to the other."""
        turns = self.owned.setdefault((one["id"], other["id"]), rotation(self.team, [one, other])["id"])
        both = ok(admin.get(f"/rotations/{turns}/handovers"), 200)["items"]
        return next(each["id"] for each in both if each["from"]["id"] == one["id"])

    def override_of(self, path, body):
        return ok(admin.post(path, body), 201)["id"]
