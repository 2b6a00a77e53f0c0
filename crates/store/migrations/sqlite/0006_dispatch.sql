-- Carrying on what was published: how far each channel has come, whose audience is being walked, and
-- what is held back.

-- Nothing of what was published before this version is carried on.
INSERT INTO counters (name, n)
SELECT 'dispatched.' || channel, (SELECT n FROM counters WHERE name = 'notice_seq')
FROM (SELECT 'email' AS channel UNION ALL SELECT 'ntfy' UNION ALL SELECT 'push'
      UNION ALL SELECT 'webhook') AS channels;

-- Which broadcast a parcel carries on: its progress is counted by it, and a recall finds it by it.
ALTER TABLE parcels ADD COLUMN broadcast_id BLOB;
CREATE INDEX parcels_of_broadcast ON parcels (broadcast_id)
    WHERE broadcast_id IS NOT NULL AND state = 'queued';

-- One row for a broadcast and a channel. `after` is the last user that was looked at; empty before
-- the first. The counts are kept with every step.
CREATE TABLE fan_outs (
    broadcast_id BLOB    NOT NULL,
    channel      TEXT    NOT NULL CHECK (channel IN ('email', 'webhook', 'push', 'ntfy')),
    seq          INTEGER NOT NULL,
    after        BLOB    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    looked       INTEGER NOT NULL DEFAULT 0,
    queued       INTEGER NOT NULL DEFAULT 0,
    held         INTEGER NOT NULL DEFAULT 0,
    sent         INTEGER NOT NULL DEFAULT 0,
    failed       INTEGER NOT NULL DEFAULT 0,
    captured     INTEGER NOT NULL DEFAULT 0,
    cancelled    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (broadcast_id, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX fan_outs_running ON fan_outs (channel, seq) WHERE state = 'running';

-- What is held back for a user by a channel: until quiet hours end, or until a digest is due. What it
-- says stays where it is.
CREATE TABLE held_notices (
    user_id         BLOB    NOT NULL,
    channel         TEXT    NOT NULL CHECK (channel IN ('email', 'push')),
    seq             INTEGER NOT NULL,
    notification_id BLOB    NOT NULL CHECK (length(notification_id) = 16),
    due_at          INTEGER NOT NULL,
    PRIMARY KEY (user_id, channel, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_notices_due ON held_notices (channel, due_at, user_id);
