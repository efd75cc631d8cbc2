CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    manages BOOLEAN NOT NULL,
    PRIMARY KEY (team_id, person_id)
);
INSERT INTO team_members (team_id, person_id, manages)
SELECT team_id, person_id, manages FROM memberships WHERE ends_at IS NULL;
DROP TABLE memberships;
