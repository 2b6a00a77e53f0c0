-- Webhooks. No secret stands here: it is derived from the installation's key, the webhook's name and
-- the number of its rotation.
CREATE TABLE webhooks (
    id         bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    url        text   NOT NULL,
    label      text   NOT NULL,
    state      text   NOT NULL CHECK (state IN ('active', 'paused', 'gone')),
    rotation   bigint NOT NULL DEFAULT 1,
    rotated_at bigint,
    created_at bigint NOT NULL
);

-- The delivery log of one destination.
CREATE INDEX parcels_by_destination ON parcels (channel, destination, id);
