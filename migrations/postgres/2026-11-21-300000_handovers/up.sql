-- What was written for a handover, which is a rotation and the instant of a handoff.
CREATE TABLE handovers (
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    at TIMESTAMPTZ NOT NULL,
    notes JSONB NOT NULL,
    written_by TEXT REFERENCES people (id),
    written_at TIMESTAMPTZ,
    -- Whether what was open at the handoff was written down.
    is_closed BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (rotation_id, at)
);
CREATE INDEX handovers_at ON handovers (at);

-- What was ticked, added, or left open at a handoff: it goes on from handover to handover until it is done.
CREATE TABLE handover_items (
    id TEXT NOT NULL PRIMARY KEY,
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    list TEXT NOT NULL,
    text TEXT NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ,
    done_by TEXT REFERENCES people (id)
);
CREATE INDEX handover_items_rotation ON handover_items (rotation_id);
