//! Statements on links that open once, and on accounts whose address nobody has proven.

use super::Query;

/// ALL statements on links.
pub const ALL: &[Query] = &[
    ADD,
    BY_HASH,
    USE,
    FORGET_OF_USER,
    FORGET_BEYOND,
    OPEN_OF_USER,
    OF_USER,
    INVITATIONS,
    FORGET_INVITED,
    FORGET_INVITATION,
    FORGET_EVERY,
    SWEEP,
    UNPROVEN_ADD,
    UNPROVEN,
    UNPROVEN_REMOVE,
    UNPROVEN_OLD,
];

/// The columns of a link, in the order `rows::link` reads them.
macro_rules! link_columns {
    () => {
        "id, purpose, user_id, email, email_key, role, created_at, expires_at, used_at"
    };
}

/// Keeps a link.
pub const ADD: Query = Query {
    name: "link.add",
    sql: "INSERT INTO links \
          (id, hash, purpose, user_id, email, email_key, role, created_at, expires_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
};

/// The link under this hash, if it has this purpose.
pub const BY_HASH: Query = Query {
    name: "link.by_hash",
    sql: concat!("SELECT ", link_columns!(), " FROM links WHERE hash = $1 AND purpose = $2"),
};

/// Uses a link, if it was not used and has not expired: of any number who try, the one whose
/// statement changes the row has won (CVE-2026-1035).
pub const USE: Query = Query {
    name: "link.use",
    sql: "UPDATE links SET used_at = $1 WHERE id = $2 AND used_at IS NULL AND expires_at > $1",
};

/// Forgets the links of a user for a purpose that were not used.
pub const FORGET_OF_USER: Query = Query {
    name: "link.forget_of_user",
    sql: "DELETE FROM links WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL",
};

/// Forgets the links of a user for a purpose behind the newest so many.
pub const FORGET_BEYOND: Query = Query {
    name: "link.forget_beyond",
    sql: "DELETE FROM links WHERE id IN \
          (SELECT id FROM links WHERE user_id = $1 AND purpose = $2 \
           ORDER BY id DESC LIMIT 100 OFFSET $3)",
};

/// The newest link of a user for a purpose that was not used and expires after a moment.
pub const OPEN_OF_USER: Query = Query {
    name: "link.open_of_user",
    sql: concat!(
        "SELECT ",
        link_columns!(),
        " FROM links WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL \
         AND expires_at > $3 ORDER BY id DESC LIMIT 1"
    ),
};

/// The links that were mailed to a user.
pub const OF_USER: Query = Query {
    name: "link.of_user",
    sql: concat!(
        "SELECT ",
        link_columns!(),
        " FROM links WHERE user_id = $1 ORDER BY purpose, id LIMIT 200"
    ),
};

/// A page of invitations before an identifier, at most so many.
pub const INVITATIONS: Query = Query {
    name: "link.invitations",
    sql: concat!(
        "SELECT ",
        link_columns!(),
        " FROM links WHERE purpose = 'invitation' AND id < $1 ORDER BY id DESC LIMIT $2"
    ),
};

/// Forgets the invitations of a canonical address that were not used.
pub const FORGET_INVITED: Query = Query {
    name: "link.forget_invited",
    sql: "DELETE FROM links \
          WHERE purpose = 'invitation' AND email_key = $1 AND used_at IS NULL",
};

/// Forgets an invitation that was not used.
pub const FORGET_INVITATION: Query = Query {
    name: "link.forget_invitation",
    sql: "DELETE FROM links WHERE id = $1 AND purpose = 'invitation' AND used_at IS NULL",
};

/// Forgets every link of a user.
pub const FORGET_EVERY: Query =
    Query { name: "link.forget_every", sql: "DELETE FROM links WHERE user_id = $1" };

/// Forgets links that expired at or before a moment, the oldest first, at most so many.
pub const SWEEP: Query = Query {
    name: "link.sweep",
    sql: "DELETE FROM links WHERE id IN \
          (SELECT id FROM links WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2)",
};

/// Notes that nobody has proven the address of a user, from a moment on.
pub const UNPROVEN_ADD: Query = Query {
    name: "link.unproven_add",
    sql: "INSERT INTO unproven (user_id, registered_at) VALUES ($1, $2) \
          ON CONFLICT (user_id) DO UPDATE SET registered_at = excluded.registered_at",
};

/// One row when nobody has proven the address of this user.
pub const UNPROVEN: Query =
    Query { name: "link.unproven", sql: "SELECT user_id FROM unproven WHERE user_id = $1" };

/// Somebody has.
pub const UNPROVEN_REMOVE: Query =
    Query { name: "link.unproven_remove", sql: "DELETE FROM unproven WHERE user_id = $1" };

/// Users registered at or before a moment whose address nobody has proven, the oldest first.
pub const UNPROVEN_OLD: Query = Query {
    name: "link.unproven_old",
    sql: "SELECT user_id FROM unproven WHERE registered_at <= $1 \
          ORDER BY registered_at, user_id LIMIT $2",
};
