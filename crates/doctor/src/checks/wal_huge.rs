//! F40: the write-ahead log grows because nothing checkpoints it.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::threads::most_frequent;
use crate::words::Code;

/// A log above 64 MB that no reader holds back.
pub(super) const CAUSE: Cause = Cause {
    id: "F40",
    slug: "sqlite-wal-not-checkpointed",
    title: Code::WalHugeTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::SqliteWalBytes]],
    supporting: &[FactKey::SqliteMxFrame, FactKey::SqliteBackfill],
    refutes: &[reader_holds_it_back],
    look_alikes: &["F39"],
    bound: None,
    examine,
};

/// From this size on a log is worth writing back, in bytes.
pub(crate) const WAL_BYTES_MIN: f64 = 64e6;

fn greatest<'a>(case: &Case<'a>) -> Option<(&'a Fact, f64)> {
    case.evidence
        .all(FactKey::SqliteWalBytes)
        .filter_map(|fact| Some((fact, fact.value.number()?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// A reader held its lock in every look: then the reader is the cause (F39), not the checkpoint.
fn reader_holds_it_back(case: &Case<'_>) -> Option<Sentence> {
    let (wal, bytes) = greatest(case)?;
    if bytes < WAL_BYTES_MIN {
        return None;
    }
    let lock = object::lock(&wal.object, object::Lock::Read);
    let fact = case.evidence.find(FactKey::SqliteLockHeldBy, &lock)?;
    let pid = most_frequent(fact)?;
    let count = Expr::count(fact, pid);
    let always = case.percent(count.clone(), Expr::n(fact))?.value >= 95.0;
    let says = Sentence::new(Code::WalReader).name("pid", pid, fact);
    always.then(|| chain::looks(case, says, count, fact))?
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((fact, bytes)) = greatest(case) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Some(wal) = case.bytes(fact) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if bytes < WAL_BYTES_MIN {
        return Judgement::RuledOut(Sentence::new(Code::WalSmall).figure("wal", &wal));
    }
    let size = case.evidence.find(FactKey::SqliteSizeBytes, &fact.object);
    let Some(size) = size.and_then(|size| case.bytes(size)) else {
        return Judgement::lacking(case, &[FactKey::SqliteSizeBytes]);
    };
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says: Sentence::new(Code::WalHuge)
            .name("database", &fact.object, fact)
            .figure("wal", &wal)
            .figure("size", &size),
        chain: chain::of([frames(case, &fact.object)]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    })
}

fn frames(case: &Case<'_>, database: &str) -> Option<Sentence> {
    let frames = case.evidence.find(FactKey::SqliteMxFrame, database)?;
    let backfilled = case.evidence.find(FactKey::SqliteBackfill, database)?;
    Some(
        Sentence::new(Code::WalHugeFrames)
            .figure("backfilled", &case.count(Expr::value(backfilled))?)
            .figure("frames", &case.count(Expr::value(frames))?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn bed(wal: i64) -> Bed {
        Bed::new().fact(FactKey::SqliteWalBytes, "/a.db", wal).fact(
            FactKey::SqliteSizeBytes,
            "/a.db",
            331_776,
        )
    }

    #[test]
    fn a_log_of_hundreds_of_megabytes_is_found() {
        assert_eq!(assert_found(judge(&CAUSE, bed(400_000_000))).object, "/a.db");
    }

    #[test]
    fn a_small_log_is_normal() {
        assert_ruled_out(judge(&CAUSE, bed(4_000_000)), Code::WalSmall);
    }

    #[test]
    fn a_log_kept_by_a_reader_is_the_readers() {
        let bed = bed(400_000_000).counts_of(
            FactKey::SqliteLockHeldBy,
            "/a.db lock READ",
            &[("51", 64)],
            64,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::WalReader);
    }
}
