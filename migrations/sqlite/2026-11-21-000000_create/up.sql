CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE people (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    external_ids TEXT NOT NULL,
    deactivated_at BIGINT,
    deactivation_recorded_at BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE profiles (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    effective_from BIGINT,
    recorded_at BIGINT,
    time_zone TEXT NOT NULL,
    working_hours TEXT NOT NULL,
    holidays TEXT NOT NULL
);
CREATE INDEX profiles_person ON profiles (person_id);

CREATE TABLE time_off (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    first_day TEXT,
    last_day TEXT,
    reason TEXT,
    recorded_at BIGINT NOT NULL,
    cancelled_at BIGINT
);
CREATE INDEX time_off_person ON time_off (person_id);

CREATE TABLE teams (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    manages BOOLEAN NOT NULL,
    PRIMARY KEY (team_id, person_id)
);

CREATE TABLE rotations (
    id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES teams (id),
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    archived_at BIGINT,
    fallback_id TEXT REFERENCES rotations (id),
    fallback_when TEXT NOT NULL,
    reminders TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX rotations_team ON rotations (team_id);

CREATE TABLE revisions (
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    number INTEGER NOT NULL,
    effective_from BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    time_zone TEXT NOT NULL,
    people TEXT NOT NULL,
    duty_hours TEXT NOT NULL,
    handoff_start TEXT,
    handoff_rule TEXT,
    first INTEGER NOT NULL,
    PRIMARY KEY (rotation_id, number)
);

CREATE TABLE overrides (
    id TEXT NOT NULL PRIMARY KEY,
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    sequence BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    person_id TEXT REFERENCES people (id),
    reason TEXT,
    swap_id TEXT,
    created_by TEXT REFERENCES people (id),
    created_at BIGINT NOT NULL,
    cancelled_at BIGINT,
    cancelled_by TEXT REFERENCES people (id),
    UNIQUE (rotation_id, sequence)
);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX tokens_person ON tokens (person_id);

CREATE TABLE feeds (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT REFERENCES people (id),
    hash TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_fetched_at BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX feeds_person ON feeds (person_id);

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_id TEXT,
    token_id TEXT,
    address TEXT,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject_id);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    rotation_id TEXT REFERENCES rotations (id),
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    leased_until BIGINT,
    message_id TEXT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX outbox_due ON outbox (state, next_attempt_at);

CREATE TABLE idempotency (
    actor TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, route, key)
);

-- One row: goes up with each commit that changes what answers are made from.
CREATE TABLE roster_version (
    id INTEGER NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO roster_version (id, version) VALUES (1, 0);

-- What each of those commits changed.
CREATE TABLE changes (
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (version, kind, id)
);
