-- What users want to be told by which channel and when. The reasons stand in the SQLite text of this
-- migration.

CREATE TABLE preferences (
    user_id    bytea   NOT NULL PRIMARY KEY,
    language   text    CHECK (language IN ('en', 'fa')),
    zone       text,
    quiet_from bigint  CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_to   bigint  CHECK (quiet_to BETWEEN 0 AND 1439),
    digest     text    NOT NULL CHECK (digest IN ('off', 'daily', 'weekly')),
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);

CREATE TABLE preference_rules (
    user_id  bytea   NOT NULL,
    category text    COLLATE "C" NOT NULL,
    email    bigint  CHECK (email IN (0, 1)),
    push     bigint  CHECK (push IN (0, 1)),
    PRIMARY KEY (user_id, category)
);
