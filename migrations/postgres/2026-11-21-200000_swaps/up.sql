-- A swap; what was taken is the overrides that carry its id.
CREATE TABLE swaps (
    id TEXT NOT NULL PRIMARY KEY,
    rotation_id TEXT NOT NULL REFERENCES rotations (id),
    -- Whose time is given away.
    person_id TEXT NOT NULL REFERENCES people (id),
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    -- What is given for it: a trade.
    return_starts_at TIMESTAMPTZ,
    return_ends_at TIMESTAMPTZ,
    to_team BOOLEAN NOT NULL,
    note TEXT,
    -- As it was decided last: one that is open expires by itself.
    state TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    opened_by TEXT REFERENCES people (id),
    created_at TIMESTAMPTZ NOT NULL,
    decided_at TIMESTAMPTZ,
    version BIGINT NOT NULL
);
CREATE INDEX swaps_rotation ON swaps (rotation_id);
CREATE INDEX swaps_person ON swaps (person_id);
CREATE INDEX swaps_state ON swaps (state, expires_at);

-- Who is named in the offer, and who has declined.
CREATE TABLE swap_people (
    swap_id TEXT NOT NULL REFERENCES swaps (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    is_named BOOLEAN NOT NULL,
    declined_at TIMESTAMPTZ,
    PRIMARY KEY (swap_id, person_id)
);
CREATE INDEX swap_people_person ON swap_people (person_id);

CREATE INDEX overrides_swap ON overrides (swap_id);
