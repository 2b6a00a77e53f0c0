-- Browsers that users let be told. Whoever knows endpoint and keys can send to a browser, and nothing
-- else: a message opens nothing.
CREATE TABLE push_subscriptions (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id       BLOB    NOT NULL,
    endpoint      TEXT    NOT NULL,
    -- SHA-256 of the endpoint: a browser has one subscription, whoever is signed in.
    endpoint_hash BLOB    NOT NULL CHECK (length(endpoint_hash) = 32),
    p256dh        BLOB    NOT NULL CHECK (length(p256dh) = 65),
    auth          BLOB    NOT NULL CHECK (length(auth) = 16),
    user_agent    TEXT,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX push_subscriptions_by_endpoint ON push_subscriptions (endpoint_hash);
CREATE INDEX push_subscriptions_by_user ON push_subscriptions (user_id, id);
