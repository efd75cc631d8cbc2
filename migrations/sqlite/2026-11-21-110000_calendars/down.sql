ALTER TABLE time_off DROP COLUMN calendar_id;
DROP TABLE calendars;
