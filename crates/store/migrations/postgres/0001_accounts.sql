-- Users, sessions, notifications, the audit trail, and what is kept so that nothing needs counting.
-- Times are milliseconds since 1970 (UTC); identifiers are UUIDv7 in 16 bytes and sort by time.
-- The reasons for each table and index stand in the SQLite text of this migration.

CREATE TABLE users (
    id                bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email             text   NOT NULL,
    -- "C": a prefix is a range of bytes, whatever the database's locale.
    email_key         text   COLLATE "C" NOT NULL,
    name              text   NOT NULL,
    password_hash     text   NOT NULL,
    role              text   NOT NULL CHECK (role IN ('user', 'admin')),
    status            text   NOT NULL CHECK (status IN ('active', 'disabled')),
    email_verified_at bigint,
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    last_login_at     bigint,
    unread            bigint NOT NULL DEFAULT 0 CHECK (unread >= 0)
);

CREATE UNIQUE INDEX users_by_email_key ON users (email_key);
CREATE INDEX users_admins ON users (id) WHERE role = 'admin';

CREATE TABLE sessions (
    id               bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash       bytea  NOT NULL CHECK (length(token_hash) = 32),
    user_id          bytea  NOT NULL REFERENCES users (id),
    created_at       bigint NOT NULL,
    last_seen_at     bigint NOT NULL,
    authenticated_at bigint NOT NULL,
    expires_at       bigint NOT NULL,
    ends_at          bigint NOT NULL,
    address          text,
    user_agent       text
);

CREATE UNIQUE INDEX sessions_by_token ON sessions (token_hash);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at, id);

CREATE TABLE session_expiry_counts (
    expires_at bigint NOT NULL PRIMARY KEY,
    n          bigint NOT NULL CHECK (n >= 0)
);

CREATE TABLE notifications (
    user_id    bytea  NOT NULL,
    id         bytea  NOT NULL CHECK (length(id) = 16),
    category   text   NOT NULL,
    level      text   NOT NULL CHECK (level IN ('info', 'success', 'warning', 'error')),
    title      text   NOT NULL,
    body       text   NOT NULL,
    link       text,
    data       text,
    created_at bigint NOT NULL,
    read_at    bigint,
    PRIMARY KEY (user_id, id)
);

CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL;

CREATE TABLE idempotency_keys (
    actor           bytea  NOT NULL,
    key             text   NOT NULL,
    notification_id bytea  NOT NULL,
    content_hash    bytea  NOT NULL CHECK (length(content_hash) = 32),
    created_at      bigint NOT NULL,
    PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE audit (
    id         bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at         bigint NOT NULL,
    code       text   NOT NULL,
    actor      bytea,
    target     text,
    address    text,
    request_id bytea  NOT NULL,
    params     text   NOT NULL
);

CREATE INDEX audit_by_actor ON audit (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_by_code ON audit (code, id);

CREATE TABLE setup (
    slot       bigint NOT NULL PRIMARY KEY CHECK (slot = 1),
    token_hash bytea  NOT NULL CHECK (length(token_hash) = 32),
    expires_at bigint NOT NULL
);

CREATE TABLE purges (
    user_id bytea NOT NULL PRIMARY KEY
);

CREATE TABLE rule_changes (
    rule       text   NOT NULL,
    object     text   NOT NULL,
    enabled    bigint NOT NULL CHECK (enabled IN (0, 1)),
    threshold  double precision,
    pending_s  bigint CHECK (pending_s >= 0),
    changed_at bigint NOT NULL,
    PRIMARY KEY (rule, object)
);

CREATE TABLE silences (
    id         bytea  NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    matches    text   NOT NULL,
    reason     text   NOT NULL,
    created_at bigint NOT NULL,
    ends_at    bigint NOT NULL,
    created_by bytea CHECK (length(created_by) = 16)
);

CREATE INDEX silences_by_end ON silences (ends_at, id);

CREATE TABLE counters (
    name text   NOT NULL PRIMARY KEY,
    n    bigint NOT NULL CHECK (n >= 0)
);

INSERT INTO counters (name, n)
VALUES ('active_admins', 0), ('notifications', 0), ('sessions', 0), ('users', 0);
