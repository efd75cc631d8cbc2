CREATE TABLE incidents (
    id TEXT NOT NULL PRIMARY KEY,
    -- The reference in lower case: an incident that is declared twice is one.
    reference_key TEXT NOT NULL UNIQUE,
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    is_open BOOLEAN NOT NULL,
    -- Whether there is still something to be done about it.
    is_live BOOLEAN NOT NULL,
    last_event INTEGER NOT NULL
);
CREATE INDEX incidents_live ON incidents (is_live);

-- All that happened to an incident, in order; only ever appended.
CREATE TABLE incident_events (
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    number INTEGER NOT NULL,
    at BIGINT NOT NULL,
    actor_id TEXT REFERENCES people (id),
    fact TEXT NOT NULL,
    PRIMARY KEY (incident_id, number)
);

CREATE TABLE watch_settings (
    rotation_id TEXT NOT NULL PRIMARY KEY REFERENCES rotations (id),
    settings TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- Programs that declare incidents. Their secrets are derived, and not kept.
CREATE TABLE incident_webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    name TEXT NOT NULL,
    mapping TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- What they sent lately: the same is not taken twice.
CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL REFERENCES incident_webhooks (id),
    delivery_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, delivery_id)
);

-- What goes to a channel is for nobody in particular.
ALTER TABLE outbox ALTER COLUMN person_id DROP NOT NULL;
