//! F49: a statement of the request waits for a lock that a running statement of another session holds.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::{Expr, Figure};
use crate::locks;
use crate::postgres::{self, Blocker, Doing, Waits};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// Our backend waits in `Lock:…`, and the head of its chain of blockers runs a statement.
pub(super) const CAUSE: Cause = Cause {
    id: "F49",
    slug: "postgres-lock-wait",
    title: Code::PgLockTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::PgWaits]],
    supporting: &[
        FactKey::PgBlockedBy,
        FactKey::PgBlockedOn,
        FactKey::PgReleaseToResponseMs,
        FactKey::PgBackendXactMs,
    ],
    refutes: &[],
    look_alikes: &["F50", "F51", "F54"],
    bound: None,
    examine,
};

/// A slow endpoint whose backend waits for a lock, and who holds it.
pub(super) struct Blocked<'c, 'a> {
    pub symptom: &'c Symptom,
    pub waits: Waits<'a>,
    pub blocker: Blocker<'a>,
    pub share: Figure,
    pub grade: Grade,
}

/// Every slow endpoint that waits for a lock through at least 60 % of its time.
pub(super) fn blocked<'c, 'a>(case: &'c Case<'a>) -> Vec<Blocked<'c, 'a>> {
    case.slow()
        .filter_map(|symptom| {
            let waits = postgres::waits(case.evidence, symptom)?;
            let blocker = Blocker::of(case.evidence, symptom)?;
            let locked = waits.share_expr(Doing::Locked).at_most(blocker.share_expr());
            let share = case.share(locked.times(case.inside_share(symptom)))?;
            let released = postgres::held(case.evidence, symptom, FactKey::PgReleaseToResponseMs);
            let grade = Grade::of(share.value, released.map_or(0, locks::coincidences))?;
            Some(Blocked { symptom, waits, blocker, share, grade })
        })
        .collect()
}

/// Why no lock is the cause: the looks in which the backend waited for one, or what is missing.
pub(super) fn not_locked(case: &Case<'_>) -> Judgement {
    let Some((symptom, waits)) = postgres::first_watched(case) else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let hidden = waits.share(Doing::Locked) >= 0.6 && Blocker::of(case.evidence, symptom).is_none();
    if hidden {
        return Judgement::lacking(case, &[FactKey::PgBackendState, FactKey::PgBlockedBy]);
    }
    postgres::watched_looks(case, Code::PgLockNone, Doing::Locked)
        .map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut)
}

fn examine(case: &Case<'_>) -> Judgement {
    let blocked = blocked(case);
    let Some(first) = blocked.first() else { return not_locked(case) };
    if first.blocker.is_idle() {
        return Judgement::RuledOut(
            Sentence::new(Code::PgLockByIdle)
                .name("pid", &first.blocker.pid, first.blocker.fact)
                .cite(first.blocker.state),
        );
    }
    verdict(case, first).map_or_else(
        || Judgement::lacking(case, &[FactKey::PgBackendApp]),
        |says| found(case, CAUSE.id, says, &blocked),
    )
}

/// The finding, its chain, and every endpoint that the same lock explains.
pub(super) fn found(
    case: &Case<'_>,
    cause: &'static str,
    says: Sentence,
    blocked: &[Blocked<'_, '_>],
) -> Judgement {
    let Some(first) = blocked.first() else { return not_locked(case) };
    let mut links = postgres::backend_links(case, first.symptom, &first.waits, Doing::Locked);
    links.extend(first.blocker.links(case));
    links.extend(release(case, first.symptom));
    links.extend(chain::control(case, first.symptom));
    let same = blocked.iter().filter(|one| one.blocker.pid == first.blocker.pid);
    Judgement::found(Finding {
        cause,
        object: first.blocker.pid.clone(),
        says,
        chain: links,
        explains: same.map(|one| one.symptom.object.clone()).collect(),
        share: Some(first.share.clone()),
        grade: first.grade,
    })
}

fn verdict(case: &Case<'_>, one: &Blocked<'_, '_>) -> Option<Sentence> {
    let (application, fact) = one.blocker.text(case, FactKey::PgBackendApp)?;
    Some(
        Sentence::new(Code::PgLock)
            .name("path", &one.symptom.path, timed_fact(case, one.symptom)?)
            .figure("time", &case.time(one.symptom)?)
            .name("pid", &one.blocker.pid, one.blocker.fact)
            .name("application", application, fact)
            .figure("share", &case.share(one.blocker.share_expr())?)
            .cite(one.waits.fact),
    )
}

fn release(case: &Case<'_>, symptom: &Symptom) -> Option<Sentence> {
    let fact = postgres::held(case.evidence, symptom, FactKey::PgReleaseToResponseMs)?;
    let ms = case.ms(Expr::median(fact))?;
    let n = case.count(Expr::n(fact))?;
    Some(Sentence::new(Code::PgRelease).figure("ms", &ms).figure("n", &n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres as sample;

    #[test]
    fn a_running_holder_is_found_by_its_backend() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "active"));
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.grade), ("815", Grade::Observed));
        assert_eq!(finding.explains, ["/orders"]);
    }

    #[test]
    fn two_answers_just_after_the_release_prove_what_was_found() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "active")).samples(
            FactKey::PgReleaseToResponseMs,
            "/orders",
            &[40.0, 61.0],
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).grade, Grade::Proven);
    }

    #[test]
    fn an_idle_holder_is_ruled_out_here_because_its_open_transaction_is_the_cause() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "idle in transaction"));
        assert_ruled_out(judge(&CAUSE, bed), Code::PgLockByIdle);
    }

    #[test]
    fn a_backend_that_works_is_ruled_out_as_a_lock_wait() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::scanning)), Code::PgLockNone);
    }

    #[test]
    fn a_holder_that_our_role_cannot_see_is_not_told() {
        let waits = [("Lock:transactionid", 80)];
        let bed = Bed::new().with(sample::slow).with(|bed| sample::backend(bed, &waits, 0.0));
        assert!(matches!(judge(&CAUSE, bed), Judgement::CannotTell(_)));
    }
}
