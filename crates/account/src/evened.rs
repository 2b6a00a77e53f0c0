//! Answers at even times: how long they take says nothing of what their words keep back.

use std::time::Duration;

use galen_core::{Cx, Phase};

use crate::Accounts;

/// Answers are given at whole multiples of this, in nanoseconds, from the beginning of the work: far
/// longer than the difference between finding an account and finding none, and shorter than anybody
/// minds who waits for a mail.
const STEP_NS: u64 = 200_000_000;

impl Accounts {
    /// Does the work, and waits until the next even moment (ASVS 5.0 6.3.8). The wait has a phase of
    /// its own in the ledger.
    pub(crate) async fn evened<T>(&self, cx: &Cx, work: impl Future<Output = T>) -> T {
        let began_ns = self.clock.monotonic_ns();
        let outcome = work.await;
        let done_ns = self.clock.monotonic_ns();
        let rest_ns = STEP_NS - done_ns.saturating_sub(began_ns) % STEP_NS;
        tokio::time::sleep(Duration::from_nanos(rest_ns)).await;
        cx.ledger.add(Phase::Evened, self.clock.monotonic_ns().saturating_sub(done_ns));
        outcome
    }
}
