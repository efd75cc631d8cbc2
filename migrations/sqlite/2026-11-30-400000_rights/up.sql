-- The token with which somebody made this one for themselves: it ends with that. Null: made otherwise, or before this
-- was recorded.
ALTER TABLE tokens ADD COLUMN made_by TEXT;
ALTER TABLE feeds ADD COLUMN made_by TEXT;

-- Whether a team sees a member's address, and its managers why they are away: not_needed, pending or given. By whom:
-- who added them while it is pending, who agreed once it is given.
ALTER TABLE memberships ADD COLUMN consent TEXT NOT NULL DEFAULT 'not_needed';
ALTER TABLE memberships ADD COLUMN consent_by TEXT;
ALTER TABLE memberships ADD COLUMN consent_at BIGINT;

-- Changes of the addresses with which people sign in, for as long as they can be undone.
CREATE TABLE address_changes (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    -- The addresses before and after.
    old_email TEXT NOT NULL,
    new_email TEXT NOT NULL,
    -- Null: not by a person.
    changed_by TEXT,
    changed_at BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX address_changes_person ON address_changes (person_id);
