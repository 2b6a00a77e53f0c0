//! F50: a transaction left open by a session that runs nothing holds the lock the request waits for.

use super::loop_blocked_by_wait::timed_fact;
use super::pg_lock_wait::{self, Blocked};
use super::{Cause, Judgement, Nature};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// The head of our backend's chain of blockers is `idle in transaction`.
pub(super) const CAUSE: Cause = Cause {
    id: "F50",
    slug: "postgres-idle-in-transaction",
    title: Code::PgIdleTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::PgWaits]],
    supporting: &[FactKey::PgBlockedBy, FactKey::PgBackendXactMs, FactKey::PgBackendClientPid],
    refutes: &[],
    look_alikes: &["F49", "F51", "F54"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let blocked = pg_lock_wait::blocked(case);
    let Some(first) = blocked.first() else { return pg_lock_wait::not_locked(case) };
    if !first.blocker.is_idle() {
        return Judgement::RuledOut(
            Sentence::new(Code::PgLockByRunning)
                .name("pid", &first.blocker.pid, first.blocker.fact)
                .cite(first.blocker.state),
        );
    }
    verdict(case, first).map_or_else(
        || Judgement::lacking(case, &[FactKey::PgBackendXactMs]),
        |says| pg_lock_wait::found(case, CAUSE.id, says, &blocked),
    )
}

fn verdict(case: &Case<'_>, one: &Blocked<'_, '_>) -> Option<Sentence> {
    let (application, fact) = one.blocker.text(case, FactKey::PgBackendApp)?;
    let age = case.evidence.find(FactKey::PgBackendXactMs, &one.blocker.object)?;
    Some(
        Sentence::new(Code::PgIdle)
            .name("path", &one.symptom.path, timed_fact(case, one.symptom)?)
            .figure("time", &case.time(one.symptom)?)
            .name("pid", &one.blocker.pid, one.blocker.fact)
            .name("application", application, fact)
            .figure("age", &case.ms(Expr::value(age))?)
            .figure("share", &case.share(one.blocker.share_expr())?)
            .cite(one.waits.fact),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres as sample;

    #[test]
    fn an_open_transaction_is_found_by_its_backend_with_its_age() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "idle in transaction"));
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "815");
        assert!(crate::words::render(&finding.says).contains("61.00 s"));
    }

    #[test]
    fn a_running_holder_is_ruled_out_as_an_idle_one() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "active"));
        assert_ruled_out(judge(&CAUSE, bed), Code::PgLockByRunning);
    }

    #[test]
    fn an_empty_pool_of_idle_transactions_is_ruled_out_as_a_lock() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::empty_pool)), Code::PgLockNone);
    }
}
