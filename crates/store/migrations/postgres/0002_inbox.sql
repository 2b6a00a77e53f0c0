-- One inbox: places given at the commit, broadcasts as single rows, states, retention, API keys.
-- The reasons for each table and index stand in the SQLite text of this migration.

INSERT INTO counters (name, n) SELECT 'notice_seq', count(*) FROM notifications;
INSERT INTO counters (name, n) SELECT 'admins', count(*) FROM users WHERE role = 'admin';

ALTER TABLE users ADD COLUMN born_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN role_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN seen_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN unseen   bigint NOT NULL DEFAULT 0 CHECK (unseen >= 0);
UPDATE users SET unseen = unread;

ALTER TABLE notifications RENAME TO notifications_before;
ALTER INDEX notifications_pkey RENAME TO notifications_before_pkey;
CREATE TABLE notifications (
    user_id     bytea    NOT NULL,
    archived    bigint NOT NULL CHECK (archived IN (0, 1)),
    seq         bigint NOT NULL,
    id          bytea    NOT NULL CHECK (length(id) = 16),
    category    text    NOT NULL,
    level       text    NOT NULL CHECK (level IN ('info', 'success', 'warning', 'error')),
    code        text,
    params      text,
    title       text    NOT NULL,
    body        text    NOT NULL,
    link        text,
    actions     text,
    data        text,
    author_kind text    NOT NULL,
    author_id   bytea,
    created_at  bigint NOT NULL,
    expires_at  bigint,
    gone_at     bigint NOT NULL,
    read_at     bigint,
    archived_at bigint,
    PRIMARY KEY (user_id, archived, seq)
);

INSERT INTO notifications
SELECT user_id, 0, row_number() OVER (ORDER BY id), id, category, level, NULL, NULL, title, body,
       link, NULL, data, 'system', NULL, created_at, NULL, created_at + 15552000000, read_at, NULL
FROM notifications_before;
DROP TABLE notifications_before;

CREATE UNIQUE INDEX notifications_by_id ON notifications (id);
CREATE UNIQUE INDEX notifications_by_seq ON notifications (seq);
CREATE INDEX notifications_unread ON notifications (user_id, seq) WHERE read_at IS NULL;
CREATE INDEX notifications_gone ON notifications (gone_at, seq);

CREATE TABLE broadcasts (
    id             bytea    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    seq            bigint,
    state          text    NOT NULL CHECK (state IN ('scheduled', 'live', 'recalled', 'ended')),
    category       text    NOT NULL,
    level          text    NOT NULL CHECK (level IN ('info', 'success', 'warning', 'error')),
    code           text,
    params         text,
    title          text    NOT NULL,
    body           text    NOT NULL,
    link           text,
    actions        text,
    data           text,
    author_kind    text    NOT NULL,
    author_id      bytea,
    created_at     bigint NOT NULL,
    expires_at     bigint,
    role           text CHECK (role IN ('user', 'admin')),
    created_before bigint,
    created_after  bigint,
    verified       bigint CHECK (verified IN (0, 1)),
    publish_at     bigint NOT NULL,
    ends_at        bigint NOT NULL,
    reach          bigint NOT NULL,
    reach_is_exact bigint NOT NULL CHECK (reach_is_exact IN (0, 1)),
    read           bigint NOT NULL DEFAULT 0 CHECK (read >= 0),
    has_marks      bigint NOT NULL DEFAULT 0 CHECK (has_marks IN (0, 1))
);

CREATE INDEX broadcasts_live ON broadcasts (seq) WHERE state = 'live';
CREATE INDEX broadcasts_shown ON broadcasts (seq) WHERE state IN ('live', 'recalled');
CREATE INDEX broadcasts_scheduled ON broadcasts (publish_at) WHERE state = 'scheduled';
CREATE INDEX broadcasts_ending ON broadcasts (ends_at) WHERE state IN ('live', 'recalled');
CREATE INDEX broadcasts_ended ON broadcasts (ends_at) WHERE state = 'ended';
CREATE INDEX broadcasts_marked ON broadcasts (seq) WHERE state = 'ended' AND has_marks = 1;

CREATE TABLE broadcast_marks (
    user_id     bytea    NOT NULL,
    seq         bigint NOT NULL,
    read_at     bigint NOT NULL,
    archived_at bigint,
    PRIMARY KEY (user_id, seq)
);

CREATE INDEX broadcast_marks_by_seq ON broadcast_marks (seq);

ALTER TABLE idempotency_keys ADD COLUMN answer text;

CREATE TABLE api_keys (
    id           bytea    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name         text    NOT NULL,
    token_hash   bytea    NOT NULL CHECK (length(token_hash) = 32),
    scopes       text    NOT NULL,
    created_at   bigint NOT NULL,
    created_by   bytea,
    expires_at   bigint,
    last_used_at bigint,
    revoked_at   bigint
);

CREATE UNIQUE INDEX api_keys_by_token ON api_keys (token_hash);
