-- What people were told of one rotation.
CREATE INDEX outbox_of_rotation ON outbox (rotation_id, state);
