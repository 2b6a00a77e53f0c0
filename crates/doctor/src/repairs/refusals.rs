//! What is refused: useless or harmful work that is often tried, each with the measured reason.

use crate::case::Case;
use crate::checks::{Finding, scan_bound};
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// Every refusal that this case calls for.
pub fn of(case: &Case<'_>, findings: &[Finding], hygiene: &[Finding]) -> Vec<Sentence> {
    let named = |cause: &str| findings.iter().chain(hygiene).any(|one| one.cause == cause);
    let mut refused = Vec::new();
    if !named("F43") {
        refused.extend(vacuum(case));
    }
    if !named("F42") {
        refused.extend(analyze(case));
    }
    if !named("F48") {
        refused.extend(sweep(case));
    }
    refused.extend(zombies(case));
    if !case.symptoms.is_empty() {
        refused.extend(restart(case));
    }
    refused
}

/// VACUUM without free pages to give back, with its bound where an endpoint is slow.
fn vacuum(case: &Case<'_>) -> Option<Sentence> {
    let free = case.evidence.any(FactKey::SqliteFreelistPages)?;
    let pages = case.evidence.find(FactKey::SqlitePages, &free.object)?;
    let size = case.evidence.find(FactKey::SqliteSizeBytes, &free.object)?;
    let fill = |code| {
        Some(
            Sentence::new(code)
                .figure("free", &case.count(Expr::value(free))?)
                .figure("pages", &case.count(Expr::value(pages))?)
                .figure("size", &case.bytes(size)?),
        )
    };
    let bound = scan_bound::of(case)
        .filter(|scan| scan.scan.object == free.object && scan.share.value < 10.0)
        .and_then(|scan| Some((case.ms(Expr::value(scan.scan))?, scan.share, scan.time)));
    match bound {
        Some((scan, share, time)) => Some(
            fill(Code::RefuseVacuumBound)?
                .figure("scan", &scan)
                .figure("share", &share)
                .figure("time", &time),
        ),
        None => fill(Code::RefuseVacuum),
    }
}

/// ANALYZE on statistics that agree with their tables.
fn analyze(case: &Case<'_>) -> Option<Sentence> {
    let believed = case.evidence.any(FactKey::SqliteStatRows)?;
    let rows = case.evidence.find(FactKey::SqliteTableRows, &believed.object)?;
    let table = believed.object.rsplit_once('#')?.1;
    Some(
        Sentence::new(Code::RefuseAnalyze)
            .name("table", table, rows)
            .figure("rows", &case.count(Expr::value(rows))?)
            .cite(believed),
    )
}

/// A sweep of sessions that are not expired.
fn sweep(case: &Case<'_>) -> Option<Sentence> {
    let expired = case.evidence.any(FactKey::SqliteSessionsExpired)?;
    let total = case.evidence.find(FactKey::SqliteSessionsTotal, &expired.object)?;
    Some(
        Sentence::new(Code::RefuseSweep)
            .figure("expired", &case.count(Expr::value(expired))?)
            .figure("total", &case.count(Expr::value(total))?),
    )
}

fn zombies(case: &Case<'_>) -> Option<Sentence> {
    let has_some = |fact: &&Fact| matches!(&fact.value, Value::List(pids) if !pids.is_empty());
    let fact = case.evidence.all(FactKey::ProcessZombies).find(has_some)?;
    Some(Sentence::new(Code::RefuseKillZombies).cite(fact))
}

fn restart(case: &Case<'_>) -> Option<Sentence> {
    let (_, fact) = case.server()?;
    Some(Sentence::new(Code::RefuseRestart).cite(fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed};
    use crate::thresholds::Thresholds;
    use crate::{validate, words};

    #[test]
    fn a_vacuum_of_a_third_of_a_megabyte_is_refused_with_its_bound() {
        let bed = Bed::new().with(sample::blocked_loop).with(sample::small_database);
        let evidence = bed.seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, false);
        let refused = of(&case, &[], &[]);
        for sentence in &refused {
            validate::verdict_sentence(sentence, &evidence).unwrap();
        }
        let vacuum = words::render(&refused[0]);
        assert!(vacuum.contains("0.33 MB") && vacuum.contains("0.24 ms"), "{vacuum}");
    }
}
