//! Statements on notifications.

use super::Query;

/// ALL statements on notifications.
pub const ALL: &[Query] = &[PAGE, PAGE_UNREAD, ADD, MARK_READ, MARK_ALL_READ, PURGE];

/// A page of a user's notifications before an identifier, at most so many, each row led by the
/// user's kept count of unread ones: one statement, so both are of one moment. One row of nothing
/// but the count when the page is empty; no row when there is no such user.
pub const PAGE: Query = Query {
    name: "notification.page",
    sql: "SELECT u.unread, n.id, n.category, n.level, n.title, n.body, n.link, n.data, \
          n.created_at, n.read_at \
          FROM users u LEFT JOIN notifications n ON n.user_id = u.id AND n.id < $1 \
          WHERE u.id = $2 ORDER BY n.id DESC LIMIT $3",
};

/// The same of unread ones only.
pub const PAGE_UNREAD: Query = Query {
    name: "notification.page_unread",
    sql: "SELECT u.unread, n.id, n.category, n.level, n.title, n.body, n.link, n.data, \
          n.created_at, n.read_at \
          FROM users u LEFT JOIN notifications n \
          ON n.user_id = u.id AND n.id < $1 AND n.read_at IS NULL \
          WHERE u.id = $2 ORDER BY n.id DESC LIMIT $3",
};

/// Stores a notification.
pub const ADD: Query = Query {
    name: "notification.add",
    sql: "INSERT INTO notifications \
          (user_id, id, category, level, title, body, link, data, created_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
};

/// Marks one of a user's notifications as read, unless it is.
pub const MARK_READ: Query = Query {
    name: "notification.mark_read",
    sql: "UPDATE notifications SET read_at = $1 \
          WHERE user_id = $2 AND id = $3 AND read_at IS NULL",
};

/// Marks a user's unread notifications as read, the oldest first, at most so many.
pub const MARK_ALL_READ: Query = Query {
    name: "notification.mark_all_read",
    sql: "UPDATE notifications SET read_at = $1 WHERE user_id = $2 AND id IN \
          (SELECT id FROM notifications WHERE user_id = $2 AND read_at IS NULL \
           ORDER BY id LIMIT $3)",
};

/// Removes notifications of a deleted user, at most so many.
pub const PURGE: Query = Query {
    name: "notification.purge",
    sql: "DELETE FROM notifications WHERE user_id = $1 AND id IN \
          (SELECT id FROM notifications WHERE user_id = $1 ORDER BY id LIMIT $2)",
};
