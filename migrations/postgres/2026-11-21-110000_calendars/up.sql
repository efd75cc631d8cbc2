-- Calendars of people, read for when they are away. An address is as good as a password.
CREATE TABLE calendars (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    rule JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    removed_at TIMESTAMPTZ,
    -- What tells the state that was read last from others, as the other server says it.
    validators JSONB NOT NULL,
    -- Not to be read before; whoever reads it puts this off first.
    next_read_at TIMESTAMPTZ NOT NULL,
    tried_at TIMESTAMPTZ,
    -- When it was understood, and when it was last read whole.
    read_at TIMESTAMPTZ,
    whole_at TIMESTAMPTZ,
    failing_since TIMESTAMPTZ,
    failures BIGINT NOT NULL,
    problem TEXT,
    skipped BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX calendars_person ON calendars (person_id);
CREATE INDEX calendars_due ON calendars (next_read_at);

-- Which calendar says so; null: the person.
ALTER TABLE time_off ADD COLUMN calendar_id TEXT REFERENCES calendars (id);
