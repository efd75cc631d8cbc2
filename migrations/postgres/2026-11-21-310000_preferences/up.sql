-- Which mails a person wants; null: all.
ALTER TABLE people ADD COLUMN preferences JSONB NOT NULL DEFAULT 'null';
-- What people were told of shifts that are not over.
CREATE INDEX outbox_told ON outbox (state, not_after);
