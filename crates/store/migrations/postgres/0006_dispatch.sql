-- Carrying on what was published. The reasons stand in the SQLite text of this migration.

INSERT INTO counters (name, n)
SELECT 'dispatched.' || channel, (SELECT n FROM counters WHERE name = 'notice_seq')
FROM (SELECT 'email' AS channel UNION ALL SELECT 'ntfy' UNION ALL SELECT 'push'
      UNION ALL SELECT 'webhook') AS channels;

ALTER TABLE parcels ADD COLUMN broadcast_id bytea;
CREATE INDEX parcels_of_broadcast ON parcels (broadcast_id)
    WHERE broadcast_id IS NOT NULL AND state = 'queued';

CREATE TABLE fan_outs (
    broadcast_id bytea  NOT NULL,
    channel      text   NOT NULL CHECK (channel IN ('email', 'webhook', 'push', 'ntfy')),
    seq          bigint NOT NULL,
    after        bytea  NOT NULL,
    state        text   NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    looked       bigint NOT NULL DEFAULT 0,
    queued       bigint NOT NULL DEFAULT 0,
    held         bigint NOT NULL DEFAULT 0,
    sent         bigint NOT NULL DEFAULT 0,
    failed       bigint NOT NULL DEFAULT 0,
    captured     bigint NOT NULL DEFAULT 0,
    cancelled    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (broadcast_id, channel)
);

CREATE INDEX fan_outs_running ON fan_outs (channel, seq) WHERE state = 'running';

CREATE TABLE held_notices (
    user_id         bytea  NOT NULL,
    channel         text   NOT NULL CHECK (channel IN ('email', 'push')),
    seq             bigint NOT NULL,
    notification_id bytea  NOT NULL CHECK (length(notification_id) = 16),
    due_at          bigint NOT NULL,
    PRIMARY KEY (user_id, channel, seq)
);

CREATE INDEX held_notices_due ON held_notices (channel, due_at, user_id);
