//! Removing a stale lock or PID file: AUTO for our own, told for others.

use super::port::Action;
use super::{Class, Repair, State, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Evidence, Fact, FactKey};
use crate::sentence::Sentence;
use crate::words::Code;

/// Our own file.
pub(super) const OWN: Repair = Repair {
    id: "remove-own-stale-lock",
    causes: &["F80"],
    title: Code::RepairRemoveLock,
    class: Class::Auto,
    own: Some(true),
    risk: Code::RiskNone,
    undo: Code::UndoNone,
    offer: own,
    state: Some(State { what: Code::ProofStateLock, read: file, reached }),
};

/// Another program's file.
pub(super) const FOREIGN: Repair = Repair {
    id: "remove-stale-lock",
    causes: &["F80"],
    title: Code::RepairStaleFile,
    class: Class::Tell,
    own: None,
    risk: Code::RiskNone,
    undo: Code::UndoNever,
    offer: foreign,
    state: None,
};

fn file(evidence: &Evidence) -> Option<&Fact> {
    evidence.any(FactKey::LockFilePid)
}

/// The file is gone.
fn reached(_before: Option<f64>, after: Option<f64>) -> bool {
    after.is_none()
}

fn is_own(case: &Case<'_>, finding: &Finding) -> bool {
    case.evidence.flag(FactKey::LockFileOwn, &finding.object) == Some(true)
}

fn own(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let fact = case.evidence.find(FactKey::LockFilePid, &finding.object)?;
    is_own(case, finding).then(|| Terms {
        how: None,
        command: Some(format!("unlink {}", finding.object)),
        effect: Some(Sentence::new(Code::RepairRemoveLockEffect).name(
            "file",
            &finding.object,
            fact,
        )),
        action: Some(Action::RemoveStaleLock { file: finding.object.clone() }),
    })
}

fn foreign(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    if case.own && is_own(case, finding) {
        return None;
    }
    let fact = case.evidence.find(FactKey::LockFilePid, &finding.object)?;
    let how = Sentence::new(Code::RepairStaleFileHow)
        .name("file", &finding.object, fact)
        .figure("pid", printed(finding, "pid")?);
    let command = format!("rm '{}'", finding.object);
    Some(Terms { how: Some(how), command: Some(command), ..Terms::default() })
}
