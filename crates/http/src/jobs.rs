//! The periodic work of the roof, as it tells it, and how an admin has a piece of it run at once.

use galen_core::{Fut, UnixMs};
use serde_json::Value;

/// How a piece of periodic work has done since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobStatus {
    /// Its name, `noun.verb`.
    pub name: String,
    /// How often it runs, in milliseconds.
    pub every_ms: u64,
    /// Whether an admin may have it run at once: what only does sooner what it would do anyway.
    pub by_hand: bool,
    /// Runs that ended well.
    pub runs: u64,
    /// Runs that failed, broke or were given up.
    pub failures: u64,
    /// Turns passed over because the run before still went on.
    pub skipped: u64,
    /// When the last run began, if there was one.
    pub last_at: Option<UnixMs>,
    /// How long it took, in milliseconds.
    pub last_took_ms: f64,
    /// What it did, if it ended well.
    pub last_did: Option<Value>,
    /// Why it failed, if it did.
    pub last_error: Option<String>,
}

/// The periodic work.
pub trait Jobs: Send + Sync {
    /// How all of it has done. Asked with every request, so it must not wait for anything.
    fn statuses(&self) -> Vec<JobStatus>;

    /// Runs a piece of it now, after the run that may be going on. `Err` holds why it failed; it is
    /// called only with a name that [`Jobs::statuses`] gives and says may be run by hand.
    fn run<'a>(&'a self, name: &'a str) -> Fut<'a, Result<Value, String>>;
}
