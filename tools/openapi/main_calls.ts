// The calls that most programs make, by a client whose types openapi-typescript made of the API's document.
//
//   node main_calls.js URL TOKEN ROTATION PERSON

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [baseUrl, token, rotation, person] = process.argv.slice(2) as [string, string, string, string];
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

/** What was answered, where it was no error. */
function good<T>(answer: { data?: T; error?: unknown }): T {
  assert.equal(answer.error, undefined, JSON.stringify(answer.error));
  assert.notEqual(answer.data, undefined);
  return answer.data as T;
}

const rotations = good(await client.GET("/api/v1/rotations", { params: { query: { limit: 10 } } }));
assert.ok(rotations.items.some((one) => one.id === rotation && one.kind === "ordered"));

const path = { id: rotation };
const duty = good(await client.GET("/api/v1/rotations/{id}/on-duty", {
  params: { path, query: { at: "2026-03-04T12:00:00Z" } },
}));
assert.equal(duty.person?.id, person);
assert.equal(duty.source, "rotation");

const window = { from: "2026-03-02T00:00:00Z", until: "2026-03-16T00:00:00Z", layer: "final" as const };
const shifts = good(await client.GET("/api/v1/rotations/{id}/shifts", { params: { path, query: window } }));
assert.ok(shifts.items.length > 1);

const override = () => client.POST("/api/v1/rotations/{id}/overrides", {
  params: { path, header: { "idempotency-key": "typescript-1" } },
  body: { start: "2026-03-05T08:00:00Z", end: "2026-03-05T18:00:00Z", person_id: null },
});
const first = await override();
assert.equal(first.response.status, 201);
const again = await override();
assert.equal(again.response.headers.get("idempotency-replayed"), "true");
const made = good(first) as { id: string };
assert.equal((good(again) as { id: string }).id, made.id);

const absence = good(await client.POST("/api/v1/people/{id}/time-off", {
  params: { path: { id: person } },
  body: { first_day: "2026-04-06", last_day: "2026-04-07", reason: "Written in TypeScript" },
}));
assert.ok("id" in absence && absence.first_day === "2026-04-06");

const refused = await client.POST("/api/v1/people/{id}/time-off", {
  params: { path: { id: person } },
  body: { first_day: "6 April", last_day: "2026-04-07" },
});
assert.equal(refused.response.status, 422);
assert.deepEqual(refused.error?.errors?.map((one) => one.pointer), ["/first_day"]);
