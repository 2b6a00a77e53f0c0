-- Users, sessions, notifications, the audit trail, and what is kept so that nothing needs counting.
-- Times are milliseconds since 1970 (UTC); identifiers are UUIDv7 in 16 bytes and sort by time.

CREATE TABLE users (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email             TEXT    NOT NULL,
    email_key         TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    password_hash     TEXT    NOT NULL,
    role              TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
    status            TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    email_verified_at INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    last_login_at     INTEGER,
    unread            INTEGER NOT NULL DEFAULT 0 CHECK (unread >= 0)
) STRICT;

-- One canonical address, one account; also the way to find an account by its address.
CREATE UNIQUE INDEX users_by_email_key ON users (email_key);
-- Admins are few among many, and a page of them must not pass over everybody else.
CREATE INDEX users_admins ON users (id) WHERE role = 'admin';

CREATE TABLE sessions (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash       BLOB    NOT NULL CHECK (length(token_hash) = 32),
    user_id          BLOB    NOT NULL REFERENCES users (id),
    created_at       INTEGER NOT NULL,
    last_seen_at     INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    ends_at          INTEGER NOT NULL,
    address          TEXT,
    user_agent       TEXT
) STRICT;

CREATE UNIQUE INDEX sessions_by_token ON sessions (token_hash);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
-- Carries the identifier, so that a slice of the sweep is chosen from the index alone.
CREATE INDEX sessions_by_expiry ON sessions (expires_at, id);

-- How many sessions expire at each moment: expired and active sessions are told apart by adding up
-- a few rows. Moments are whole minutes, so there are at most as many rows as minutes in a session.
CREATE TABLE session_expiry_counts (
    expires_at INTEGER NOT NULL PRIMARY KEY,
    n          INTEGER NOT NULL CHECK (n >= 0)
) STRICT;

-- Clustered by user: a page of twenty is twenty neighbours, and one descent of one tree.
-- No reference to users: the notifications of a deleted user leave in slices (see purges).
CREATE TABLE notifications (
    user_id    BLOB    NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    category   TEXT    NOT NULL,
    level      TEXT    NOT NULL CHECK (level IN ('info', 'success', 'warning', 'error')),
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    link       TEXT,
    data       TEXT,
    created_at INTEGER NOT NULL,
    read_at    INTEGER,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL;

-- Keys that make a publishing happen once. The actor is empty for the command line.
CREATE TABLE idempotency_keys (
    actor           BLOB    NOT NULL,
    key             TEXT    NOT NULL,
    notification_id BLOB    NOT NULL,
    content_hash    BLOB    NOT NULL CHECK (length(content_hash) = 32),
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Rows are only ever added. No reference to users: the trail outlives them.
CREATE TABLE audit (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at         INTEGER NOT NULL,
    code       TEXT    NOT NULL,
    actor      BLOB,
    target     TEXT,
    address    TEXT,
    request_id BLOB    NOT NULL,
    params     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_actor ON audit (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_by_code ON audit (code, id);

-- At most one setup token waits at a time.
CREATE TABLE setup (
    slot       INTEGER NOT NULL PRIMARY KEY CHECK (slot = 1),
    token_hash BLOB    NOT NULL CHECK (length(token_hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT;

-- Deleted users whose notifications are still to be removed.
CREATE TABLE purges (
    user_id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- How admins changed the rules of the alerts; an empty object is all that a rule watches.
CREATE TABLE rule_changes (
    rule       TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    threshold  REAL,
    pending_s  INTEGER CHECK (pending_s >= 0),
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (rule, object)
) STRICT, WITHOUT ROWID;

-- Alerts that match are not told of until then. No reference to users: a silence outlives who set it.
CREATE TABLE silences (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    matches    TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    created_by BLOB CHECK (length(created_by) = 16)
) STRICT, WITHOUT ROWID;

CREATE INDEX silences_by_end ON silences (ends_at, id);

CREATE TABLE counters (
    name TEXT    NOT NULL PRIMARY KEY,
    n    INTEGER NOT NULL CHECK (n >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name, n)
VALUES ('active_admins', 0), ('notifications', 0), ('sessions', 0), ('users', 0);
