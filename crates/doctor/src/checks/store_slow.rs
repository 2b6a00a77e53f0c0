//! F74: Redis, Valkey or NATS does not answer at once.

use super::upstream_slow::judge_waits;
use super::{Cause, Judgement, Nature};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::peers::WaitingFor;
use crate::words::Code;

/// As F64, where the peer is a store of short-lived values or messages.
pub(super) const CAUSE: Cause = Cause {
    id: "F74",
    slug: "store-slow",
    title: Code::StoreTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::PeerOutstanding]],
    supporting: &[
        FactKey::PeerKind,
        FactKey::PeerProbeMs,
        FactKey::PeerProbeOutcome,
        FactKey::PeerReleaseToResponseMs,
    ],
    refutes: &[],
    look_alikes: &["F64", "F13", "F63"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    judge_waits(case, (CAUSE.id, Code::StoreSlow), is_store)
}

/// Whether the peer is one that this cause is about.
fn is_store(waiting: &WaitingFor<'_>) -> bool {
    waiting.is_store()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    #[test]
    fn a_redis_that_does_not_answer_is_found() {
        let bed = Bed::new()
            .with(|bed| beds::awaited_peer(bed, "127.0.0.1:6379", "redis", 62))
            .samples(FactKey::PeerProbeMs, "127.0.0.1:6379", &[1500.0, 1500.0])
            .fact(FactKey::PeerProbeOutcome, "127.0.0.1:6379", "timeout");
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "127.0.0.1:6379");
    }

    #[test]
    fn another_slow_server_is_ruled_out_here() {
        let bed = Bed::new().with(|bed| beds::awaited_peer(bed, "127.0.0.1:9000", "upstream", 62));
        assert_ruled_out(judge(&CAUSE, bed), Code::PeerUnanswered);
    }
}
