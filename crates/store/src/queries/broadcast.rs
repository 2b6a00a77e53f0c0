//! Statements on broadcasts and what their readers made of them.

use super::Query;
use super::notification::published_columns;

/// ALL statements on broadcasts.
pub const ALL: &[Query] = &[
    PAGE_OF_USER,
    PAGE_OF_USER_UNREAD,
    PAGE_OF_USER_ARCHIVED,
    SINCE,
    AFTER,
    PAGE,
    BY_ID,
    STANDING,
    ADD,
    DUE,
    SEND,
    RECALL,
    RECALL_SCHEDULED,
    IS_LIVE,
    OF_USER,
    MARK,
    MARK_ARCHIVED,
    READ_ADD,
    UNREAD_OF_USER,
    END,
    ANY_ENDING,
    MARKED,
    UNMARK,
    UNMARKED,
    FORGET,
    PURGE,
    REACH,
];

/// Whether the user `u` is among the readers of the sent broadcast `b`: it had its account and its
/// role at the broadcast's place, and fits the rest.
macro_rules! is_reader {
    () => {
        "b.seq > u.born_seq \
         AND (b.role IS NULL OR (b.role = u.role AND b.seq > u.role_seq)) \
         AND (b.created_before IS NULL OR u.created_at < b.created_before) \
         AND (b.created_after IS NULL OR u.created_at >= b.created_after) \
         AND (b.verified IS NULL \
              OR b.verified = CASE WHEN u.email_verified_at <= b.publish_at THEN 1 ELSE 0 END)"
    };
}

/// How many live broadcasts the user `u` has not read, of those after a place: a walk over the live
/// ones, of which there are few.
macro_rules! unread_broadcasts {
    ($after:literal) => {
        concat!(
            "(SELECT count(*) FROM broadcasts b WHERE b.state = 'live' AND b.seq > ",
            $after,
            " AND ",
            is_reader!(),
            " AND NOT EXISTS (SELECT 1 FROM broadcast_marks m \
               WHERE m.user_id = u.id AND m.seq = b.seq))"
        )
    };
}
pub(super) use {is_reader, unread_broadcasts};

macro_rules! of_user {
    ($range:literal, $and:literal, $end:literal) => {
        concat!(
            "SELECT ",
            published_columns!("b", "publish_at"),
            ", m.read_at, m.archived_at FROM users u \
             JOIN broadcasts b ON b.state IN ('live', 'recalled') AND ",
            $range,
            " LEFT JOIN broadcast_marks m ON m.user_id = u.id AND m.seq = b.seq \
             WHERE ",
            $and,
            " AND (b.state = 'live' OR m.read_at IS NOT NULL) AND ",
            is_reader!(),
            $end
        )
    };
}

/// A page of a user's broadcasts before a place that were not put away, at most so many. Of those
/// that were recalled there are the ones the user had read.
pub const PAGE_OF_USER: Query = Query {
    name: "broadcast.page_of_user",
    sql: of_user!(
        "b.seq < $1",
        "u.id = $2 AND m.archived_at IS NULL",
        " ORDER BY b.seq DESC LIMIT $3"
    ),
};

/// The same of unread ones.
pub const PAGE_OF_USER_UNREAD: Query = Query {
    name: "broadcast.page_of_user_unread",
    sql: of_user!("b.seq < $1", "u.id = $2 AND m.read_at IS NULL", " ORDER BY b.seq DESC LIMIT $3"),
};

/// The same of those that were put away.
pub const PAGE_OF_USER_ARCHIVED: Query = Query {
    name: "broadcast.page_of_user_archived",
    sql: of_user!(
        "b.seq < $1",
        "u.id = $2 AND m.archived_at IS NOT NULL",
        " ORDER BY b.seq DESC LIMIT $3"
    ),
};

/// A user's broadcasts after a place and up to another, at most so many, the oldest first.
pub const SINCE: Query = Query {
    name: "broadcast.since",
    sql: of_user!("b.seq > $1 AND b.seq <= $2", "u.id = $3", " ORDER BY b.seq LIMIT $4"),
};

/// Live broadcasts after a place and up to another, at most so many, the oldest first.
pub const AFTER: Query = Query {
    name: "broadcast.after",
    sql: concat!(
        "SELECT ",
        published_columns!("b", "publish_at"),
        ", b.role, b.created_before, b.created_after, b.verified FROM broadcasts b \
         WHERE b.state = 'live' AND b.seq > $1 AND b.seq <= $2 ORDER BY b.seq LIMIT $3"
    ),
};

macro_rules! broadcast_columns {
    () => {
        concat!(
            published_columns!("b", "created_at"),
            ", b.role, b.created_before, b.created_after, b.verified, b.state, b.publish_at, \
             b.ends_at, b.reach, b.reach_is_exact, b.read"
        )
    };
}

/// A page of broadcasts before an identifier, at most so many.
pub const PAGE: Query = Query {
    name: "broadcast.page",
    sql: concat!(
        "SELECT ",
        broadcast_columns!(),
        " FROM broadcasts b WHERE b.id < $1 ORDER BY b.id DESC LIMIT $2"
    ),
};

/// The broadcast with this identifier.
pub const BY_ID: Query = Query {
    name: "broadcast.by_id",
    sql: concat!("SELECT ", broadcast_columns!(), " FROM broadcasts b WHERE b.id = $1"),
};

/// How many broadcasts wait for their time, or are with their readers.
pub const STANDING: Query = Query {
    name: "broadcast.standing",
    sql: "SELECT (SELECT count(*) FROM broadcasts b \
                  WHERE b.state IN ('live', 'recalled') AND b.seq > 0) \
          + (SELECT count(*) FROM broadcasts b WHERE b.state = 'scheduled' AND b.publish_at > 0)",
};

/// Stores a broadcast.
pub const ADD: Query = Query {
    name: "broadcast.add",
    sql: "INSERT INTO broadcasts \
          (id, seq, state, category, level, code, params, title, body, link, actions, data, \
           author_kind, author_id, created_at, expires_at, role, created_before, created_after, \
           verified, publish_at, ends_at, reach, reach_is_exact) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
                  $18, $19, $20, $21, $22, $23, $24)",
};

/// Broadcasts whose time has come, at most so many, those that are due longest first.
pub const DUE: Query = Query {
    name: "broadcast.due",
    sql: "SELECT b.id, b.role, b.created_before, b.created_after, b.verified FROM broadcasts b \
          WHERE b.state = 'scheduled' AND b.publish_at <= $1 ORDER BY b.publish_at LIMIT $2",
};

/// Sends a broadcast that waited.
pub const SEND: Query = Query {
    name: "broadcast.send",
    sql: "UPDATE broadcasts SET state = 'live', seq = $1, publish_at = $2, reach = $3, \
          reach_is_exact = $4 WHERE id = $5 AND state = 'scheduled'",
};

/// Takes a live broadcast back.
pub const RECALL: Query = Query {
    name: "broadcast.recall",
    sql: "UPDATE broadcasts SET state = 'recalled' WHERE id = $1 AND state = 'live'",
};

/// One row when a broadcast is with its readers.
pub const IS_LIVE: Query = Query {
    name: "broadcast.is_live",
    sql: "SELECT id FROM broadcasts WHERE id = $1 AND state = 'live'",
};

/// Takes a broadcast back that waits: nobody will have it.
pub const RECALL_SCHEDULED: Query = Query {
    name: "broadcast.recall_scheduled",
    sql: "UPDATE broadcasts SET state = 'ended', ends_at = $1 \
          WHERE id = $2 AND state = 'scheduled'",
};

/// The place of a broadcast with this identifier that this user has, and whether it read it.
pub const OF_USER: Query = Query {
    name: "broadcast.of_user",
    sql: concat!(
        "SELECT b.seq, m.read_at FROM broadcasts b JOIN users u ON u.id = $1 \
         LEFT JOIN broadcast_marks m ON m.user_id = u.id AND m.seq = b.seq \
         WHERE b.id = $2 AND (b.state = 'live' OR (b.state = 'recalled' AND m.read_at IS NOT NULL)) \
         AND ",
        is_reader!()
    ),
};

/// A user read the broadcast at this place.
pub const MARK: Query = Query {
    name: "broadcast.mark",
    sql: "INSERT INTO broadcast_marks (user_id, seq, read_at) VALUES ($1, $2, $3) \
          ON CONFLICT (user_id, seq) DO NOTHING",
};

/// A user put the broadcast away that it read.
pub const MARK_ARCHIVED: Query = Query {
    name: "broadcast.mark_archived",
    sql: "UPDATE broadcast_marks SET archived_at = $1 \
          WHERE user_id = $2 AND seq = $3 AND archived_at IS NULL",
};

/// One more has read the live broadcast at this place.
pub const READ_ADD: Query = Query {
    name: "broadcast.read_add",
    sql: "UPDATE broadcasts SET read = read + 1, has_marks = 1 \
          WHERE seq = $1 AND state = 'live'",
};

/// The places of the live broadcasts a user has not read.
pub const UNREAD_OF_USER: Query = Query {
    name: "broadcast.unread_of_user",
    sql: concat!(
        "SELECT b.seq FROM users u JOIN broadcasts b ON b.state = 'live' \
         WHERE u.id = $1 AND ",
        is_reader!(),
        " AND NOT EXISTS (SELECT 1 FROM broadcast_marks m \
           WHERE m.user_id = u.id AND m.seq = b.seq) ORDER BY b.seq"
    ),
};

/// Ends broadcasts whose time is over.
pub const END: Query = Query {
    name: "broadcast.end",
    sql: "UPDATE broadcasts SET state = 'ended' \
          WHERE state IN ('live', 'recalled') AND ends_at <= $1",
};

/// One row when a broadcast's time is over.
pub const ANY_ENDING: Query = Query {
    name: "broadcast.any_ending",
    sql: "SELECT id FROM broadcasts \
          WHERE state IN ('live', 'recalled') AND ends_at <= $1 LIMIT 1",
};

/// The next ended broadcast of whose readers rows may be left.
pub const MARKED: Query = Query {
    name: "broadcast.marked",
    sql: "SELECT seq FROM broadcasts WHERE state = 'ended' AND has_marks = 1 ORDER BY seq LIMIT 1",
};

/// Removes rows of a broadcast's readers, at most so many.
pub const UNMARK: Query = Query {
    name: "broadcast.unmark",
    sql: "DELETE FROM broadcast_marks WHERE seq = $1 AND user_id IN \
          (SELECT user_id FROM broadcast_marks WHERE seq = $1 LIMIT $2)",
};

/// None is left.
pub const UNMARKED: Query = Query {
    name: "broadcast.unmarked",
    sql: "UPDATE broadcasts SET has_marks = 0 \
          WHERE seq = $1 AND state = 'ended' AND has_marks = 1",
};

/// Forgets broadcasts that ended at or before a moment, at most so many; gives their names.
pub const FORGET: Query = Query {
    name: "broadcast.forget",
    sql: "DELETE FROM broadcasts WHERE id IN \
          (SELECT id FROM broadcasts WHERE state = 'ended' AND ends_at <= $1 \
           ORDER BY ends_at LIMIT $2) AND has_marks = 0 RETURNING id",
};

/// Removes what a deleted user made of broadcasts, at most so many.
pub const PURGE: Query = Query {
    name: "broadcast.purge",
    sql: "DELETE FROM broadcast_marks WHERE user_id = $1 AND seq IN \
          (SELECT seq FROM broadcast_marks WHERE user_id = $1 LIMIT $2)",
};

/// Looks at so many users at the most, and counts how many it looked at and whom an audience fits.
pub const REACH: Query = Query {
    name: "broadcast.reach",
    sql: "SELECT count(*), CAST(coalesce(sum(CASE WHEN \
          (role = $1 OR $1 IS NULL) \
          AND (created_at < $2 OR $2 IS NULL) \
          AND (created_at >= $3 OR $3 IS NULL) \
          AND (is_verified = $4 OR $4 IS NULL) \
          THEN 1 ELSE 0 END), 0) AS bigint) \
          FROM (SELECT role, created_at, \
                CAST(CASE WHEN email_verified_at IS NULL THEN 0 ELSE 1 END AS bigint) \
                  AS is_verified \
                FROM users ORDER BY id LIMIT $5) AS looked",
};
