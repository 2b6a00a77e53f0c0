//! Answers at even times: how long they take says nothing of what their words keep back.

use std::time::Duration;

use galen_core::{Cx, Phase};

use crate::Accounts;

impl Accounts {
    /// Does the work, and waits until the next even moment after its beginning (ASVS 5.0 6.3.8), and then
    /// for a random part of a twentieth of a step: what the work leaves behind (a core that is warm, a
    /// task that follows it) makes the answer earlier or later by far less. The wait has a phase of its
    /// own in the ledger.
    pub(crate) async fn evened<T>(&self, cx: &Cx, work: impl Future<Output = T>) -> T {
        let began_ns = self.clock.monotonic_ns();
        let outcome = work.await;
        let done_ns = self.clock.monotonic_ns();
        let step_ns = self.policy.links.evened_ms.max(1) * 1_000_000;
        let rest_ns = step_ns - done_ns.saturating_sub(began_ns) % step_ns;
        let mut random = [0_u8; 2];
        self.entropy.fill(&mut random);
        let blur_ns = step_ns / 20 * u64::from(u16::from_be_bytes(random)) / (1 << 16);
        tokio::time::sleep(Duration::from_nanos(rest_ns + blur_ns)).await;
        cx.ledger.add(Phase::Evened, self.clock.monotonic_ns().saturating_sub(done_ns));
        outcome
    }
}
