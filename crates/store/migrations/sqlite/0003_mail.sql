-- Links that open once, the outbox, the devices somebody signs in from, and accounts whose address
-- nobody has proven. No secret stands here: a link's is derived when its letter is delivered.

-- What a link opens hangs on all of purpose, user and address (CVE-2026-115770). No reference to
-- users: an invitation has none yet, and the links of a deleted user leave with it.
CREATE TABLE links (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    purpose    TEXT    NOT NULL CHECK (purpose IN
               ('verify_email', 'reset_password', 'confirm_email', 'invitation', 'not_me')),
    user_id    BLOB,
    email      TEXT    NOT NULL,
    email_key  TEXT    NOT NULL,
    role       TEXT    CHECK (role IN ('user', 'admin')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX links_by_hash ON links (hash);
CREATE INDEX links_by_user ON links (user_id, purpose, id) WHERE user_id IS NOT NULL;
CREATE INDEX links_by_expiry ON links (expires_at, id);
-- Invitations are few among many, and have no user.
CREATE INDEX links_invitations ON links (id) WHERE purpose = 'invitation';
CREATE INDEX links_invited ON links (email_key) WHERE purpose = 'invitation';

-- What leaves the house. `next_at` is when a queued one is due, and when the claim of one that is
-- being sent ends.
CREATE TABLE parcels (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    channel     TEXT    NOT NULL CHECK (channel IN ('email', 'webhook', 'push', 'ntfy')),
    user_id     BLOB,
    destination TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    language    TEXT    NOT NULL,
    params      TEXT    NOT NULL,
    links       TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN
                ('queued', 'sending', 'sent', 'failed', 'captured', 'cancelled')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    expires_at  INTEGER,
    ended_at    INTEGER,
    says        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX parcels_due ON parcels (channel, next_at, id) WHERE state IN ('queued', 'sending');
-- The oldest that waits, by its name, which begins with its time.
CREATE INDEX parcels_waiting ON parcels (channel, id) WHERE state IN ('queued', 'sending');
-- Who is being delivered to just now.
CREATE INDEX parcels_sending ON parcels (channel, destination) WHERE state = 'sending';
CREATE INDEX parcels_by_state ON parcels (state, id);
CREATE INDEX parcels_ended ON parcels (state, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX parcels_by_user ON parcels (user_id) WHERE user_id IS NOT NULL;

-- From where a user signed in before: a digest of what is known of the device.
CREATE TABLE devices (
    user_id BLOB    NOT NULL,
    digest  BLOB    NOT NULL CHECK (length(digest) = 16),
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_by_age ON devices (user_id, seen_at);

-- Accounts that visitors registered and whose address nobody has proven yet.
CREATE TABLE unproven (
    user_id       BLOB    NOT NULL PRIMARY KEY,
    registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX unproven_by_age ON unproven (registered_at, user_id);

INSERT INTO counters (name, n)
VALUES ('waiting.email', 0), ('waiting.ntfy', 0), ('waiting.push', 0), ('waiting.webhook', 0);
