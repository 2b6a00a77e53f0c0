//! F55: PostgreSQL's statistics of a table are stale, and a plan built on them is wrong.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::postgres::{self, Doing, Statement};
use crate::sentence::Sentence;
use crate::words::Code;

/// The factor between expected and actual rows from which on a plan is misled.
const FACTOR_MIN: f64 = 10.0;
/// How many times the rows that call for ANALYZE must have changed.
const TRIGGERS_MIN: f64 = 2.0;

/// Twice the rows that call for ANALYZE changed in a table of the plan, the plan expected ten times
/// more or fewer rows than came, and the backend works at that statement.
pub(super) const CAUSE: Cause = Cause {
    id: "F55",
    slug: "postgres-stale-statistics",
    title: Code::PgStatsTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::PgWaits],
        &[FactKey::PgStatementPlan],
        &[FactKey::PgTableModified],
        &[FactKey::PgTableAnalyzeTrigger],
    ],
    supporting: &[FactKey::PgStatementExpectedRows, FactKey::PgStatementActualRows],
    refutes: &[all_fresh],
    look_alikes: &["F54", "F56", "F49"],
    bound: None,
    examine,
};

/// A table that changed much since its last ANALYZE.
struct Stale<'a> {
    name: &'a str,
    modified: &'a Fact,
    trigger: &'a Fact,
}

fn stale<'a>(case: &Case<'a>) -> Vec<Stale<'a>> {
    tables(case)
        .into_iter()
        .filter(|(_, times)| *times >= TRIGGERS_MIN)
        .map(|(one, _)| one)
        .collect()
}

/// Every table, with how many times the rows that call for ANALYZE changed; the most first.
fn tables<'a>(case: &Case<'a>) -> Vec<(Stale<'a>, f64)> {
    let mut all: Vec<(Stale<'a>, f64)> = case
        .evidence
        .all(FactKey::PgTableModified)
        .filter_map(|modified| {
            let trigger = case.evidence.find(FactKey::PgTableAnalyzeTrigger, &modified.object)?;
            let times = modified.value.number()? / trigger.value.number()?.max(1.0);
            Some((Stale { name: postgres::table_name(&modified.object), modified, trigger }, times))
        })
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// No table changed enough since its last ANALYZE.
fn all_fresh(case: &Case<'_>) -> Option<Sentence> {
    if !stale(case).is_empty() {
        return None;
    }
    let (first, _) = tables(case).into_iter().next()?;
    Some(
        Sentence::new(Code::PgStatsFresh)
            .figure("modified", &case.count(Expr::value(first.modified))?)
            .name("table", first.name, first.modified)
            .figure("trigger", &case.count(Expr::value(first.trigger))?),
    )
}

fn examine(case: &Case<'_>) -> Judgement {
    let stale = stale(case);
    let judged: Vec<Statement<'_>> = postgres::statements(case.evidence)
        .filter(|one| one.fact(case.evidence, FactKey::PgStatementMisjudged).is_some())
        .collect();
    let misled = judged.iter().filter(|one| factor(case, one) >= FACTOR_MIN);
    if let Some(judged) = misled.filter_map(|one| name(case, one, &stale)).next() {
        return judged;
    }
    if let Some(says) = judged.first().and_then(|one| right(case, one)) {
        return Judgement::RuledOut(says);
    }
    let idle = postgres::first_watched(case).filter(|(_, waits)| waits.share(Doing::Work) < 0.5);
    let says = idle.and_then(|_| postgres::watched_looks(case, Code::PgIndexNoWork, Doing::Work));
    says.map_or_else(
        || Judgement::lacking(case, &[FactKey::PgStatementActualRows]),
        Judgement::RuledOut,
    )
}

/// How many times more or fewer rows came than were expected.
fn factor(case: &Case<'_>, one: &Statement<'_>) -> f64 {
    let rows = |key| one.fact(case.evidence, key).and_then(|fact| fact.value.number());
    match (rows(FactKey::PgStatementExpectedRows), rows(FactKey::PgStatementActualRows)) {
        (Some(expected), Some(actual)) => {
            let (expected, actual) = (expected.max(1.0), actual.max(1.0));
            (expected / actual).max(actual / expected)
        }
        _ => 1.0,
    }
}

fn name(case: &Case<'_>, one: &Statement<'_>, stale: &[Stale<'_>]) -> Option<Judgement> {
    let reads = |table: &&Stale<'_>| match &one.plan.value {
        Value::List(nodes) => nodes.iter().any(|node| node.contains(table.name)),
        _ => false,
    };
    let table = stale.iter().find(reads)?;
    let worked = one.worked(case)?;
    let share = case.share(worked.share.clone())?;
    let grade = Grade::of(share.value, 0)?;
    let symptom = worked.symptom;
    let says = rows(case, one, Sentence::new(Code::PgStats))?
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("modified", &case.count(Expr::value(table.modified))?)
        .name("table", table.name, table.modified)
        .figure("share", &share)
        .cite(worked.waits.fact)
        .cite(one.plan);
    let due = Sentence::new(Code::PgStatsDue)
        .figure("trigger", &case.count(Expr::value(table.trigger))?)
        .name("table", table.name, table.trigger);
    let mut links = postgres::backend_links(case, symptom, &worked.waits, Doing::Work);
    links.extend(one.links(case));
    links.push(due);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: table.modified.object.clone(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

/// The misjudged node, with its rows.
fn rows(case: &Case<'_>, one: &Statement<'_>, says: Sentence) -> Option<Sentence> {
    let find = |key| one.fact(case.evidence, key);
    let node = find(FactKey::PgStatementMisjudged)?;
    let Value::Text(label) = &node.value else { return None };
    let count = |key| -> Option<Figure> { case.count(Expr::value(find(key)?)) };
    Some(
        says.figure("expected", &count(FactKey::PgStatementExpectedRows)?)
            .name("node", label, node)
            .figure("actual", &count(FactKey::PgStatementActualRows)?),
    )
}

fn right(case: &Case<'_>, one: &Statement<'_>) -> Option<Sentence> {
    (factor(case, one) < FACTOR_MIN).then(|| rows(case, one, Sentence::new(Code::PgStatsRight)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres::{self as sample, DB, TABLE};

    fn misjudged(bed: Bed, expected: f64, actual: f64) -> Bed {
        let statement = format!("{DB}?1");
        bed.with(sample::scanning)
            .fact(FactKey::PgTableModified, TABLE, 70_000)
            .fact(FactKey::PgStatementMisjudged, &statement, "Seq Scan on public.orders")
            .fact(FactKey::PgStatementExpectedRows, &statement, expected)
            .fact(FactKey::PgStatementActualRows, &statement, actual)
    }

    #[test]
    fn a_misled_plan_on_a_changed_table_is_found_by_the_table() {
        let finding =
            assert_found(judge(&CAUSE, Bed::new().with(|bed| misjudged(bed, 1.0, 5000.0))));
        assert_eq!(finding.object, TABLE);
    }

    #[test]
    fn a_right_estimate_is_ruled_out_though_the_table_changed() {
        let bed = Bed::new().with(|bed| misjudged(bed, 4000.0, 5000.0));
        assert_ruled_out(judge(&CAUSE, bed), Code::PgStatsRight);
    }

    #[test]
    fn a_missing_index_on_a_fresh_table_is_ruled_out_as_stale() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::scanning)), Code::PgStatsFresh);
    }
}
