//! Sweeping expired sessions: AUTO on this installation, told to others.

use super::port::Action;
use super::{Class, Repair, State, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Evidence, Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// The running server sweeps its own table.
pub(super) const OWN: Repair = Repair {
    id: "sweep-sessions",
    causes: &["F48"],
    title: Code::RepairSweep,
    class: Class::Auto,
    own: Some(true),
    risk: Code::RiskWrites,
    undo: Code::UndoNone,
    offer: own,
    state: Some(State { what: Code::ProofStateSessions, read: expired, reached }),
};

/// A stranger's operator is told how.
pub(super) const FOREIGN: Repair = Repair {
    id: "sweep-sessions-foreign",
    causes: &["F48"],
    title: Code::RepairSweepForeign,
    class: Class::Tell,
    own: Some(false),
    risk: Code::RiskWrites,
    undo: Code::UndoNever,
    offer: foreign,
    state: None,
};

/// The count of expired sessions the repair is judged by: the file's, or the server's own.
fn expired(evidence: &Evidence) -> Option<&Fact> {
    evidence
        .any(FactKey::SqliteSessionsExpired)
        .or_else(|| evidence.any(FactKey::WitnessSessionsExpired))
}

/// Almost none left: sessions go on expiring while the sweep is measured.
fn reached(before: Option<f64>, after: Option<f64>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after <= (before * 0.01).max(20.0),
        _ => false,
    }
}

fn own(_case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let expired = printed(finding, "expired")?;
    Some(Terms {
        how: None,
        command: Some("galen control: sweep sessions (DELETE … LIMIT 500, repeated)".to_owned()),
        effect: Some(Sentence::new(Code::RepairSweepEffect).figure("expired", expired)),
        action: Some(Action::SweepSessions),
    })
}

fn foreign(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let fact = case
        .evidence
        .all(FactKey::SqliteSessionsExpired)
        .find(|fact| fact.object == finding.object && matches!(fact.value, Value::Int(_)))?;
    let table = fact.object.rsplit_once('#').map_or("sessions", |(_, table)| table);
    let expired = case.count(Expr::value(fact))?;
    Some(Terms {
        how: Some(
            Sentence::new(Code::RepairSweepForeignHow)
                .name("table", table, fact)
                .figure("expired", &expired),
        ),
        command: Some(format!(
            "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE <expiry> < <now> \
             LIMIT 500);  -- repeat until 0 rows"
        )),
        effect: Some(Sentence::new(Code::RepairSweepEffect).figure("expired", &expired)),
        action: None,
    })
}
