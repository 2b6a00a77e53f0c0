//! Statements on carrying on what was published.

use super::Query;
use super::broadcast::is_reader;
use super::notification::published_columns;

/// ALL statements on carrying on.
pub const ALL: &[Query] = &[
    MOVE,
    ADDRESSEE,
    READERS,
    FAN_OUTS,
    FAN_OUT_ADD,
    FAN_OUT_MOVE,
    PROGRESS,
    QUEUED,
    TALLY,
    STOP,
    FORGET_FAN_OUTS,
    HOLD,
    HELD_NEXT,
    HELD_OF,
    LET_GO,
    FORGET_HELD,
    UNREAD_TOLD,
    UNREAD_BROADCAST,
];

/// A channel has carried on everything up to a place, if it stood at another.
pub const MOVE: Query =
    Query { name: "dispatch.move", sql: "UPDATE counters SET n = $1 WHERE name = $2 AND n = $3" };

/// The columns of an addressee, in the order `rows::addressee` reads them.
macro_rules! addressee_columns {
    () => {
        "u.id, u.email, u.status, u.email_verified_at, p.language, p.zone, p.quiet_from, \
         p.quiet_to, p.digest, c.category, c.email, c.push, o.category, o.email, o.push"
    };
}

/// What the user `u` wants of a category and of every other.
macro_rules! wishes {
    ($category:literal) => {
        concat!(
            " LEFT JOIN preferences p ON p.user_id = u.id \
             LEFT JOIN preference_rules c ON c.user_id = u.id AND c.category = ",
            $category,
            " LEFT JOIN preference_rules o ON o.user_id = u.id AND o.category = '*' "
        )
    };
}

/// A user as an addressee, with what it wants of a category.
pub const ADDRESSEE: Query = Query {
    name: "dispatch.addressee",
    sql: concat!(
        "SELECT ",
        addressee_columns!(),
        " FROM users u",
        wishes!("$1"),
        "WHERE u.id = $2"
    ),
};

/// The users after one in the order of their names, at most so many, each with whether a broadcast is
/// for it.
pub const READERS: Query = Query {
    name: "dispatch.readers",
    sql: concat!(
        "SELECT ",
        addressee_columns!(),
        ", CAST(CASE WHEN b.state = 'live' AND ",
        is_reader!(),
        " THEN 1 ELSE 0 END AS bigint) FROM broadcasts b JOIN users u ON u.id > $1",
        wishes!("b.category"),
        "WHERE b.id = $2 ORDER BY u.id LIMIT $3"
    ),
};

/// The broadcasts whose audience is being walked for a channel, the oldest first, at most so many.
pub const FAN_OUTS: Query = Query {
    name: "dispatch.fan_outs",
    sql: concat!(
        "SELECT ",
        published_columns!("b", "publish_at"),
        ", f.after FROM fan_outs f JOIN broadcasts b ON b.id = f.broadcast_id \
         WHERE f.channel = $1 AND f.state = 'running' ORDER BY f.seq LIMIT $2"
    ),
};

/// Begins to walk a broadcast's audience for a channel.
pub const FAN_OUT_ADD: Query = Query {
    name: "dispatch.fan_out_add",
    sql: "INSERT INTO fan_outs (broadcast_id, channel, seq, after, state) \
          VALUES ($1, $2, $3, $4, 'running') ON CONFLICT (broadcast_id, channel) DO NOTHING",
};

/// Moves on in a broadcast's audience, if the walk stands where it was read from.
pub const FAN_OUT_MOVE: Query = Query {
    name: "dispatch.fan_out_move",
    sql: "UPDATE fan_outs SET after = $1, state = $2, looked = looked + $3, held = held + $4 \
          WHERE broadcast_id = $5 AND channel = $6 AND after = $7 AND state = 'running'",
};

/// How far a broadcast has come by each channel.
pub const PROGRESS: Query = Query {
    name: "dispatch.progress",
    sql: "SELECT channel, state, looked, queued, held, sent, failed, captured, cancelled \
          FROM fan_outs WHERE broadcast_id = $1 ORDER BY channel",
};

/// One more parcel of a broadcast is in the outbox.
pub const QUEUED: Query = Query {
    name: "dispatch.queued",
    sql: "UPDATE fan_outs SET queued = queued + 1 WHERE broadcast_id = $1 AND channel = $2",
};

/// Counts what became of parcels of a broadcast.
pub const TALLY: Query = Query {
    name: "dispatch.tally",
    sql: "UPDATE fan_outs SET sent = sent + $1, failed = failed + $2, captured = captured + $3, \
          cancelled = cancelled + $4 WHERE broadcast_id = $5 AND channel = $6",
};

/// Stops walking a broadcast's audience.
pub const STOP: Query = Query {
    name: "dispatch.stop",
    sql: "UPDATE fan_outs SET state = 'stopped' WHERE broadcast_id = $1 AND state = 'running'",
};

/// Forgets how far a broadcast came.
pub const FORGET_FAN_OUTS: Query =
    Query { name: "dispatch.forget_fan_outs", sql: "DELETE FROM fan_outs WHERE broadcast_id = $1" };

/// Holds a notification back for a user.
pub const HOLD: Query = Query {
    name: "dispatch.hold",
    sql: "INSERT INTO held_notices (user_id, channel, seq, notification_id, due_at) \
          VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, channel, seq) DO NOTHING",
};

/// The user for whom something is due longest.
pub const HELD_NEXT: Query = Query {
    name: "dispatch.held_next",
    sql: "SELECT user_id FROM held_notices WHERE channel = $1 AND due_at <= $2 \
          ORDER BY due_at, user_id LIMIT 1",
};

/// What is due for a user by a channel, at most so many, the oldest first.
pub const HELD_OF: Query = Query {
    name: "dispatch.held_of",
    sql: "SELECT user_id, seq, notification_id, due_at FROM held_notices \
          WHERE user_id = $1 AND channel = $2 AND due_at <= $3 ORDER BY seq LIMIT $4",
};

/// Holds a notification back no more.
pub const LET_GO: Query = Query {
    name: "dispatch.let_go",
    sql: "DELETE FROM held_notices WHERE user_id = $1 AND channel = $2 AND seq = $3",
};

/// Forgets what is held back for a user.
pub const FORGET_HELD: Query =
    Query { name: "dispatch.forget_held", sql: "DELETE FROM held_notices WHERE user_id = $1" };

/// What a user was told alone, if it is there and was not read.
pub const UNREAD_TOLD: Query = Query {
    name: "dispatch.unread_told",
    sql: concat!(
        "SELECT ",
        published_columns!("n", "created_at"),
        " FROM notifications n WHERE n.id = $1 AND n.user_id = $2 AND n.read_at IS NULL"
    ),
};

/// A broadcast, if it is live and the user did not read it.
pub const UNREAD_BROADCAST: Query = Query {
    name: "dispatch.unread_broadcast",
    sql: concat!(
        "SELECT ",
        published_columns!("b", "publish_at"),
        " FROM broadcasts b WHERE b.id = $1 AND b.state = 'live' AND NOT EXISTS \
         (SELECT 1 FROM broadcast_marks m WHERE m.user_id = $2 AND m.seq = b.seq)"
    ),
};
