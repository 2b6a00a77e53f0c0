-- Browsers that users let be told. The reasons stand in the SQLite text of this migration.
CREATE TABLE push_subscriptions (
    id            bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id       bytea  NOT NULL,
    endpoint      text   NOT NULL,
    endpoint_hash bytea  NOT NULL CHECK (length(endpoint_hash) = 32),
    p256dh        bytea  NOT NULL CHECK (length(p256dh) = 65),
    auth          bytea  NOT NULL CHECK (length(auth) = 16),
    user_agent    text,
    created_at    bigint NOT NULL
);

CREATE UNIQUE INDEX push_subscriptions_by_endpoint ON push_subscriptions (endpoint_hash);
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id, id);
