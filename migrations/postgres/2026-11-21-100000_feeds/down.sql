DROP TABLE publications;
ALTER TABLE feeds DROP COLUMN last_fetched_by;
ALTER TABLE feeds DROP COLUMN changed_at;
