//! Statements on notifications.

use super::Query;

/// ALL statements on notifications.
pub const ALL: &[Query] = &[
    PAGE,
    PAGE_UNREAD,
    SINCE,
    AFTER,
    ADD,
    MARK_READ,
    MARK_ARCHIVED,
    MARK_ALL_READ,
    UNREAD_AFTER,
    SWEEP,
    ANY_GONE,
    PURGE,
];

/// The columns of what was published, in the order `rows::published` reads them: those of the table
/// under this letter, with the moment it was published at.
macro_rules! published_columns {
    ($of:literal, $at:literal) => {
        concat!(
            $of,
            ".seq, ",
            $of,
            ".id, ",
            $of,
            ".category, ",
            $of,
            ".level, ",
            $of,
            ".code, ",
            $of,
            ".params, ",
            $of,
            ".title, ",
            $of,
            ".body, ",
            $of,
            ".link, ",
            $of,
            ".actions, ",
            $of,
            ".data, ",
            $of,
            ".expires_at, ",
            $of,
            ".author_kind, ",
            $of,
            ".author_id, ",
            $of,
            ".",
            $at
        )
    };
}
pub(super) use published_columns;

/// A page of a user's notifications on a shelf (put away or not) before a place, at most so many.
pub const PAGE: Query = Query {
    name: "notification.page",
    sql: concat!(
        "SELECT ",
        published_columns!("n", "created_at"),
        ", n.read_at, n.archived_at FROM notifications n \
         WHERE n.user_id = $1 AND n.archived = $2 AND n.seq < $3 ORDER BY n.seq DESC LIMIT $4"
    ),
};

/// The same of unread ones.
pub const PAGE_UNREAD: Query = Query {
    name: "notification.page_unread",
    sql: concat!(
        "SELECT ",
        published_columns!("n", "created_at"),
        ", n.read_at, n.archived_at FROM notifications n \
         WHERE n.user_id = $1 AND n.read_at IS NULL AND n.seq < $2 ORDER BY n.seq DESC LIMIT $3"
    ),
};

/// A user's notifications on a shelf after a place and up to another, at most so many, the oldest
/// first.
pub const SINCE: Query = Query {
    name: "notification.since",
    sql: concat!(
        "SELECT ",
        published_columns!("n", "created_at"),
        ", n.read_at, n.archived_at FROM notifications n \
         WHERE n.user_id = $1 AND n.archived = $2 AND n.seq > $3 AND n.seq <= $4 \
         ORDER BY n.seq LIMIT $5"
    ),
};

/// Everybody's notifications after a place and up to another, at most so many, the oldest first.
pub const AFTER: Query = Query {
    name: "notification.after",
    sql: concat!(
        "SELECT ",
        published_columns!("n", "created_at"),
        ", n.user_id FROM notifications n WHERE n.seq > $1 AND n.seq <= $2 \
         ORDER BY n.seq LIMIT $3"
    ),
};

/// Stores a notification.
pub const ADD: Query = Query {
    name: "notification.add",
    sql: "INSERT INTO notifications \
          (user_id, archived, seq, id, category, level, code, params, title, body, link, actions, \
           data, author_kind, author_id, created_at, expires_at, gone_at) \
          VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
};

/// Marks one of a user's notifications as read, unless it is; gives its place.
pub const MARK_READ: Query = Query {
    name: "notification.mark_read",
    sql: "UPDATE notifications SET read_at = $1 \
          WHERE id = $2 AND user_id = $3 AND read_at IS NULL RETURNING seq",
};

/// Puts one of a user's notifications away, unless it is.
pub const MARK_ARCHIVED: Query = Query {
    name: "notification.mark_archived",
    sql: "UPDATE notifications SET archived = 1, archived_at = $1 \
          WHERE id = $2 AND user_id = $3 AND archived = 0",
};

/// Marks a user's unread notifications as read, the oldest first, at most so many.
pub const MARK_ALL_READ: Query = Query {
    name: "notification.mark_all_read",
    sql: "UPDATE notifications SET read_at = $1 WHERE user_id = $2 AND archived = 0 AND seq IN \
          (SELECT seq FROM notifications WHERE user_id = $2 AND read_at IS NULL \
           ORDER BY seq LIMIT $3)",
};

/// How many unread ones a user has after a place, counted to a thousand and one.
pub const UNREAD_AFTER: Query = Query {
    name: "notification.unread_after",
    sql: "SELECT count(*) FROM (SELECT seq FROM notifications \
          WHERE user_id = $1 AND read_at IS NULL AND seq > $2 LIMIT 1001) AS later",
};

/// Removes notifications whose time is over, at most so many; gives whose they were, their places
/// and whether they were unread.
pub const SWEEP: Query = Query {
    name: "notification.sweep",
    sql: "DELETE FROM notifications WHERE seq IN \
          (SELECT seq FROM notifications WHERE gone_at <= $1 ORDER BY gone_at, seq LIMIT $2) \
          RETURNING user_id, seq, read_at",
};

/// One row when there is a notification whose time is over.
pub const ANY_GONE: Query = Query {
    name: "notification.any_gone",
    sql: "SELECT seq FROM notifications WHERE gone_at <= $1 ORDER BY gone_at, seq LIMIT 1",
};

/// Removes notifications of a deleted user, at most so many.
pub const PURGE: Query = Query {
    name: "notification.purge",
    sql: "DELETE FROM notifications WHERE user_id = $1 AND seq IN \
          (SELECT seq FROM notifications WHERE user_id = $1 LIMIT $2)",
};
