//! What admins tell the monitor: rules changed, alerts silenced. Kept with the accounts' data, because
//! it is theirs and must not be lost with the history.

use serde::{Deserialize, Serialize};

use crate::{SilenceId, UnixMs, UserId};

/// How an admin changed a rule, for all it watches or for one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleChange {
    /// The rule's code.
    pub rule: String,
    /// The one object (a route, a statement) it is changed for; empty: for all.
    pub object: String,
    /// Whether it is judged at all.
    pub enabled: bool,
    /// Another threshold, in the rule's unit.
    pub threshold: Option<f64>,
    /// Another pending period, in seconds.
    pub pending_s: Option<u32>,
}

/// A silence: alerts that match it are not told of while it lasts. That they are over always is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its name.
    pub id: SilenceId,
    /// What it matches: a cause (`writer_lock`), a rule's code, or `*` for everything.
    pub matches: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub created_at: UnixMs,
    /// Until when.
    pub ends_at: UnixMs,
    /// Who set it; nobody for the command line.
    pub created_by: Option<UserId>,
}

impl Silence {
    /// The longest match, in characters.
    pub const MATCHES_CHARS_MAX: usize = 300;
    /// The longest reason, in characters.
    pub const REASON_CHARS_MAX: usize = 500;
    /// How long a silence may last: thirty days, in milliseconds. What is to be silent for longer is a
    /// rule to be changed.
    pub const LASTS_MS_MAX: i64 = 30 * 86_400_000;
}
