-- What was done with long ago.
CREATE INDEX outbox_finished ON outbox (finished_at);

-- What is due of an incident was of use for ever. It is for a month now, as is what comes.
UPDATE outbox SET not_after = due_at + INTERVAL '30 days'
WHERE kind LIKE 'incident.%' AND not_after > due_at + INTERVAL '30 days';
