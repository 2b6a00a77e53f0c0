//! Statements on what admins tell the alerts: rules changed, silences.

use super::Query;

/// ALL statements on changed rules and silences.
pub const ALL: &[Query] = &[
    RULES,
    RULE_BEYOND,
    RULE_SET,
    RULE_FORGET,
    SILENCES,
    SILENCE_BEYOND,
    SILENCE_ADD,
    SILENCE_END,
    SILENCE_FORGET,
];

/// The changed rules, at most so many.
pub const RULES: Query = Query {
    name: "alert.rules",
    sql: "SELECT rule, object, enabled, threshold, pending_s FROM rule_changes \
          ORDER BY rule, object LIMIT $1",
};

/// One row when there are more changed rules than so many.
pub const RULE_BEYOND: Query = Query {
    name: "alert.rule_beyond",
    sql: "SELECT rule FROM rule_changes ORDER BY rule, object LIMIT 1 OFFSET $1",
};

/// Keeps how a rule was changed for an object, in place of an earlier change.
pub const RULE_SET: Query = Query {
    name: "alert.rule_set",
    sql: "INSERT INTO rule_changes (rule, object, enabled, threshold, pending_s, changed_at) \
          VALUES ($1, $2, $3, $4, $5, $6) \
          ON CONFLICT (rule, object) DO UPDATE SET enabled = excluded.enabled, \
          threshold = excluded.threshold, pending_s = excluded.pending_s, \
          changed_at = excluded.changed_at",
};

/// Forgets the change of a rule for an object.
pub const RULE_FORGET: Query = Query {
    name: "alert.rule_forget",
    sql: "DELETE FROM rule_changes WHERE rule = $1 AND object = $2",
};

/// Silences that end after a moment, those that end first first, at most so many.
pub const SILENCES: Query = Query {
    name: "alert.silences",
    sql: "SELECT id, matches, reason, created_at, ends_at, created_by FROM silences \
          WHERE ends_at > $1 ORDER BY ends_at, id LIMIT $2",
};

/// One row when more than so many silences end after a moment.
pub const SILENCE_BEYOND: Query = Query {
    name: "alert.silence_beyond",
    sql: "SELECT id FROM silences WHERE ends_at > $1 ORDER BY ends_at, id LIMIT 1 OFFSET $2",
};

/// Keeps a silence.
pub const SILENCE_ADD: Query = Query {
    name: "alert.silence_add",
    sql: "INSERT INTO silences (id, matches, reason, created_at, ends_at, created_by) \
          VALUES ($1, $2, $3, $4, $5, $6)",
};

/// Ends a silence at a moment, unless it has ended by then.
pub const SILENCE_END: Query = Query {
    name: "alert.silence_end",
    sql: "UPDATE silences SET ends_at = $1 WHERE id = $2 AND ends_at > $1",
};

/// Forgets silences that ended at or before a moment, the oldest first, at most so many.
pub const SILENCE_FORGET: Query = Query {
    name: "alert.silence_forget",
    sql: "DELETE FROM silences WHERE id IN \
          (SELECT id FROM silences WHERE ends_at <= $1 ORDER BY ends_at, id LIMIT $2)",
};
