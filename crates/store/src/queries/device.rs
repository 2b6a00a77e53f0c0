//! Statements on the devices somebody signs in from.

use super::Query;

/// ALL statements on devices.
pub const ALL: &[Query] = &[SEEN, ANY, OF_USER, SEE, FORGET_BEYOND, FORGET_EVERY];

/// When a device of a user was last seen.
pub const SEEN: Query = Query {
    name: "device.seen",
    sql: "SELECT seen_at FROM devices WHERE user_id = $1 AND digest = $2",
};

/// One row when a device of this user is known.
pub const ANY: Query =
    Query { name: "device.any", sql: "SELECT seen_at FROM devices WHERE user_id = $1 LIMIT 1" };

/// When a user's devices were last seen, the latest first.
pub const OF_USER: Query = Query {
    name: "device.of_user",
    sql: "SELECT seen_at FROM devices WHERE user_id = $1 ORDER BY seen_at DESC LIMIT 200",
};

/// Notes that a device of a user was seen.
pub const SEE: Query = Query {
    name: "device.see",
    sql: "INSERT INTO devices (user_id, digest, seen_at) VALUES ($1, $2, $3) \
          ON CONFLICT (user_id, digest) DO UPDATE SET seen_at = excluded.seen_at",
};

/// Forgets a user's devices behind those seen last.
pub const FORGET_BEYOND: Query = Query {
    name: "device.forget_beyond",
    sql: "DELETE FROM devices WHERE (user_id, digest) IN \
          (SELECT user_id, digest FROM devices WHERE user_id = $1 \
           ORDER BY seen_at DESC LIMIT 10 OFFSET $2)",
};

/// Forgets every device of a user.
pub const FORGET_EVERY: Query =
    Query { name: "device.forget_every", sql: "DELETE FROM devices WHERE user_id = $1" };
