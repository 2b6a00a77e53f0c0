-- What users want to be told by which channel and when. Without a row the defaults hold.

CREATE TABLE preferences (
    user_id    BLOB    NOT NULL PRIMARY KEY,
    language   TEXT    CHECK (language IN ('en', 'fa')),
    -- A name of the IANA time zone database.
    zone       TEXT,
    -- Minutes after midnight, both or neither.
    quiet_from INTEGER CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_to   INTEGER CHECK (quiet_to BETWEEN 0 AND 1439),
    digest     TEXT    NOT NULL CHECK (digest IN ('off', 'daily', 'weekly')),
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
) STRICT, WITHOUT ROWID;

-- A category, or '*' for every other; what is null is what holds without the row.
CREATE TABLE preference_rules (
    user_id  BLOB    NOT NULL,
    category TEXT    NOT NULL,
    email    INTEGER CHECK (email IN (0, 1)),
    push     INTEGER CHECK (push IN (0, 1)),
    PRIMARY KEY (user_id, category)
) STRICT, WITHOUT ROWID;
