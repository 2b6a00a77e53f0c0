//! Writing the write-ahead log back: AUTO on this installation.

use super::port::Action;
use super::{Class, Repair, State, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Evidence, Fact, FactKey};
use crate::sentence::Sentence;
use crate::words::Code;

/// A passive checkpoint, then a truncating one, within a second.
pub(super) const OWN: Repair = Repair {
    id: "checkpoint",
    causes: &["F40"],
    title: Code::RepairCheckpoint,
    class: Class::Auto,
    own: Some(true),
    risk: Code::RiskNone,
    undo: Code::UndoNone,
    offer,
    state: Some(State { what: Code::ProofStateWal, read: wal, reached }),
};

fn wal(evidence: &Evidence) -> Option<&Fact> {
    evidence.any(FactKey::SqliteWalBytes)
}

fn reached(before: Option<f64>, after: Option<f64>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after <= before * 0.5,
        (Some(_), None) => true,
        _ => false,
    }
}

fn offer(_case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let wal = printed(finding, "wal")?;
    Some(Terms {
        how: None,
        command: Some(
            "PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_checkpoint(TRUNCATE);".to_owned(),
        ),
        effect: Some(Sentence::new(Code::RepairCheckpointEffect).figure("wal", wal)),
        action: Some(Action::Checkpoint),
    })
}
