//! Statements on deleted users whose notifications are still to be removed.

use super::Query;

/// ALL statements on purges.
pub const ALL: &[Query] = &[ADD, NEXT, DONE];

/// Notes a deleted user.
pub const ADD: Query = Query { name: "purge.add", sql: "INSERT INTO purges (user_id) VALUES ($1)" };

/// The next deleted user to clean up after.
pub const NEXT: Query =
    Query { name: "purge.next", sql: "SELECT user_id FROM purges ORDER BY user_id LIMIT 1" };

/// Nothing of this deleted user is left.
pub const DONE: Query = Query { name: "purge.done", sql: "DELETE FROM purges WHERE user_id = $1" };
