-- Webhooks. No secret stands here: it is derived from the installation's key, the webhook's name and
-- the number of its rotation.
CREATE TABLE webhooks (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    url        TEXT    NOT NULL,
    label      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'gone')),
    rotation   INTEGER NOT NULL DEFAULT 1,
    rotated_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The delivery log of one destination.
CREATE INDEX parcels_by_destination ON parcels (channel, destination, id);
