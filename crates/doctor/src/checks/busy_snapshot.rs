//! F38: a transaction that read first is refused when it writes, at once and beside a free lock.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::object::{self, Lock};
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::{Ailment, Symptom};
use crate::words::Code;

/// "database is locked" from an endpoint that fails far more often than the lock is held, sooner than
/// any busy handler gives up.
pub(super) const CAUSE: Cause = Cause {
    id: "F38",
    slug: "sqlite-busy-snapshot",
    title: Code::SnapshotTitle,
    nature: Nature::Failure,
    required: &[
        &[FactKey::HttpErrors],
        &[FactKey::SqliteJournalMode],
        &[FactKey::SqliteLockHeldBy],
        &[FactKey::HttpBodyText, FactKey::LogPhrases],
    ],
    supporting: &[FactKey::HttpTotalMs],
    refutes: &[],
    look_alikes: &["F35", "F36", "F37"],
    bound: None,
    examine,
};

/// The phrase of result code 5 (rescode.html), of which 517 is one kind.
const LOCKED: &str = "database is locked";
/// The name of result code 517, where a program tells it.
const SNAPSHOT: &str = "SQLITE_BUSY_SNAPSHOT";
/// A refusal that took longer has waited in a busy handler, in milliseconds.
const AT_ONCE_MS: f64 = 1_000.0;
/// The lock must be held so many times less often than requests fail.
const TIMES_LESS: f64 = 2.0;

/// Where a known error was read: in the answer's body or in the log.
pub(super) fn told<'a>(case: &Case<'a>, endpoint: &str, phrase: &str) -> Option<&'a Fact> {
    let body = case.evidence.find(FactKey::HttpBodyText, endpoint);
    let in_body =
        body.filter(|fact| matches!(&fact.value, Value::Text(text) if text.contains(phrase)));
    in_body.or_else(|| {
        let log = case.evidence.any(FactKey::LogPhrases)?;
        matches!(&log.value, Value::Counts(all) if all.keys().any(|key| key.contains(phrase)))
            .then_some(log)
    })
}

/// The endpoints that fail, those asked one request at a time first.
pub(super) fn failing<'c>(case: &'c Case<'_>) -> impl Iterator<Item = &'c Symptom> {
    let mut all: Vec<&Symptom> =
        case.symptoms.iter().filter(|symptom| symptom.ailment == Ailment::Failing).collect();
    all.sort_by_key(|symptom| object::parse_endpoint(&symptom.object).1);
    all.into_iter()
}

/// What the refusal of one endpoint rests on.
struct Refused<'c, 'a> {
    symptom: &'c Symptom,
    said: &'a Fact,
    took: Figure,
    lock: &'a Fact,
    held: Figure,
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((symptom, said)) =
        failing(case).find_map(|symptom| Some((symptom, told(case, &symptom.object, LOCKED)?)))
    else {
        return nothing_locked(case);
    };
    let Some(refused) = refused(case, symptom, said) else {
        return Judgement::lacking(case, CAUSE.required[2]);
    };
    let fails = symptom.figure.as_ref().map_or(0.0, |share| share.value);
    if refused.took.value > AT_ONCE_MS {
        return Judgement::RuledOut(
            Sentence::new(Code::SnapshotWaited)
                .name("path", &symptom.object, said)
                .figure("time", &refused.took),
        );
    }
    if refused.held.value * TIMES_LESS > fails {
        return Judgement::RuledOut(
            Sentence::new(Code::SnapshotLockHeld).figure("share", &refused.held).cite(said),
        );
    }
    named(case, &refused).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn refused<'c, 'a>(
    case: &Case<'a>,
    symptom: &'c Symptom,
    said: &'a Fact,
) -> Option<Refused<'c, 'a>> {
    let took = case.ms(Expr::median(case.evidence.find(FactKey::HttpTotalMs, &symptom.object)?))?;
    let write = object::lock("", Lock::Write);
    let lock =
        case.evidence.all(FactKey::SqliteLockHeldBy).find(|one| one.object.ends_with(&write))?;
    let Value::Counts(holders) = &lock.value else { return None };
    let held = Expr::sum(holders.keys().map(|pid| Expr::count(lock, pid)));
    let held =
        case.share(held.plus(Expr::n(lock).times(Expr::Constant(0.0))).over(Expr::n(lock)))?;
    Some(Refused { symptom, said, took, lock, held })
}

fn named(case: &Case<'_>, refused: &Refused<'_, '_>) -> Option<Judgement> {
    let path = &refused.symptom.object;
    let errors = case.evidence.find(FactKey::HttpErrors, path)?;
    let database = refused.lock.object.rsplit_once(" lock ")?.0;
    let mode = case.evidence.find(FactKey::SqliteJournalMode, database)?;
    if case.evidence.text(FactKey::SqliteJournalMode, database) != Some("wal") {
        return Some(Judgement::RuledOut(
            Sentence::new(Code::WalResetNotWal).name("database", database, mode),
        ));
    }
    let is_told = told(case, path, SNAPSHOT);
    let says = Sentence::new(Code::Snapshot)
        .name("path", path, errors)
        .figure("share", refused.symptom.figure.as_ref()?)
        .figure("n", &case.count(Expr::n(errors))?)
        .figure("time", &refused.took)
        .figure("held", &refused.held)
        .name("database", database, mode)
        .cite(refused.said);
    let quoted = is_told.map(|fact| Sentence::new(Code::SnapshotTold).cite(fact));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: path.clone(),
        says,
        chain: chain::of([chain::timing(case, path), quoted]),
        explains: vec![path.clone()],
        share: None,
        grade: if is_told.is_some() { Grade::Proven } else { Grade::Observed },
    }))
}

/// No failing endpoint was told that the database is locked.
fn nothing_locked(case: &Case<'_>) -> Judgement {
    let said = case.evidence.any(FactKey::LogPhrases).or(case.evidence.any(FactKey::HttpBodyText));
    match said {
        Some(fact) => Judgement::RuledOut(Sentence::new(Code::SnapshotNothing).cite(fact)),
        None => Judgement::lacking(case, CAUSE.required[3]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    fn bed(took_ms: f64, held: u64) -> Bed {
        let bed = beds::failing(Bed::new(), "/transfer", "database is locked", took_ms);
        bed.fact(FactKey::SqliteJournalMode, "/srv/app/a.db", "wal").counts_of(
            FactKey::SqliteLockHeldBy,
            "/srv/app/a.db lock WRITE",
            &[("4100", held)],
            64,
        )
    }

    #[test]
    fn an_immediate_refusal_beside_a_free_lock_is_found() {
        let finding = assert_found(judge(&CAUSE, bed(55.0, 6)));
        assert_eq!((finding.object.as_str(), finding.grade), ("/transfer", Grade::Observed));
    }

    #[test]
    fn a_refusal_after_the_busy_handlers_wait_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(5040.0, 6)), Code::SnapshotWaited);
    }

    #[test]
    fn a_refusal_beside_a_held_lock_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(55.0, 60)), Code::SnapshotLockHeld);
    }

    #[test]
    fn another_error_is_ruled_out() {
        let bed = beds::failing(Bed::new(), "/transfer", "no such table: a", 5.0)
            .fact(FactKey::SqliteJournalMode, "/srv/app/a.db", "wal")
            .counts_of(FactKey::SqliteLockHeldBy, "/srv/app/a.db lock WRITE", &[], 64);
        assert_ruled_out(judge(&CAUSE, bed), Code::SnapshotNothing);
    }
}
