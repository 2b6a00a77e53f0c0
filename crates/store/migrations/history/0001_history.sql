-- The monitor's memory: windows of measurements, log lines, annotations, alerts.
-- Times are milliseconds since 1970 (UTC).

CREATE TABLE metrics (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),
    name      TEXT    NOT NULL UNIQUE,
    is_detail INTEGER NOT NULL CHECK (is_detail IN (0, 1))
) STRICT;

-- Numbers are never given twice: points of an object that was forgotten never become another's.
CREATE TABLE objects (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name    TEXT    NOT NULL,
    -- The last day it was written on, counted from 1970.
    used_on INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX objects_by_name ON objects (name);
CREATE INDEX objects_by_use ON objects (used_on, id);

-- One metric's points in one window. The place is (tier, metric, at) in one number, so that the
-- table is clustered by it and a metric over a range is one scan:
--   place = tier << 60 | metric << 44 | at
-- A key of three columns WITHOUT ROWID would be the same order, but an index page keeps at most
-- 1,002 bytes of a row and moves the rest to a page of its own; a table page keeps 4,061.
CREATE TABLE frames (
    place  INTEGER NOT NULL PRIMARY KEY,
    -- Object id, length, bytes; again and again. Both numbers are LEB128.
    points BLOB    NOT NULL
) STRICT;

CREATE TABLE logs (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    level      INTEGER NOT NULL,
    room       TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    code       TEXT,
    route      TEXT,
    -- The route without its method.
    path       TEXT,
    status     INTEGER,
    user_id    BLOB CHECK (length(user_id) = 16),
    request_id BLOB CHECK (length(request_id) = 16),
    trace_id   TEXT,
    fields     TEXT    NOT NULL,
    -- What the line was reckoned to take, so that letting it go gives back the same.
    bytes      INTEGER NOT NULL
) STRICT;

CREATE INDEX logs_by_at ON logs (at);
CREATE INDEX logs_by_code ON logs (code) WHERE code IS NOT NULL;
CREATE INDEX logs_by_path ON logs (path) WHERE path IS NOT NULL;
CREATE INDEX logs_by_user ON logs (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX logs_by_request ON logs (request_id) WHERE request_id IS NOT NULL;
-- Warnings and errors, which are few among many.
CREATE INDEX logs_worse ON logs (number) WHERE level >= 3;

CREATE TABLE annotations (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    code   TEXT    NOT NULL,
    params TEXT    NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT;

CREATE INDEX annotations_by_at ON annotations (at);

CREATE TABLE alerts (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    cause       TEXT    NOT NULL,
    began_at    INTEGER NOT NULL,
    fired_at    INTEGER NOT NULL,
    resolved_at INTEGER,
    body        TEXT    NOT NULL,
    -- Not over, or not told of to the end.
    is_open     INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    bytes       INTEGER NOT NULL
) STRICT;

CREATE INDEX alerts_open ON alerts (id) WHERE is_open = 1;
CREATE INDEX alerts_closed ON alerts (id) WHERE is_open = 0;

-- What each part takes, kept with every change so that nothing needs counting.
-- 0, 1, 2: the tiers; 3: logs; 4: annotations; 5: alerts; 6: objects.
CREATE TABLE tallies (
    part  INTEGER NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL,
    rows  INTEGER NOT NULL
) STRICT;

INSERT INTO tallies (part, bytes, rows)
VALUES (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0);
