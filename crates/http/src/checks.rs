//! How the synthetic checks stand, as the roof tells it.

use std::sync::Arc;

use galen_core::UnixMs;

/// How one synthetic check stands: an own endpoint or a foreign backend, asked on a schedule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckStatus {
    /// Its name, unique among the checks.
    pub name: String,
    /// What is asked, without credentials.
    pub url: String,
    /// Whether it is an endpoint of this server.
    pub own: bool,
    /// When it was last asked, if it was.
    pub last_at: Option<UnixMs>,
    /// What came of it: `ok`, or what went wrong.
    pub last_outcome: Option<String>,
    /// Time to the connection last time, in milliseconds.
    pub connect_ms: Option<f64>,
    /// Time to the first byte of the answer last time, in milliseconds.
    pub first_byte_ms: Option<f64>,
    /// Whole time last time, in milliseconds.
    pub total_ms: Option<f64>,
    /// How often it was asked since the start of the process.
    pub runs: u64,
    /// How often that failed.
    pub failures: u64,
}

/// Tells how all checks stand. Asked with every request for them, so it must not wait for anything.
pub type Checks = Arc<dyn Fn() -> Vec<CheckStatus> + Send + Sync>;
