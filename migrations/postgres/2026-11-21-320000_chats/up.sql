-- Where in a chat a team, or a rotation, is told of handoffs, covers and the week ahead.
CREATE TABLE chats (
    id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT REFERENCES teams (id),
    rotation_id TEXT REFERENCES rotations (id),
    settings JSONB NOT NULL,
    version BIGINT NOT NULL
);
