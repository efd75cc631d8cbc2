-- When a feed's choices changed last; null: never.
ALTER TABLE feeds ADD COLUMN changed_at BIGINT;
-- Which program fetched it last, as far as it says.
ALTER TABLE feeds ADD COLUMN last_fetched_by TEXT;

-- What calendars were told. Never forgotten: whatever comes back counts on from there.
CREATE TABLE publications (
    uid TEXT NOT NULL PRIMARY KEY,
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    origin TEXT NOT NULL,
    segment BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    digest TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    withdrawn_at BIGINT
);
CREATE INDEX publications_time ON publications (rotation_id, ends_at);
CREATE INDEX publications_origin ON publications (rotation_id, origin);
