//! Statements on webhooks.

use super::Query;

/// ALL statements on webhooks.
pub const ALL: &[Query] = &[EVERY, BY_ID, BEYOND, ADD, CHANGE, ROTATE, REMOVE];

/// The columns of a webhook, in the order `rows::webhook` reads them.
macro_rules! webhook_columns {
    () => {
        "id, url, label, state, rotation, rotated_at, created_at"
    };
}

/// Every webhook, the oldest first, at most so many.
pub const EVERY: Query = Query {
    name: "webhook.every",
    sql: concat!("SELECT ", webhook_columns!(), " FROM webhooks ORDER BY id LIMIT $1"),
};

/// The webhook of this name.
pub const BY_ID: Query = Query {
    name: "webhook.by_id",
    sql: concat!("SELECT ", webhook_columns!(), " FROM webhooks WHERE id = $1"),
};

/// One row when there are more webhooks than so many.
pub const BEYOND: Query =
    Query { name: "webhook.beyond", sql: "SELECT id FROM webhooks ORDER BY id LIMIT 1 OFFSET $1" };

/// Adds a webhook.
pub const ADD: Query = Query {
    name: "webhook.add",
    sql: concat!(
        "INSERT INTO webhooks (id, url, label, state, created_at) VALUES ($1, $2, $3, $4, $5) \
         RETURNING ",
        webhook_columns!()
    ),
};

/// Changes a webhook; what is null stays.
pub const CHANGE: Query = Query {
    name: "webhook.change",
    sql: concat!(
        "UPDATE webhooks SET url = coalesce($1, url), label = coalesce($2, label), \
         state = coalesce($3, state) WHERE id = $4 RETURNING ",
        webhook_columns!()
    ),
};

/// Gives a webhook its next secret.
pub const ROTATE: Query = Query {
    name: "webhook.rotate",
    sql: concat!(
        "UPDATE webhooks SET rotation = rotation + 1, rotated_at = $1 WHERE id = $2 RETURNING ",
        webhook_columns!()
    ),
};

/// Removes a webhook.
pub const REMOVE: Query =
    Query { name: "webhook.remove", sql: "DELETE FROM webhooks WHERE id = $1" };
