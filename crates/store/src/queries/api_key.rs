//! Statements on API keys.

use super::Query;

/// ALL statements on API keys.
pub const ALL: &[Query] = &[BY_TOKEN, HOLDS, EVERY, STANDING, ADD, REVOKE, NOTE_USE];

macro_rules! api_key_columns {
    () => {
        "id, name, scopes, created_at, created_by, expires_at, last_used_at, revoked_at"
    };
}

/// The key under this token's hash.
pub const BY_TOKEN: Query = Query {
    name: "api_key.by_token",
    sql: concat!("SELECT ", api_key_columns!(), " FROM api_keys WHERE token_hash = $1"),
};

/// One row when the key with this identifier works at a moment.
pub const HOLDS: Query = Query {
    name: "api_key.holds",
    sql: "SELECT id FROM api_keys \
          WHERE id = $1 AND revoked_at IS NULL AND (expires_at > $2 OR expires_at IS NULL)",
};

/// Every key, newest first, at most so many.
pub const EVERY: Query = Query {
    name: "api_key.every",
    sql: concat!("SELECT ", api_key_columns!(), " FROM api_keys ORDER BY id DESC LIMIT $1"),
};

/// How many keys there are, counted to so many.
pub const STANDING: Query = Query {
    name: "api_key.standing",
    sql: "SELECT count(*) FROM (SELECT id FROM api_keys ORDER BY id LIMIT $1) AS counted",
};

/// Keeps a key.
pub const ADD: Query = Query {
    name: "api_key.add",
    sql: "INSERT INTO api_keys (id, name, token_hash, scopes, created_at, created_by, expires_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7)",
};

/// Revokes a key, unless it is.
pub const REVOKE: Query = Query {
    name: "api_key.revoke",
    sql: "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
};

/// Notes when a key was used.
pub const NOTE_USE: Query = Query {
    name: "api_key.note_use",
    sql: "UPDATE api_keys SET last_used_at = $1 \
          WHERE id = $2 AND (last_used_at < $1 OR last_used_at IS NULL)",
};
