//! Statements on users.

use super::Query;
use super::broadcast::{is_reader, unread_broadcasts};

/// ALL statements on users.
pub const ALL: &[Query] = &[
    BY_ID,
    BY_EMAIL,
    CREDENTIALS_BY_ID,
    EMAIL_TAKEN,
    EMAIL_KEY,
    PAGE,
    PAGE_BY_PREFIX,
    PAGE_ADMINS,
    PAGE_ADMINS_BY_PREFIX,
    PAGE_AMONG,
    LOOKED_TO,
    ADD,
    SIGNED_IN,
    SET_PASSWORD,
    SET_PROFILE,
    PROVE_EMAIL,
    SET_EMAIL,
    CHANGE,
    REMOVE,
    ROLE_SINCE,
    INBOX,
    TOLD,
    UNREAD_LESS,
    SEEN_UNREAD_LESS,
    SEEN,
];

/// The unread and the unseen notifications of a user: those it was told alone are kept, live
/// broadcasts are walked, of which there are few and usually none.
macro_rules! inbox_counts {
    () => {
        concat!(
            "u.unread + ",
            unread_broadcasts!("u.born_seq"),
            ", u.unseen + ",
            unread_broadcasts!("u.seen_seq")
        )
    };
}

/// The columns of a user, in the order `rows::user` reads them.
macro_rules! user_columns {
    () => {
        concat!(
            "u.id, u.email, u.name, u.role, u.status, u.email_verified_at, u.created_at, \
             u.updated_at, u.last_login_at, u.preferences, ",
            inbox_counts!()
        )
    };
}
pub(super) use {inbox_counts, user_columns};

/// The user with this identifier.
pub const BY_ID: Query = Query {
    name: "user.by_id",
    sql: concat!("SELECT ", user_columns!(), " FROM users u WHERE u.id = $1"),
};

/// The user with this canonical address, and its password's hash.
pub const BY_EMAIL: Query = Query {
    name: "user.by_email",
    sql: concat!(
        "SELECT ",
        user_columns!(),
        ", u.password_hash FROM users u WHERE u.email_key = $1"
    ),
};

/// The user with this identifier, and its password's hash.
pub const CREDENTIALS_BY_ID: Query = Query {
    name: "user.credentials_by_id",
    sql: concat!("SELECT ", user_columns!(), ", u.password_hash FROM users u WHERE u.id = $1"),
};

/// One row when there is an account under this canonical address.
pub const EMAIL_TAKEN: Query =
    Query { name: "user.email_taken", sql: "SELECT id FROM users WHERE email_key = $1" };

/// The canonical form of a user's address.
pub const EMAIL_KEY: Query =
    Query { name: "user.email_key", sql: "SELECT email_key FROM users WHERE id = $1" };

/// A page of users before an identifier and not before another one, at most so many.
pub const PAGE: Query = Query {
    name: "user.page",
    sql: concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.id < $1 AND u.id >= $2 ORDER BY u.id DESC LIMIT $3"
    ),
};

/// A page of those whom a filter fits, among the next so many users: no index has the filter, and so
/// each page looks at a bounded number of them. An empty text, or a number below zero, asks for
/// nothing; who never signed in did so before every moment.
pub const PAGE_AMONG: Query = Query {
    name: "user.page_among",
    sql: concat!(
        "SELECT ",
        user_columns!(),
        " FROM (SELECT * FROM users WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3) u \
         WHERE ($4 = '' OR u.role = $4) AND ($5 = '' OR u.status = $5) \
         AND (CAST($6 AS bigint) < 0 OR (u.email_verified_at IS NOT NULL) = ($6 = 1)) \
         AND coalesce(u.last_login_at, 0) >= $7 AND coalesce(u.last_login_at, 0) < $8 \
         ORDER BY u.id DESC LIMIT $9"
    ),
};

/// The last of the next so many users.
pub const LOOKED_TO: Query = Query {
    name: "user.looked_to",
    sql: "SELECT id FROM users WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT 1 OFFSET $3",
};

/// A page of those whom a filter fits and whose canonical address lies in a range, which is what a
/// prefix is. The age of the account is asked of its time and not of its identifier: a range of both
/// ends of the identifier would seem better to the planner than that of the address.
pub const PAGE_BY_PREFIX: Query = Query {
    name: "user.page_by_prefix",
    sql: concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.email_key >= $1 AND u.email_key < $2 AND u.id < $3 \
         AND u.created_at >= $4 \
         AND ($5 = '' OR u.role = $5) AND ($6 = '' OR u.status = $6) \
         AND (CAST($7 AS bigint) < 0 OR (u.email_verified_at IS NOT NULL) = ($7 = 1)) \
         AND coalesce(u.last_login_at, 0) >= $8 AND coalesce(u.last_login_at, 0) < $9 \
         ORDER BY u.id DESC LIMIT $10"
    ),
};

/// A page of admins whom a filter fits. The role stands in the text, because only so does the planner
/// know that the index of admins holds every row that is wanted.
pub const PAGE_ADMINS: Query = Query {
    name: "user.page_admins",
    sql: concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.role = 'admin' AND u.id < $1 AND u.id >= $2 \
         AND ($3 = '' OR u.role = $3) AND ($4 = '' OR u.status = $4) \
         AND (CAST($5 AS bigint) < 0 OR (u.email_verified_at IS NOT NULL) = ($5 = 1)) \
         AND coalesce(u.last_login_at, 0) >= $6 AND coalesce(u.last_login_at, 0) < $7 \
         ORDER BY u.id DESC LIMIT $8"
    ),
};

/// A page of admins whose canonical address lies in a range. Joined with nothing, the address is no
/// longer what its index holds, and the planner goes through the admins, who are few, in their order.
pub const PAGE_ADMINS_BY_PREFIX: Query = Query {
    name: "user.page_admins_by_prefix",
    sql: concat!(
        "SELECT ",
        user_columns!(),
        " FROM users u WHERE u.role = 'admin' AND u.email_key || '' >= $1 \
         AND u.email_key || '' < $2 AND u.id < $3 AND u.created_at >= $4 \
         AND ($5 = '' OR u.role = $5) AND ($6 = '' OR u.status = $6) \
         AND (CAST($7 AS bigint) < 0 OR (u.email_verified_at IS NOT NULL) = ($7 = 1)) \
         AND coalesce(u.last_login_at, 0) >= $8 AND coalesce(u.last_login_at, 0) < $9 \
         ORDER BY u.id DESC LIMIT $10"
    ),
};

/// Makes a user, unless its canonical address is taken.
pub const ADD: Query = Query {
    name: "user.add",
    sql: "INSERT INTO users \
          (id, email, email_key, name, password_hash, role, status, created_at, updated_at, \
           born_seq, role_seq, seen_seq) \
          VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $7, $8, $8, $8) \
          ON CONFLICT (email_key) DO NOTHING",
};

/// Notes a sign-in; the password's hash is replaced when a new one is given.
pub const SIGNED_IN: Query = Query {
    name: "user.signed_in",
    sql: "UPDATE users SET last_login_at = $1, password_hash = coalesce($2, password_hash) \
          WHERE id = $3",
};

/// Sets a new password's hash.
pub const SET_PASSWORD: Query = Query {
    name: "user.set_password",
    sql: "UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3",
};

/// Sets what the user wants to be called, and how it wants to see things.
pub const SET_PROFILE: Query = Query {
    name: "user.set_profile",
    sql: "UPDATE users SET name = $1, preferences = $2, updated_at = $3 WHERE id = $4",
};

/// The address of a user was proven.
pub const PROVE_EMAIL: Query = Query {
    name: "user.prove_email",
    sql: "UPDATE users SET email_verified_at = $1, updated_at = $1 WHERE id = $2",
};

/// Gives a user another address, proven.
pub const SET_EMAIL: Query = Query {
    name: "user.set_email",
    sql: "UPDATE users SET email = $1, email_key = $2, email_verified_at = $3, updated_at = $3 \
          WHERE id = $4",
};

/// An admin's change.
pub const CHANGE: Query = Query {
    name: "user.change",
    sql: "UPDATE users SET name = $1, role = $2, status = $3, updated_at = $4 WHERE id = $5",
};

/// Deletes a user.
pub const REMOVE: Query = Query { name: "user.remove", sql: "DELETE FROM users WHERE id = $1" };

/// From now on the user has its role: what was sent to the role before is not for it.
pub const ROLE_SINCE: Query =
    Query { name: "user.role_since", sql: "UPDATE users SET role_seq = $1 WHERE id = $2" };

/// The head of a user's inbox: the counts, up to which place it has seen what there is, the newest
/// place given, and one or nothing for broadcasts that are with their readers.
pub const INBOX: Query = Query {
    name: "user.inbox",
    sql: concat!(
        "SELECT ",
        inbox_counts!(),
        ", u.seen_seq, (SELECT c.n FROM counters c WHERE c.name = 'notice_seq'), \
         (SELECT count(*) FROM (SELECT b.id FROM broadcasts b \
          WHERE b.state IN ('live', 'recalled') AND b.seq > 0 LIMIT 1) AS shown) \
         FROM users u WHERE u.id = $1"
    ),
};

/// A user was told something: one more is unread, and unseen. Changes no row when there is no such
/// user.
pub const TOLD: Query = Query {
    name: "user.told",
    sql: "UPDATE users SET unread = unread + 1, unseen = unseen + 1 WHERE id = $1",
};

/// A user's unread notification at this place is read or gone.
pub const UNREAD_LESS: Query = Query {
    name: "user.unread_less",
    sql: "UPDATE users SET unread = unread - 1, \
          unseen = unseen - CASE WHEN seen_seq < $1 THEN 1 ELSE 0 END WHERE id = $2",
};

/// So many of a user's unread notifications, all of them seen, are read.
pub const SEEN_UNREAD_LESS: Query = Query {
    name: "user.seen_unread_less",
    sql: "UPDATE users SET unread = unread - $1 WHERE id = $2",
};

/// A user has seen what there is up to a place, and has so many unread ones after it.
pub const SEEN: Query = Query {
    name: "user.seen",
    sql: "UPDATE users SET seen_seq = $1, unseen = $2 WHERE id = $3 AND seen_seq < $1",
};
