//! `[doctor]`: what counts as sick.

use super::quantity::Lapse;
use super::section::section;

section! {
    /// What counts as sick, for `galen doctor`.
    Doctor = "doctor" {
        /// An endpoint answers within this time.
        response_target: Lapse = Lapse::s(2);
        /// From here on it is an alert.
        response_alert: Lapse = Lapse::s(5);
        /// A query answers within this time.
        query_target: Lapse = Lapse::ms(100);
        /// The share of failed requests above which an endpoint is sick, in percent.
        error_rate_percent: u32 = 5;
        /// The highest concurrency at which the targets must hold.
        concurrency: u32 = 8;
    }
}
