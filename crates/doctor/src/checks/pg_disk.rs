//! F58: the backend of the request waits for PostgreSQL's disk: for WAL, checkpoints or pages.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::{Expr, Figure, Unit};
use crate::postgres::{self, Doing, Waits};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// Our backend's waits are of kind `IO` or on the WAL's own locks.
pub(super) const CAUSE: Cause = Cause {
    id: "F58",
    slug: "postgres-slow-disk",
    title: Code::PgIoTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::PgWaits]],
    supporting: &[
        FactKey::PgCheckpointsRequested,
        FactKey::PgCheckpointsTimed,
        FactKey::PgMaxWalBytes,
        FactKey::HostPsiIo,
    ],
    refutes: &[],
    look_alikes: &["F54", "F49", "F32"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let waiting: Vec<(&Symptom, Waits<'_>, Figure, Grade)> = case
        .slow()
        .filter_map(|symptom| {
            let waits = postgres::waits(case.evidence, symptom)?;
            let disk = waits.share_expr(Doing::Disk).times(case.inside_share(symptom));
            let share = case.share(disk)?;
            let grade = Grade::of(share.value, 0)?;
            Some((symptom, waits, share, grade))
        })
        .collect();
    let Some((symptom, waits, share, grade)) = waiting.first() else {
        return postgres::watched_looks(case, Code::PgIoNone, Doing::Disk)
            .map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut);
    };
    let verdict = || {
        let wait = waits.most(Doing::Disk)?;
        let says = Sentence::new(Code::PgIo)
            .name("path", &symptom.path, timed_fact(case, symptom)?)
            .figure("time", &case.time(symptom)?)
            .name("wait", wait, waits.fact)
            .figure("share", share);
        Some((wait.to_owned(), says))
    };
    let Some((object, says)) = verdict() else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let mut links = postgres::backend_links(case, symptom, waits, Doing::Disk);
    links.extend(checkpoints(case));
    Judgement::found(Finding {
        cause: CAUSE.id,
        object,
        says,
        chain: links,
        explains: waiting.iter().map(|(symptom, ..)| symptom.object.clone()).collect(),
        share: Some(share.clone()),
        grade: *grade,
    })
}

/// How many checkpoints were forced by the amount of WAL.
fn checkpoints(case: &Case<'_>) -> Option<Sentence> {
    let requested = case.evidence.any(FactKey::PgCheckpointsRequested)?;
    let timed = case.evidence.any(FactKey::PgCheckpointsTimed)?;
    let size = case.evidence.any(FactKey::PgMaxWalBytes)?;
    let all = Expr::value(requested).plus(Expr::value(timed));
    Some(
        Sentence::new(Code::PgIoCheckpoints)
            .figure("requested", &case.count(Expr::value(requested))?)
            .figure("all", &Figure::of(all, Unit::Count, case.evidence)?)
            .figure("size", &case.bytes(size)?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres as sample;

    #[test]
    fn commits_that_wait_for_the_log_are_found() {
        let waits = [("IO:WALSync", 60), ("LWLock:WALWrite", 10), ("working", 10)];
        let bed = Bed::new().with(sample::slow).with(|bed| sample::backend(bed, &waits, 0.0));
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.grade), ("IO:WALSync", Grade::Observed));
    }

    #[test]
    fn a_backend_that_computes_is_ruled_out_as_waiting_for_the_disk() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::scanning)), Code::PgIoNone);
    }

    #[test]
    fn a_lock_wait_is_ruled_out_as_a_slow_disk() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "active"));
        assert_ruled_out(judge(&CAUSE, bed), Code::PgIoNone);
    }
}
