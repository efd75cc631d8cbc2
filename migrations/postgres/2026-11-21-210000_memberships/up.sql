-- Who is in a team from when to when, what is planned too.
CREATE TABLE memberships (
    team_id TEXT NOT NULL REFERENCES teams (id),
    -- Its place among those of the team.
    number INTEGER NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    manages BOOLEAN NOT NULL,
    -- Null: from always.
    starts_at TIMESTAMPTZ,
    -- Null: until further notice.
    ends_at TIMESTAMPTZ,
    PRIMARY KEY (team_id, number)
);
CREATE INDEX memberships_person ON memberships (person_id);

INSERT INTO memberships (team_id, number, person_id, manages)
SELECT team_id, ROW_NUMBER() OVER (PARTITION BY team_id ORDER BY person_id), person_id, manages
FROM team_members;

DROP TABLE team_members;
