//! The request's line in the log: what was asked, what came of it, and where its time went.

use std::sync::atomic::{AtomicU64, Ordering};

use galen_core::{Phase, RequestOutcome, RequestRecord};

use super::identify::Visit;
use crate::connection::MS_NS;
use crate::settings::RequestsLog;

/// Writes the line, if this request is to have one. Only names of ours are in it, never what the
/// client sent, so nothing needs escaping; the trace is in hexadecimal digits.
pub(super) fn write(visit: &Visit, record: &RequestRecord) {
    let settings = &visit.app.settings;
    // The canary logs once that readiness changed; every prober's "no" would only repeat it.
    let is_a_no = record.route == "/readyz" && record.status == 503;
    // Who goes away early is no news unless he waited long: anybody can do it, as often as he likes.
    let went_wrong = matches!(record.outcome, RequestOutcome::TimedOut | RequestOutcome::Panicked);
    let is_notable = went_wrong
        || (record.status >= 500 && !is_a_no)
        || record.ledger.wall_ns >= settings.limits.slow_request_ms * MS_NS;
    match settings.requests_log {
        RequestsLog::None => {}
        RequestsLog::All if is_notable => warn(visit, record),
        _ if is_notable => {
            let Some(left_out) = visit.app.request_lines.take(visit.now_ns()) else { return };
            if left_out > 0 {
                tracing::warn!(left_out, "lines of slow or failed requests were left out");
            }
            warn(visit, record);
        }
        RequestsLog::Notable => {}
        RequestsLog::All => info(visit, record),
    }
}

/// How many lines of notable requests are written in a second. Anybody can make a request fail; nobody
/// is to push everything else out of the log by it.
const LINES_A_SECOND: u64 = 100;

/// The lines of the current second, and how many were left out since the last one that was told.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    second: AtomicU64,
    lines: AtomicU64,
    left_out: AtomicU64,
}

impl Allowance {
    /// Whether a line may be written at the monotonic time `now_ns`, and if so how many were left out
    /// before it. Threads that meet at the turn of a second may write some more.
    fn take(&self, now_ns: u64) -> Option<u64> {
        let second = now_ns / 1_000_000_000;
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.lines.store(0, Ordering::Relaxed);
        }
        if self.lines.fetch_add(1, Ordering::Relaxed) >= LINES_A_SECOND {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

/// A phase's time in whole milliseconds; nothing for less than one.
fn ms(record: &RequestRecord, phase: Phase) -> Option<u64> {
    let ms = record.ledger.get(phase) / MS_NS;
    (ms > 0).then_some(ms)
}

const fn outcome(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Answered => "answered",
        RequestOutcome::TimedOut => "timed_out",
        RequestOutcome::GivenUp => "given_up",
        RequestOutcome::Panicked => "panicked",
    }
}

/// The method with the matched pattern, never the raw path.
struct Route(&'static str, &'static str);

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(method, pattern) = *self;
        write!(f, "{method} {}", if pattern.is_empty() { "(none)" } else { pattern })
    }
}

// The level and the fields of a line are constants of the program, so one function a level.
macro_rules! line {
    ($name:ident, $level:ident, $message:literal) => {
        fn $name(visit: &Visit, record: &RequestRecord) {
            tracing::$level!(
                request_id = %record.request_id,
                route = %Route(record.method, record.route),
                status = record.status,
                code = record.code,
                outcome = outcome(record.outcome),
                user_id = record.user_id.map(tracing::field::display),
                trace_id = visit.trace_id().map(tracing::field::display),
                parent_span_id = visit.trace.map(|trace| tracing::field::display(trace.parent_id)),
                wall_ms = record.ledger.wall_ns / MS_NS,
                accept_queue_ms = ms(record, Phase::AcceptQueue),
                executor_queue_ms = ms(record, Phase::ExecutorQueue),
                body_read_ms = ms(record, Phase::BodyRead),
                limits_ms = ms(record, Phase::Limits),
                cors_ms = ms(record, Phase::Cors),
                session_ms = ms(record, Phase::Session),
                csrf_ms = ms(record, Phase::Csrf),
                pool_wait_ms = ms(record, Phase::PoolWait),
                lock_wait_ms = ms(record, Phase::LockWait),
                query_ms = ms(record, Phase::Query),
                commit_wait_ms = ms(record, Phase::CommitWait),
                hash_wait_ms = ms(record, Phase::HashWait),
                hash_ms = ms(record, Phase::Hash),
                outbound_ms = ms(record, Phase::Outbound),
                evened_ms = ms(record, Phase::Evened),
                handler_ms = ms(record, Phase::Handler),
                blocked_ms = ms(record, Phase::Blocked),
                write_ms = ms(record, Phase::Write),
                unexplained_ms = record.ledger.unexplained_ns() / MS_NS,
                $message
            );
        }
    };
}

line!(warn, warn, "slow or failed request");
line!(info, info, "request");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_lines_out_and_the_next_second_says_how_many() {
        let allowance = Allowance::default();
        let taken = (0..150).filter(|_| allowance.take(5_000_000_000).is_some()).count();
        assert_eq!(taken, 100);
        assert_eq!(allowance.take(6_000_000_000), Some(50));
        assert_eq!(allowance.take(6_000_000_001), Some(0));
    }
}
