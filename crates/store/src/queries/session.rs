//! Statements on sessions.

use super::Query;
use super::broadcast::{is_reader, unread_broadcasts};
use super::user::{inbox_counts, user_columns};

/// ALL statements on sessions.
pub const ALL: &[Query] = &[
    BY_TOKEN,
    BY_ID,
    OF_USER,
    PAGE,
    PAGE_OF_USER,
    PAGE_OF_ADDRESS,
    ADD,
    EXPIRY,
    TOUCH,
    RENEW,
    END,
    END_OWN,
    END_OF_USER,
    END_BEYOND,
    REVOKE,
    REVOKE_OF_USER,
    REVOKE_OF_ADDRESS,
    WARRANT,
    SWEEP,
    ANY_EXPIRED,
];

/// The columns of a session, in the order `rows::session` reads them.
macro_rules! session_columns {
    () => {
        "s.id, s.user_id, s.created_at, s.last_seen_at, s.authenticated_at, s.expires_at, \
         s.ends_at, s.address, s.user_agent"
    };
}

/// The session under this token's hash, with its user.
pub const BY_TOKEN: Query = Query {
    name: "session.by_token",
    sql: concat!(
        "SELECT ",
        session_columns!(),
        ", ",
        user_columns!(),
        " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1"
    ),
};

/// The session with this identifier, with its token's hash.
pub const BY_ID: Query = Query {
    name: "session.by_id",
    sql: concat!("SELECT ", session_columns!(), ", s.token_hash FROM sessions s WHERE s.id = $1"),
};

/// A user's sessions that have not expired at a moment.
pub const OF_USER: Query = Query {
    name: "session.of_user",
    sql: concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2 ORDER BY s.id DESC LIMIT 200"
    ),
};

/// A page of sessions with their users, before an identifier, at most so many.
pub const PAGE: Query = Query {
    name: "session.page",
    sql: concat!(
        "SELECT ",
        session_columns!(),
        ", ",
        user_columns!(),
        " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id < $1 \
         ORDER BY s.id DESC LIMIT $2"
    ),
};

/// The same of one user.
pub const PAGE_OF_USER: Query = Query {
    name: "session.page_of_user",
    sql: concat!(
        "SELECT ",
        session_columns!(),
        ", ",
        user_columns!(),
        " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1 AND s.id < $2 \
         ORDER BY s.id DESC LIMIT $3"
    ),
};

/// The same of those opened from one address.
pub const PAGE_OF_ADDRESS: Query = Query {
    name: "session.page_of_address",
    sql: concat!(
        "SELECT ",
        session_columns!(),
        ", ",
        user_columns!(),
        " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.address = $1 AND s.id < $2 \
         ORDER BY s.id DESC LIMIT $3"
    ),
};

/// Opens a session: its creation is its last use and its authentication.
pub const ADD: Query = Query {
    name: "session.add",
    sql: "INSERT INTO sessions (id, token_hash, user_id, created_at, last_seen_at, \
          authenticated_at, expires_at, ends_at, address, user_agent) \
          VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8)",
};

/// When a session expires.
pub const EXPIRY: Query =
    Query { name: "session.expiry", sql: "SELECT expires_at FROM sessions WHERE id = $1" };

/// Writes a use down, if it is later than the last one known, if the session had not expired by
/// then, and if nobody moved its expiry meanwhile.
pub const TOUCH: Query = Query {
    name: "session.touch",
    sql: "UPDATE sessions SET last_seen_at = $1, expires_at = $2 \
          WHERE id = $3 AND last_seen_at < $1 AND expires_at > $1 AND expires_at = $4",
};

/// Lets a session go on under a new token after its user gave the password.
pub const RENEW: Query = Query {
    name: "session.renew",
    sql: "UPDATE sessions SET token_hash = $1, authenticated_at = $2 \
          WHERE id = $3 AND token_hash = $4",
};

/// Ends a session.
pub const END: Query = Query {
    name: "session.end",
    sql: "DELETE FROM sessions WHERE id = $1 RETURNING id, token_hash, expires_at, user_id",
};

/// Ends a session of this user.
pub const END_OWN: Query = Query {
    name: "session.end_own",
    sql: "DELETE FROM sessions WHERE id = $1 AND user_id = $2 \
          RETURNING id, token_hash, expires_at, user_id",
};

/// Ends a user's sessions but one.
pub const END_OF_USER: Query = Query {
    name: "session.end_of_user",
    sql: "DELETE FROM sessions WHERE user_id = $1 AND id <> $2 \
          RETURNING id, token_hash, expires_at, user_id",
};

/// Ends a user's sessions behind the newest so many, at most so many.
pub const END_BEYOND: Query = Query {
    name: "session.end_beyond",
    sql: "DELETE FROM sessions WHERE id IN \
          (SELECT id FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3) \
          RETURNING id, token_hash, expires_at, user_id",
};

/// Ends sessions that were opened before one, but another one, at most so many.
pub const REVOKE: Query = Query {
    name: "session.revoke",
    sql: "DELETE FROM sessions WHERE id IN \
          (SELECT id FROM sessions WHERE id < $1 AND id <> $2 ORDER BY id DESC LIMIT $3) \
          RETURNING id, token_hash, expires_at, user_id",
};

/// The same of one user's.
pub const REVOKE_OF_USER: Query = Query {
    name: "session.revoke_of_user",
    sql: "DELETE FROM sessions WHERE id IN \
          (SELECT id FROM sessions WHERE user_id = $1 AND id < $2 AND id <> $3 \
           ORDER BY id DESC LIMIT $4) \
          RETURNING id, token_hash, expires_at, user_id",
};

/// The same of those opened from one address.
pub const REVOKE_OF_ADDRESS: Query = Query {
    name: "session.revoke_of_address",
    sql: "DELETE FROM sessions WHERE id IN \
          (SELECT id FROM sessions WHERE address = $1 AND id < $2 AND id <> $3 \
           ORDER BY id DESC LIMIT $4) \
          RETURNING id, token_hash, expires_at, user_id",
};

/// What the user of a session may do, while the session is this user's, expires after one moment
/// and ends in any case after another.
pub const WARRANT: Query = Query {
    name: "session.warrant",
    sql: "SELECT u.status, u.role FROM sessions s JOIN users u ON u.id = s.user_id \
          WHERE s.id = $1 AND s.user_id = $2 AND s.expires_at > $3 AND s.ends_at > $4",
};

/// Removes sessions that expired at or before a moment, the oldest first, at most so many.
pub const SWEEP: Query = Query {
    name: "session.sweep",
    sql: "DELETE FROM sessions WHERE id IN \
          (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) \
          RETURNING id, token_hash, expires_at, user_id",
};

/// One row when a session has expired at a moment.
pub const ANY_EXPIRED: Query = Query {
    name: "session.any_expired",
    sql: "SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1",
};
