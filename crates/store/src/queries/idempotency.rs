//! Statements on the keys that make a publishing happen once.

use super::Query;

/// ALL statements on idempotency keys.
pub const ALL: &[Query] = &[FIND, ADD, FORGET];

/// What was published under a key of this actor, and what was answered.
pub const FIND: Query = Query {
    name: "idempotency.find",
    sql: "SELECT notification_id, content_hash, answer FROM idempotency_keys WHERE actor = $1 AND key = $2",
};

/// Keeps a key.
pub const ADD: Query = Query {
    name: "idempotency.add",
    sql: "INSERT INTO idempotency_keys (actor, key, notification_id, content_hash, \
          created_at, answer) VALUES ($1, $2, $3, $4, $5, $6)",
};

/// Forgets keys kept at or before a moment, at most so many.
pub const FORGET: Query = Query {
    name: "idempotency.forget",
    sql: "DELETE FROM idempotency_keys WHERE (actor, key) IN \
          (SELECT actor, key FROM idempotency_keys \
           WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
};
