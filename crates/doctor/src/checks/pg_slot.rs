//! F62: a replication slot that nobody reads keeps WAL until the disk is full.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// What an unused slot may keep before it is worth a word, in bytes.
const RETAINED_MIN: f64 = 1e9;
/// The share of the free space it may keep.
const FREE_SHARE_MIN: f64 = 0.1;

/// A slot is not active, and keeps more WAL than `max_wal_size`, than a gigabyte, or than a tenth
/// of the free space.
pub(super) const CAUSE: Cause = Cause {
    id: "F62",
    slug: "postgres-slot-keeps-wal",
    title: Code::PgSlotTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::PgSlots, FactKey::PgSlotRetainedBytes]],
    supporting: &[FactKey::PgSlotActive, FactKey::PgSlotStatus, FactKey::PgDiskFreeBytes],
    refutes: &[],
    look_alikes: &[],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let unused = case.evidence.all(FactKey::PgSlotRetainedBytes).filter(|one| keeps(case, one));
    let most = unused.max_by(|a, b| {
        let bytes = |fact: &Fact| fact.value.number().unwrap_or(0.0);
        bytes(a).total_cmp(&bytes(b))
    });
    let judged = match most {
        Some(retained) => name(case, retained),
        None => none(case),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

/// Whether a slot is unused and keeps more than it should.
fn keeps(case: &Case<'_>, retained: &Fact) -> bool {
    let slot = &retained.object;
    let active = case.evidence.find(FactKey::PgSlotActive, slot).map(|fact| &fact.value);
    let over = case
        .evidence
        .text(FactKey::PgSlotStatus, slot)
        .is_some_and(|status| matches!(status, "extended" | "unreserved"));
    let bytes = retained.value.number().unwrap_or(0.0);
    let free = case.evidence.any(FactKey::PgDiskFreeBytes).and_then(|fact| fact.value.number());
    let crowds = free.is_some_and(|free| bytes >= free * FREE_SHARE_MIN);
    active == Some(&Value::Bool(false)) && (over || crowds || bytes >= RETAINED_MIN)
}

fn name(case: &Case<'_>, retained: &Fact) -> Option<Judgement> {
    let slot = retained.object.rsplit_once(" slot ")?.1;
    let status = case.evidence.find(FactKey::PgSlotStatus, &retained.object)?;
    let Value::Text(word) = &status.value else { return None };
    let says = Sentence::new(Code::PgSlot)
        .name("slot", slot, retained)
        .figure("retained", &case.bytes(retained)?)
        .name("status", word, status)
        .cite_all(case.evidence.find(FactKey::PgSlotActive, &retained.object));
    let free = case
        .evidence
        .any(FactKey::PgDiskFreeBytes)
        .and_then(|fact| Some(Sentence::new(Code::PgSlotFree).figure("free", &case.bytes(fact)?)));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: slot.to_owned(),
        says,
        chain: chain::of([free]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    }))
}

fn none(case: &Case<'_>) -> Option<Judgement> {
    let slots = case.evidence.any(FactKey::PgSlots)?;
    let count = case.count(Expr::len(slots))?;
    Some(Judgement::RuledOut(Sentence::new(Code::PgSlotNone).figure("slots", &count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self as plain, Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres::DB;

    fn slot(bed: Bed, active: bool, bytes: i64, status: &str) -> Bed {
        let name = format!("{DB} slot old_standby");
        bed.with(plain::server)
            .fact(FactKey::PgConnectOutcome, DB, "connected")
            .list(FactKey::PgSlots, DB, &["old_standby"])
            .fact(FactKey::PgSlotActive, &name, active)
            .fact(FactKey::PgSlotRetainedBytes, &name, bytes)
            .fact(FactKey::PgSlotStatus, &name, status)
            .fact(FactKey::PgDiskFreeBytes, DB, 90_000_000_000_i64)
    }

    #[test]
    fn an_unused_slot_beyond_its_share_is_found_by_its_name() {
        for (bytes, status) in [(96 << 20, "extended"), (12_000_000_000, "reserved")] {
            let bed = Bed::new().with(|bed| slot(bed, false, bytes, status));
            assert_eq!(assert_found(judge(&CAUSE, bed)).object, "old_standby");
        }
    }

    #[test]
    fn a_slot_that_is_read_and_one_that_keeps_little_are_ruled_out() {
        for (active, bytes, status) in [(true, 96 << 20, "extended"), (false, 1 << 20, "reserved")]
        {
            let bed = Bed::new().with(|bed| slot(bed, active, bytes, status));
            assert_ruled_out(judge(&CAUSE, bed), Code::PgSlotNone);
        }
    }
}
