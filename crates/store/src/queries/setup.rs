//! Statements on the one-time setup token.

use super::Query;

/// ALL statements on the setup token.
pub const ALL: &[Query] = &[OFFER, WAITS, REDEEM];

/// Keeps a token's hash in place of any earlier one.
pub const OFFER: Query = Query {
    name: "setup.offer",
    sql: "INSERT INTO setup (slot, token_hash, expires_at) VALUES (1, $1, $2) \
          ON CONFLICT (slot) DO UPDATE \
          SET token_hash = excluded.token_hash, expires_at = excluded.expires_at",
};

/// One row when this token waits and has not expired.
pub const WAITS: Query = Query {
    name: "setup.waits",
    sql: "SELECT slot FROM setup WHERE slot = 1 AND token_hash = $1 AND expires_at > $2",
};

/// Takes the token away if it is this one and has not expired; whoever changes the row has won.
pub const REDEEM: Query = Query {
    name: "setup.redeem",
    sql: "DELETE FROM setup WHERE slot = 1 AND token_hash = $1 AND expires_at > $2",
};
