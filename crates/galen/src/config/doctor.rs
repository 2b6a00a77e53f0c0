//! `[doctor]`: what counts as sick, when Galen examines itself, and how long reports are kept.

use super::quantity::Lapse;
use super::section::section;

section! {
    /// What counts as sick, when Galen examines itself, and how long reports are kept.
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
        /// Whether Galen examines itself when an alert fires, in a process of its own, and attaches
        /// the report to the alert.
        on_alert: bool = true;
        /// The least time between two examinations that alerts begin.
        on_alert_every: Lapse = Lapse::minutes(15);
        /// How many examinations are kept beside the database; the oldest go first.
        keep: u32 = 50;
        /// How long an examination is kept.
        keep_for: Lapse = Lapse::days(30);
    }
}
