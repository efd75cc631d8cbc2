DROP TABLE address_changes;
ALTER TABLE memberships DROP COLUMN consent_at;
ALTER TABLE memberships DROP COLUMN consent_by;
ALTER TABLE memberships DROP COLUMN consent;
ALTER TABLE feeds DROP COLUMN made_by;
ALTER TABLE tokens DROP COLUMN made_by;
