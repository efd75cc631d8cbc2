DELETE FROM outbox WHERE person_id IS NULL;
ALTER TABLE outbox ALTER COLUMN person_id SET NOT NULL;
DROP TABLE webhook_deliveries;
DROP TABLE incident_webhooks;
DROP TABLE watch_settings;
DROP TABLE incident_events;
DROP TABLE incidents;
