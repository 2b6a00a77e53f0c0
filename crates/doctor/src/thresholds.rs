//! What counts as sick: the targets and limits an operator can set.

use serde::{Deserialize, Serialize};

/// Targets and limits; the defaults are those of the product (S22, S23).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// An endpoint answers within this time, in milliseconds.
    pub response_target_ms: f64,
    /// From here on it is an alert, in milliseconds.
    pub response_alert_ms: f64,
    /// A query answers within this time, in milliseconds.
    pub query_target_ms: f64,
    /// Share of failed requests above which an endpoint is sick, in percent.
    pub error_rate_percent: f64,
    /// The highest concurrency at which the targets must hold.
    pub concurrency: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            response_target_ms: 2_000.0,
            response_alert_ms: 5_000.0,
            query_target_ms: 100.0,
            error_rate_percent: 5.0,
            concurrency: 8,
        }
    }
}
