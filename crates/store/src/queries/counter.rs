//! Statements on what is kept so that nothing needs counting.

use super::Query;

/// ALL statements on kept counts.
pub const ALL: &[Query] =
    &[ADD, TAKE_ADMIN, ONE, NEXT_SEQ, EVERY, EXPIRY_ADD, EXPIRY_TAKE, EXPIRY_FORGET, CANARY];

/// Adds to a counter; the addend may be negative.
pub const ADD: Query =
    Query { name: "counter.add", sql: "UPDATE counters SET n = n + $1 WHERE name = $2" };

/// Takes one from the active admins, never the last: changes no row when one or none is left.
pub const TAKE_ADMIN: Query = Query {
    name: "counter.take_admin",
    sql: "UPDATE counters SET n = n - 1 WHERE name = 'active_admins' AND n > 1",
};

/// One counter.
pub const ONE: Query = Query { name: "counter.one", sql: "SELECT n FROM counters WHERE name = $1" };

/// Gives so many places in the order of what is published; the last of them.
pub const NEXT_SEQ: Query = Query {
    name: "counter.next_seq",
    sql: "UPDATE counters SET n = n + $1 WHERE name = 'notice_seq' RETURNING n",
};

/// Every counter, and as `expired` how many sessions have expired at a moment and wait for the
/// sweep: one statement, so that all are of one state. There are as many rows as counters.
pub const EVERY: Query = Query {
    name: "counter.every",
    sql: "SELECT name, n FROM counters \
          WHERE name IN ('active_admins', 'notifications', 'sessions', 'users') \
          UNION ALL \
          SELECT 'expired', CAST(coalesce(sum(n), 0) AS bigint) FROM session_expiry_counts \
          WHERE expires_at <= $1",
};

/// One session more expires at this moment.
pub const EXPIRY_ADD: Query = Query {
    name: "counter.expiry_add",
    sql: "INSERT INTO session_expiry_counts (expires_at, n) VALUES ($1, 1) \
          ON CONFLICT (expires_at) DO UPDATE SET n = session_expiry_counts.n + 1",
};

/// So many sessions fewer expire at this moment.
pub const EXPIRY_TAKE: Query = Query {
    name: "counter.expiry_take",
    sql: "UPDATE session_expiry_counts SET n = n - $1 WHERE expires_at = $2",
};

/// Forgets past moments at which no session expires any more.
pub const EXPIRY_FORGET: Query = Query {
    name: "counter.expiry_forget",
    sql: "DELETE FROM session_expiry_counts WHERE expires_at <= $1 AND n = 0",
};

/// Changes one row for the sake of changing it: the canary's. The row is made by the first one.
pub const CANARY: Query = Query {
    name: "counter.canary",
    sql: "INSERT INTO counters (name, n) VALUES ('canary', 1) \
          ON CONFLICT (name) DO UPDATE SET n = counters.n + 1",
};
