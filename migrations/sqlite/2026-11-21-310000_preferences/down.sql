DROP INDEX outbox_told;
ALTER TABLE people DROP COLUMN preferences;
