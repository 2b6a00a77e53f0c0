//! Renewing the planner's statistics: AUTO on this installation, asked elsewhere.

use super::port::Action;
use super::{Class, Repair, State, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Evidence, Fact, FactKey};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// `PRAGMA optimize` through the running server.
pub(super) const OWN: Repair = Repair {
    id: "optimize",
    causes: &["F42"],
    title: Code::RepairOptimize,
    class: Class::Auto,
    own: Some(true),
    risk: Code::RiskWriteLock,
    undo: Code::UndoStatistics,
    offer: own,
    state: Some(State { what: Code::ProofStateStatistics, read: believed, reached }),
};

/// ANALYZE by hand.
pub(super) const FOREIGN: Repair = Repair {
    id: "analyze",
    causes: &["F42"],
    title: Code::RepairStatistics,
    class: Class::Ask,
    own: Some(false),
    risk: Code::RiskWriteLock,
    undo: Code::UndoStatistics,
    offer: foreign,
    state: None,
};

fn believed(evidence: &Evidence) -> Option<&Fact> {
    evidence.any(FactKey::SqliteStatRows)
}

/// The statistics exist and have changed.
fn reached(before: Option<f64>, after: Option<f64>) -> bool {
    after.is_some() && before != after
}

fn own(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    Some(Terms {
        how: None,
        command: Some("PRAGMA optimize;".to_owned()),
        effect: effect(case, finding),
        action: Some(Action::Optimize),
    })
}

fn foreign(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (database, table) = finding.object.rsplit_once('#')?;
    Some(Terms {
        how: None,
        command: Some(format!("sqlite3 '{database}' 'ANALYZE {table};'")),
        effect: effect(case, finding),
        action: None,
    })
}

fn effect(case: &Case<'_>, finding: &Finding) -> Option<Sentence> {
    if let (Some(analyzed), Some(before)) =
        (printed(finding, "analyzed"), printed(finding, "before"))
    {
        let fact = case.evidence.find(FactKey::SqliteTableRows, &finding.object)?;
        let table = finding.object.rsplit_once('#')?.1;
        return Some(
            Sentence::new(Code::StatisticsPlan)
                .name("table", table, fact)
                .figure("analyzed", analyzed)
                .figure("before", before),
        );
    }
    let fact = case.evidence.find(FactKey::SqliteTableRows, &finding.object)?;
    let table = finding.object.rsplit_once('#')?.1;
    Some(
        Sentence::new(Code::RepairOptimizeEffect)
            .name("table", table, fact)
            .figure("rows", &case.count(Expr::value(fact))?),
    )
}
