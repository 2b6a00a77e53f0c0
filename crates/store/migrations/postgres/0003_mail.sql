-- Links that open once, the outbox, the devices somebody signs in from, and accounts whose address
-- nobody has proven. The reasons for each table and index stand in the SQLite text of this migration.

CREATE TABLE links (
    id         bytea   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    hash       bytea   NOT NULL CHECK (length(hash) = 32),
    purpose    text    NOT NULL CHECK (purpose IN
               ('verify_email', 'reset_password', 'confirm_email', 'invitation', 'not_me')),
    user_id    bytea,
    email      text    NOT NULL,
    email_key  text    COLLATE "C" NOT NULL,
    role       text    CHECK (role IN ('user', 'admin')),
    created_at bigint  NOT NULL,
    expires_at bigint  NOT NULL,
    used_at    bigint
);

CREATE UNIQUE INDEX links_by_hash ON links (hash);
CREATE INDEX links_by_user ON links (user_id, purpose, id) WHERE user_id IS NOT NULL;
CREATE INDEX links_by_expiry ON links (expires_at, id);
CREATE INDEX links_invitations ON links (id) WHERE purpose = 'invitation';
CREATE INDEX links_invited ON links (email_key) WHERE purpose = 'invitation';

CREATE TABLE parcels (
    id          bytea   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    channel     text    NOT NULL CHECK (channel IN ('email', 'webhook', 'push', 'ntfy')),
    user_id     bytea,
    destination text    NOT NULL,
    code        text    NOT NULL,
    language    text    NOT NULL,
    params      text    NOT NULL,
    links       text    NOT NULL,
    state       text    NOT NULL CHECK (state IN
                ('queued', 'sending', 'sent', 'failed', 'captured', 'cancelled')),
    attempts    bigint  NOT NULL DEFAULT 0,
    created_at  bigint  NOT NULL,
    next_at     bigint  NOT NULL,
    expires_at  bigint,
    ended_at    bigint,
    says        text
);

CREATE INDEX parcels_due ON parcels (channel, next_at, id) WHERE state IN ('queued', 'sending');
CREATE INDEX parcels_waiting ON parcels (channel, id) WHERE state IN ('queued', 'sending');
CREATE INDEX parcels_sending ON parcels (channel, destination) WHERE state = 'sending';
CREATE INDEX parcels_by_state ON parcels (state, id);
CREATE INDEX parcels_ended ON parcels (state, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX parcels_by_user ON parcels (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE devices (
    user_id bytea   NOT NULL,
    digest  bytea   NOT NULL CHECK (length(digest) = 16),
    seen_at bigint  NOT NULL,
    PRIMARY KEY (user_id, digest)
);

CREATE INDEX devices_by_age ON devices (user_id, seen_at);

CREATE TABLE unproven (
    user_id       bytea   NOT NULL PRIMARY KEY,
    registered_at bigint  NOT NULL
);

CREATE INDEX unproven_by_age ON unproven (registered_at, user_id);

INSERT INTO counters (name, n)
VALUES ('waiting.email', 0), ('waiting.ntfy', 0), ('waiting.push', 0), ('waiting.webhook', 0);
