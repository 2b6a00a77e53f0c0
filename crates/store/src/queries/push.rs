//! Statements on the browsers users let be told.

use super::Query;

/// ALL statements on subscriptions.
pub const ALL: &[Query] =
    &[OF_USER, NAMES, BY_ID, TAKE_OVER, ADD, FORGET_BEYOND, FORGET, FORGET_OF_USER, FORGET_EVERY];

/// The columns of a subscription, in the order `rows::subscription` reads them.
macro_rules! subscription_columns {
    () => {
        "id, user_id, endpoint, p256dh, auth, user_agent, created_at"
    };
}

/// A user's subscriptions, the oldest first, at most so many.
pub const OF_USER: Query = Query {
    name: "push.of_user",
    sql: concat!(
        "SELECT ",
        subscription_columns!(),
        " FROM push_subscriptions WHERE user_id = $1 ORDER BY id LIMIT $2"
    ),
};

/// The names of a user's subscriptions, at most so many.
pub const NAMES: Query = Query {
    name: "push.names",
    sql: "SELECT id FROM push_subscriptions WHERE user_id = $1 ORDER BY id LIMIT $2",
};

/// The subscription of this name.
pub const BY_ID: Query = Query {
    name: "push.by_id",
    sql: concat!("SELECT ", subscription_columns!(), " FROM push_subscriptions WHERE id = $1"),
};

/// Forgets another user's subscription of an endpoint: the browser is this user's now.
pub const TAKE_OVER: Query = Query {
    name: "push.take_over",
    sql: "DELETE FROM push_subscriptions WHERE endpoint_hash = $1 AND user_id <> $2",
};

/// Keeps a subscription; one of the same endpoint keeps its name and gets the new keys.
pub const ADD: Query = Query {
    name: "push.add",
    sql: concat!(
        "INSERT INTO push_subscriptions \
         (id, user_id, endpoint, endpoint_hash, p256dh, auth, user_agent, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (endpoint_hash) DO UPDATE SET \
         p256dh = excluded.p256dh, auth = excluded.auth, user_agent = excluded.user_agent \
         RETURNING ",
        subscription_columns!()
    ),
};

/// Forgets a user's subscriptions behind the newest so many.
pub const FORGET_BEYOND: Query = Query {
    name: "push.forget_beyond",
    sql: "DELETE FROM push_subscriptions WHERE id IN (SELECT id FROM push_subscriptions \
          WHERE user_id = $1 ORDER BY id DESC LIMIT 10 OFFSET $2)",
};

/// Forgets a subscription.
pub const FORGET: Query =
    Query { name: "push.forget", sql: "DELETE FROM push_subscriptions WHERE id = $1" };

/// Forgets a subscription of a user.
pub const FORGET_OF_USER: Query = Query {
    name: "push.forget_of_user",
    sql: "DELETE FROM push_subscriptions WHERE id = $1 AND user_id = $2",
};

/// Forgets every subscription of a user.
pub const FORGET_EVERY: Query =
    Query { name: "push.forget_every", sql: "DELETE FROM push_subscriptions WHERE user_id = $1" };
