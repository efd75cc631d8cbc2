DROP INDEX outbox_of_rotation;
