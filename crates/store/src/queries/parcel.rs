//! Statements on the outbox.

use super::Query;

/// ALL statements on parcels.
pub const ALL: &[Query] = &[
    ADD,
    ADD_ONCE,
    DUE,
    CLAIM,
    SETTLE,
    BY_ID,
    PAGE,
    PAGE_IN_STATE,
    PAGE_TO,
    OLDEST,
    RESEND,
    CANCEL,
    OF_USER,
    CANCEL_OF_BROADCAST,
    OF_USER_WAITING,
    FORGET_OF_USER,
    SWEEP,
    SWEEP_BEYOND,
];

/// The columns of a parcel, in the order `rows::parcel` reads them.
macro_rules! parcel_columns {
    () => {
        "id, channel, user_id, destination, code, language, params, links, state, attempts, \
         created_at, next_at, expires_at, ended_at, says, broadcast_id"
    };
}

/// Puts a parcel into the outbox, due at once.
pub const ADD: Query = Query {
    name: "parcel.add",
    sql: "INSERT INTO parcels (id, channel, user_id, destination, code, language, params, links, \
          state, created_at, next_at, expires_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $9, $10)",
};

/// Puts a parcel into the outbox, due at once, unless it is there already.
pub const ADD_ONCE: Query = Query {
    name: "parcel.add_once",
    sql: "INSERT INTO parcels (id, channel, user_id, destination, code, language, params, links, \
          state, created_at, next_at, broadcast_id) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $9, $10) \
          ON CONFLICT (id) DO NOTHING",
};

/// When the parcel of a channel that is due first is due.
pub const DUE: Query = Query {
    name: "parcel.due",
    sql: "SELECT next_at FROM parcels \
          WHERE channel = $1 AND state IN ('queued', 'sending') ORDER BY next_at LIMIT 1",
};

/// Claims the parcel of a channel that is due longest, until a moment. One whose destination is
/// being delivered to is passed over; a claim that has ended is due again.
pub const CLAIM: Query = Query {
    name: "parcel.claim",
    sql: concat!(
        "UPDATE parcels SET state = 'sending', attempts = attempts + 1, next_at = $1 \
         WHERE id = (SELECT p.id FROM parcels p \
         WHERE p.channel = $2 AND p.state IN ('queued', 'sending') AND p.next_at <= $3 \
         AND NOT EXISTS (SELECT b.id FROM parcels b WHERE b.channel = $2 \
         AND b.state = 'sending' AND b.destination = p.destination AND b.next_at > $3) \
         ORDER BY p.next_at, p.id LIMIT 1) AND next_at <= $3 RETURNING ",
        parcel_columns!()
    ),
};

/// Writes down what became of an attempt, if it is still the claim's.
pub const SETTLE: Query = Query {
    name: "parcel.settle",
    sql: "UPDATE parcels SET state = $1, next_at = $2, ended_at = $3, says = $4 \
          WHERE id = $5 AND attempts = $6 AND state = 'sending' RETURNING channel, broadcast_id",
};

/// The parcel of this name.
pub const BY_ID: Query = Query {
    name: "parcel.by_id",
    sql: concat!("SELECT ", parcel_columns!(), " FROM parcels WHERE id = $1"),
};

/// A page of parcels before an identifier, at most so many.
pub const PAGE: Query = Query {
    name: "parcel.page",
    sql: concat!(
        "SELECT ",
        parcel_columns!(),
        " FROM parcels WHERE id < $1 ORDER BY id DESC LIMIT $2"
    ),
};

/// The same of those in a state.
pub const PAGE_IN_STATE: Query = Query {
    name: "parcel.page_in_state",
    sql: concat!(
        "SELECT ",
        parcel_columns!(),
        " FROM parcels WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    ),
};

/// The same of those of a channel to a destination.
pub const PAGE_TO: Query = Query {
    name: "parcel.page_to",
    sql: concat!(
        "SELECT ",
        parcel_columns!(),
        " FROM parcels WHERE channel = $1 AND destination = $2 AND id < $3 \
         ORDER BY id DESC LIMIT $4"
    ),
};

/// When the oldest parcel of a channel that waits was owed.
pub const OLDEST: Query = Query {
    name: "parcel.oldest",
    sql: "SELECT created_at FROM parcels \
          WHERE channel = $1 AND state IN ('queued', 'sending') ORDER BY id LIMIT 1",
};

/// Queues a parcel that has ended without being sent once more, as if it were new.
pub const RESEND: Query = Query {
    name: "parcel.resend",
    sql: "UPDATE parcels SET state = 'queued', attempts = 0, created_at = $1, next_at = $1, \
          ended_at = NULL WHERE id = $2 AND state IN ('failed', 'captured', 'cancelled')",
};

/// Takes a parcel back that waits for its next attempt.
pub const CANCEL: Query = Query {
    name: "parcel.cancel",
    sql: "UPDATE parcels SET state = 'cancelled', ended_at = $1 WHERE id = $2 AND state = 'queued'",
};

/// What waits to be sent to a user, or was: of mails nothing else is kept for long.
pub const OF_USER: Query = Query {
    name: "parcel.of_user",
    sql: concat!("SELECT ", parcel_columns!(), " FROM parcels WHERE user_id = $1 LIMIT 200"),
};

/// Takes the parcels of a broadcast back that wait for their next attempt; gives their channels, one
/// row each.
pub const CANCEL_OF_BROADCAST: Query = Query {
    name: "parcel.cancel_of_broadcast",
    sql: "UPDATE parcels SET state = 'cancelled', ended_at = $1 \
          WHERE broadcast_id = $2 AND broadcast_id IS NOT NULL AND state = 'queued' \
          RETURNING channel",
};

/// By which channels parcels of a user wait, one row each.
pub const OF_USER_WAITING: Query = Query {
    name: "parcel.of_user_waiting",
    sql: "SELECT channel FROM parcels WHERE user_id = $1 AND state IN ('queued', 'sending')",
};

/// Forgets every parcel of a user.
pub const FORGET_OF_USER: Query =
    Query { name: "parcel.forget_of_user", sql: "DELETE FROM parcels WHERE user_id = $1" };

/// Forgets parcels in a state that ended at or before a moment, the oldest first, at most so many.
pub const SWEEP: Query = Query {
    name: "parcel.sweep",
    sql: "DELETE FROM parcels WHERE id IN (SELECT id FROM parcels \
          WHERE state = $1 AND ended_at IS NOT NULL AND ended_at <= $2 \
          ORDER BY ended_at, id LIMIT $3)",
};

/// Forgets parcels in a state behind the newest so many, at most so many at a time.
pub const SWEEP_BEYOND: Query = Query {
    name: "parcel.sweep_beyond",
    sql: "DELETE FROM parcels WHERE id IN \
          (SELECT id FROM parcels WHERE state = $1 ORDER BY id DESC LIMIT $2 OFFSET $3)",
};
