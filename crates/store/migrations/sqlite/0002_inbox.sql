-- One inbox: places given at the commit, broadcasts as single rows, states, retention, API keys.

-- The last place given to a published notification. The one writer raises it inside the commit, so
-- places rise in the order of the commits, and whoever reads on from the last one misses nothing.
INSERT INTO counters (name, n) SELECT 'notice_seq', count(*) FROM notifications;
-- Admins, disabled ones included: how many a broadcast to a role reaches.
INSERT INTO counters (name, n) SELECT 'admins', count(*) FROM users WHERE role = 'admin';

-- After which place the account was made, and got its role: who was there when something was sent.
ALTER TABLE users ADD COLUMN born_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN role_seq INTEGER NOT NULL DEFAULT 0;
-- Up to which place the user has seen what there is, and how many unread ones came after it.
ALTER TABLE users ADD COLUMN seen_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN unseen   INTEGER NOT NULL DEFAULT 0 CHECK (unseen >= 0);
UPDATE users SET unseen = unread;

-- Clustered by user, shelf and place: a page of twenty is twenty neighbours, however many were put
-- away. No reference to users: the notifications of a deleted user leave in slices (see purges).
ALTER TABLE notifications RENAME TO notifications_before;
CREATE TABLE notifications (
    user_id     BLOB    NOT NULL,
    archived    INTEGER NOT NULL CHECK (archived IN (0, 1)),
    seq         INTEGER NOT NULL,
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    category    TEXT    NOT NULL,
    level       TEXT    NOT NULL CHECK (level IN ('info', 'success', 'warning', 'error')),
    code        TEXT,
    params      TEXT,
    title       TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    link        TEXT,
    actions     TEXT,
    data        TEXT,
    author_kind TEXT    NOT NULL,
    author_id   BLOB,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    -- When the sweep removes it: at the end of its category's retention, or when it expires before.
    gone_at     INTEGER NOT NULL,
    read_at     INTEGER,
    archived_at INTEGER,
    PRIMARY KEY (user_id, archived, seq)
) STRICT, WITHOUT ROWID;

-- What was there is kept half a year from its publishing; its author was not written down.
INSERT INTO notifications
SELECT user_id, 0, row_number() OVER (ORDER BY id), id, category, level, NULL, NULL, title, body,
       link, NULL, data, 'system', NULL, created_at, NULL, created_at + 15552000000, read_at, NULL
FROM notifications_before;
DROP TABLE notifications_before;

CREATE UNIQUE INDEX notifications_by_id ON notifications (id);
-- For whoever carries on what was published, from the last place it read.
CREATE UNIQUE INDEX notifications_by_seq ON notifications (seq);
CREATE INDEX notifications_unread ON notifications (user_id, seq) WHERE read_at IS NULL;
CREATE INDEX notifications_gone ON notifications (gone_at, seq);

-- One row for many readers. A reader is whoever had an account at its place and fits the audience.
CREATE TABLE broadcasts (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    seq            INTEGER,
    state          TEXT    NOT NULL CHECK (state IN ('scheduled', 'live', 'recalled', 'ended')),
    category       TEXT    NOT NULL,
    level          TEXT    NOT NULL CHECK (level IN ('info', 'success', 'warning', 'error')),
    code           TEXT,
    params         TEXT,
    title          TEXT    NOT NULL,
    body           TEXT    NOT NULL,
    link           TEXT,
    actions        TEXT,
    data           TEXT,
    author_kind    TEXT    NOT NULL,
    author_id      BLOB,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    role           TEXT CHECK (role IN ('user', 'admin')),
    created_before INTEGER,
    created_after  INTEGER,
    verified       INTEGER CHECK (verified IN (0, 1)),
    publish_at     INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL,
    reach          INTEGER NOT NULL,
    reach_is_exact INTEGER NOT NULL CHECK (reach_is_exact IN (0, 1)),
    -- How many have read it, kept with every reading.
    read           INTEGER NOT NULL DEFAULT 0 CHECK (read >= 0),
    -- Whether rows of its readers may be left to remove.
    has_marks      INTEGER NOT NULL DEFAULT 0 CHECK (has_marks IN (0, 1))
) STRICT;

-- Those that count in somebody's unread ones: few, and walked with every count.
CREATE INDEX broadcasts_live ON broadcasts (seq) WHERE state = 'live';
CREATE INDEX broadcasts_shown ON broadcasts (seq) WHERE state IN ('live', 'recalled');
CREATE INDEX broadcasts_scheduled ON broadcasts (publish_at) WHERE state = 'scheduled';
CREATE INDEX broadcasts_ending ON broadcasts (ends_at) WHERE state IN ('live', 'recalled');
CREATE INDEX broadcasts_ended ON broadcasts (ends_at) WHERE state = 'ended';
CREATE INDEX broadcasts_marked ON broadcasts (seq) WHERE state = 'ended' AND has_marks = 1;

-- What a user made of a broadcast; no row as long as it was not read.
CREATE TABLE broadcast_marks (
    user_id     BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    read_at     INTEGER NOT NULL,
    archived_at INTEGER,
    PRIMARY KEY (user_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX broadcast_marks_by_seq ON broadcast_marks (seq);

-- What was answered under a key, so that the same request has the same answer. The actor is the
-- user, the API key, or empty for the command line.
ALTER TABLE idempotency_keys ADD COLUMN answer TEXT;

CREATE TABLE api_keys (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name         TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL CHECK (length(token_hash) = 32),
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   BLOB,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE UNIQUE INDEX api_keys_by_token ON api_keys (token_hash);
