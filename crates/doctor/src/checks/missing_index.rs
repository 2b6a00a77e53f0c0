//! F41: a query reads a whole table for want of an index.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain, scan_bound};
use crate::case::Case;
use crate::evidence::{Evidence, Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// A statement whose plan scans a table, whose time on a copy explains the request's, and that
/// an index on the copy makes five times faster.
pub(super) const CAUSE: Cause = Cause {
    id: "F41",
    slug: "sqlite-missing-index",
    title: Code::IndexTitle,
    nature: Nature::Both,
    required: &[
        &[FactKey::SqliteStatementPlan],
        &[FactKey::SqliteStatementMs],
        &[FactKey::SqliteTableRows],
    ],
    supporting: &[
        FactKey::SqliteStatementIndexedMs,
        FactKey::ProcessReadCalls,
        FactKey::SqliteScanMs,
    ],
    refutes: &[bounded_out],
    look_alikes: &["F42", "F35", "F63"],
    bound: Some(scan_bound::bound),
    examine,
};

/// With a slow endpoint, a bound below a tenth excludes it as that endpoint's cause.
fn bounded_out(case: &Case<'_>) -> Option<Sentence> {
    let bound = scan_bound::bound(case)?;
    let slow_statement = statements(case.evidence)
        .any(|one| one.before(case).is_some_and(|ms| ms.value >= case.thresholds.query_target_ms));
    (bound.share.value < super::BOUND_PERCENT_MIN && !slow_statement).then_some(bound.says)
}

/// A statement and what was tried with it on a copy.
struct Statement<'a> {
    plan: &'a Fact,
    time: &'a Fact,
    indexed: Option<&'a Fact>,
    index: Option<&'a Fact>,
    text: Option<&'a Fact>,
    rows: &'a Fact,
    table: String,
}

fn statements<'a>(evidence: &'a Evidence) -> impl Iterator<Item = Statement<'a>> {
    evidence.all(FactKey::SqliteStatementPlan).filter_map(move |plan| {
        let find = |key| evidence.find(key, &plan.object);
        let database = plan.object.rsplit_once('?')?.0;
        let Value::Text(table) = &find(FactKey::SqliteStatementTable)?.value else { return None };
        let rows = evidence.find(FactKey::SqliteTableRows, &object::table(database, table))?;
        Some(Statement {
            plan,
            time: find(FactKey::SqliteStatementMs)?,
            indexed: find(FactKey::SqliteStatementIndexedMs),
            index: find(FactKey::SqliteStatementIndex),
            text: find(FactKey::SqliteStatement),
            rows,
            table: table.clone(),
        })
    })
}

impl Statement<'_> {
    fn scans(&self) -> bool {
        match &self.plan.value {
            Value::List(lines) => lines
                .iter()
                .any(|line| line.trim_start_matches(['|', '-', '`', ' ']).starts_with("SCAN")),
            _ => false,
        }
    }

    fn before(&self, case: &Case<'_>) -> Option<Figure> {
        case.ms(Expr::median(self.time))
    }

    /// Whether the tried index made it at least five times faster.
    fn gains(&self, case: &Case<'_>) -> bool {
        let after = self.indexed.and_then(|fact| case.ms(Expr::median(fact)));
        match (self.before(case), after) {
            (Some(before), Some(after)) => after.value * 5.0 <= before.value,
            _ => false,
        }
    }
}

fn examine(case: &Case<'_>) -> Judgement {
    let mut scanning: Vec<(Statement<'_>, Figure)> = statements(case.evidence)
        .filter(Statement::scans)
        .filter_map(|one| one.before(case).map(|before| (one, before)))
        .collect();
    scanning.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let gaining: Vec<&Statement<'_>> =
        scanning.iter().map(|(one, _)| one).filter(|one| one.gains(case)).collect();
    if let Some(judged) = gaining.iter().find_map(|one| latency(case, one)) {
        return judged;
    }
    let target = case.thresholds.query_target_ms;
    let slow = gaining.iter().find(|one| one.before(case).is_some_and(|ms| ms.value >= target));
    if let Some(judged) = slow.and_then(|one| hygiene(case, one)) {
        return judged;
    }
    let target = Figure::constant(target, Unit::Ms).to_string();
    let cited = case.evidence.all(FactKey::SqliteStatementMs).take(6);
    let code = match scanning.first() {
        Some((_, before)) if before.value >= case.thresholds.query_target_ms => Code::IndexNoGain,
        _ => Code::IndexUsed,
    };
    let says = Sentence::new(code).cite_all(cited);
    Judgement::RuledOut(if code == Code::IndexUsed { says.setting("target", target) } else { says })
}

/// How often the request ran the statement: by its read calls over the pages, at least once.
fn runs(case: &Case<'_>, symptom: &Symptom, database: &str) -> Expr {
    let calls = scan_bound::read_calls(case, symptom);
    let pages = case.evidence.find(FactKey::SqlitePages, database);
    match (calls, pages) {
        (Some(calls), Some(pages)) => {
            let passes = Expr::value(calls).over(Expr::value(pages));
            let more = passes.evaluate(case.evidence).is_some_and(|passes| passes > 1.0);
            if more { passes } else { Expr::Constant(1.0) }
        }
        _ => Expr::Constant(1.0),
    }
}

fn latency(case: &Case<'_>, one: &Statement<'_>) -> Option<Judgement> {
    let path = case.evidence.text(FactKey::SqliteStatementPath, &one.plan.object);
    let symptom =
        case.slow().find(|symptom| path.is_none_or(|path| symptom.path.starts_with(path)))?;
    let database = one.plan.object.rsplit_once('?')?.0;
    let time = crate::budget::total_expr(case.evidence, symptom)?;
    let spent = Expr::median(one.time).times(runs(case, symptom, database));
    let share = case.percent(spent.at_most(time.clone()), time)?;
    let grade = Grade::of(share.value, usize::from(one.gains(case)) * 2)?;
    let says = Sentence::new(Code::IndexSlow)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("rows", &case.count(Expr::value(one.rows))?)
        .name("table", &one.table, one.rows)
        .figure("scan", &one.before(case)?)
        .figure("share", &share)
        .cite(one.plan);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(statement_links(case, one));
    Some(found(one, says, links, vec![symptom.object.clone()], (Some(share), grade)))
}

fn hygiene(case: &Case<'_>, one: &Statement<'_>) -> Option<Judgement> {
    let target = Figure::constant(case.thresholds.query_target_ms, Unit::Ms).to_string();
    let says = Sentence::new(Code::IndexHygiene)
        .figure("rows", &case.count(Expr::value(one.rows))?)
        .name("table", &one.table, one.rows)
        .figure("scan", &one.before(case)?)
        .setting("target", target)
        .cite(one.plan);
    Some(found(one, says, statement_links(case, one), Vec::new(), (None, Grade::Proven)))
}

fn found(
    one: &Statement<'_>,
    says: Sentence,
    chain: Vec<Sentence>,
    explains: Vec<String>,
    (share, grade): (Option<Figure>, Grade),
) -> Judgement {
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: one.rows.object.clone(),
        says,
        chain,
        explains,
        share,
        grade,
    })
}

fn statement_links(case: &Case<'_>, one: &Statement<'_>) -> Vec<Sentence> {
    let text = one.text.and_then(|fact| match &fact.value {
        Value::Text(sql) => Some(Sentence::new(Code::IndexStatement).name("sql", sql, fact)),
        _ => None,
    });
    let plan = match &one.plan.value {
        Value::List(lines) => {
            Some(Sentence::new(Code::IndexPlan).name("plan", lines.join(", "), one.plan))
        }
        _ => None,
    };
    let tried = one.index.zip(one.indexed).and_then(|(index, indexed)| {
        let Value::Text(ddl) = &index.value else { return None };
        let after = case.ms(Expr::median(indexed))?;
        Some(Sentence::new(Code::IndexTried).name("index", ddl, index).figure("indexed", &after))
    });
    chain::of([text, plan, tried])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_scan_that_explains_the_request_is_named_by_its_table() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::missing_index)));
        assert_eq!(finding.object, "/srv/app/a.db#notifications");
        assert_eq!(finding.explains, ["/notifications"]);
    }

    #[test]
    fn on_a_small_database_a_missing_index_is_impossible() {
        let bed = Bed::new()
            .with(sample::blocked_loop)
            .with(sample::small_database)
            .with(|bed| sample::statement(bed, "/srv/app/dev.db", "sessions", [0.2, 0.01]));
        assert_ruled_out(judge(&CAUSE, bed), Code::IndexBound);
    }

    #[test]
    fn a_slow_scan_without_a_slow_endpoint_is_hygiene() {
        let db = "/srv/app/a.db";
        let bed = sample::fast(Bed::new().with(sample::server), "/health")
            .fact(FactKey::SqliteTableRows, "/srv/app/a.db#notifications", 900_000)
            .with(|bed| sample::statement(bed, db, "notifications", [410.0, 0.1]));
        assert!(assert_found(judge(&CAUSE, bed)).is_hygiene());
    }

    #[test]
    fn an_index_that_does_not_help_is_not_missing() {
        let db = "/srv/app/a.db";
        let bed = sample::fast(Bed::new().with(sample::server), "/health")
            .fact(FactKey::SqliteTableRows, "/srv/app/a.db#notifications", 900_000)
            .with(|bed| sample::statement(bed, db, "notifications", [410.0, 390.0]));
        assert_ruled_out(judge(&CAUSE, bed), Code::IndexNoGain);
    }
}
