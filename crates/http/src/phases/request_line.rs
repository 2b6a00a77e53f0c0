//! The request's line in the log: what was asked, what came of it, and where its time went.

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
        _ if is_notable => warn(visit, record),
        RequestsLog::Notable => {}
        RequestsLog::All => info(visit, record),
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
                trace_id = visit.trace.map(|trace| tracing::field::display(trace.trace_id)),
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
