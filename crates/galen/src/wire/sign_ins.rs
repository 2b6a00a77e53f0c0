//! Counts sign-ins that failed, on the way of every record to the monitor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use galen_core::{Code, CommandRecord, ConnectionEvent, Observer, RequestRecord, StatementRecord};

/// The route by which one signs in.
const ROUTE: &str = "/api/auth/login";

/// Hands every record on, and counts those of failed sign-ins.
pub struct SignIns {
    to: Arc<dyn Observer>,
    failed: Arc<AtomicU64>,
}

/// How many sign-ins failed since the start: wrong password, unknown address, limit reached.
#[derive(Clone, Debug, Default)]
pub struct FailedSignIns(Arc<AtomicU64>);

impl FailedSignIns {
    /// How many.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Listens on the way to `to`.
    pub fn before(&self, to: Arc<dyn Observer>) -> Arc<dyn Observer> {
        Arc::new(SignIns { to, failed: Arc::clone(&self.0) })
    }
}

impl Observer for SignIns {
    fn request(&self, record: &RequestRecord) {
        // Almost every request has no code, and costs this one look.
        if let Some(code) = record.code
            && record.route == ROUTE
            && is_failure(code)
        {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.to.request(record);
    }

    fn statement(&self, record: &StatementRecord) {
        self.to.statement(record);
    }

    fn command(&self, record: &CommandRecord) {
        self.to.command(record);
    }

    fn connection(&self, event: ConnectionEvent) {
        self.to.connection(event);
    }
}

fn is_failure(code: &str) -> bool {
    [Code::WrongCredentials, Code::TooManyAttempts].iter().any(|failed| failed.text() == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_core::{Ledger, RequestId, RequestOutcome};

    #[test]
    fn only_failed_sign_ins_are_counted_and_every_record_is_handed_on() {
        let failed = FailedSignIns::default();
        let behind = FailedSignIns::default();
        let nobody = Arc::new(galen_monitor::Recorder::new(
            Arc::new(crate::wire::clock::RealClock::new()),
            u64::MAX,
        ));
        let observer = failed.before(behind.before(nobody));
        for (route, code) in [
            (ROUTE, Some(Code::WrongCredentials.text())),
            (ROUTE, Some(Code::TooManyAttempts.text())),
            (ROUTE, Some(Code::InvalidFields.text())),
            (ROUTE, None),
            ("/api/me", Some(Code::TooManyAttempts.text())),
        ] {
            observer.request(&RequestRecord {
                request_id: RequestId::from_bytes([1; 16]),
                trace: None,
                user_id: None,
                route,
                method: "POST",
                status: 401,
                code,
                outcome: RequestOutcome::Answered,
                ledger: Ledger::new().snapshot(1),
            });
        }
        assert_eq!((failed.count(), behind.count()), (2, 2));
    }
}
