//! F54: a query of PostgreSQL reads a whole table to keep few of its rows, for want of an index.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{FactKey, Value};
use crate::figure::{Expr, Figure, Unit};
use crate::postgres::{self, Doing, PAGES_MIN, Statement, Worked};
use crate::sentence::Sentence;
use crate::words::Code;

/// The share of a table's rows above which reading all of it is right.
const KEPT_SHARE_MAX: f64 = 0.05;
/// A call that touches a smaller share of the table's pages does not read it in full.
const TOUCHED_SHARE_MIN: f64 = 0.5;
/// What a supposed index must save of the planner's cost.
const COST_GAIN_MIN: f64 = 5.0;

/// The plan reads the table in full and its filter keeps few rows; no index begins with a column
/// of the filter; calls touch as many blocks as the table has; and the backend works at it.
pub(super) const CAUSE: Cause = Cause {
    id: "F54",
    slug: "postgres-missing-index",
    title: Code::PgIndexTitle,
    nature: Nature::Both,
    required: &[&[FactKey::PgStatementPlan], &[FactKey::PgTableRows]],
    supporting: &[
        FactKey::PgWaits,
        FactKey::PgStatementBlocks,
        FactKey::PgTableSeqRows,
        FactKey::PgStatementIndexedCost,
    ],
    refutes: &[],
    look_alikes: &["F49", "F50", "F55", "F56", "F63"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let wanting: Vec<Statement<'_>> =
        postgres::statements(case.evidence).filter(|one| wants_index(case, one)).collect();
    if let Some(judged) = wanting.iter().find_map(|one| latency(case, one)) {
        return judged;
    }
    if case.slow().next().is_none()
        && let Some(judged) = wanting.iter().find_map(|one| hygiene(case, one))
    {
        return judged;
    }
    not_found(case)
}

/// Whether an index would spare this statement the reading of a whole table that matters.
fn wants_index(case: &Case<'_>, one: &Statement<'_>) -> bool {
    let find = |key| one.fact(case.evidence, key);
    let number = |fact: Option<&crate::evidence::Fact>| fact.and_then(|fact| fact.value.number());
    let lacks =
        find(FactKey::PgStatementIndexed).is_some_and(|fact| fact.value == Value::Bool(false));
    let kept = number(find(FactKey::PgStatementKept));
    let rows = number(one.of_table(case.evidence, FactKey::PgTableRows));
    let pages = number(one.of_table(case.evidence, FactKey::PgTablePages));
    let (Some(kept), Some(rows), Some(pages)) = (kept, rows, pages) else { return false };
    let selective = rows > 0.0 && kept / rows <= KEPT_SHARE_MAX;
    let reads_all =
        one.blocks_per_call(case.evidence).is_none_or(|blocks| blocks >= pages * TOUCHED_SHARE_MIN);
    let gains = match (
        number(find(FactKey::PgStatementCost)),
        number(find(FactKey::PgStatementIndexedCost)),
    ) {
        (Some(before), Some(after)) => after * COST_GAIN_MIN <= before,
        _ => true,
    };
    lacks && selective && pages >= PAGES_MIN && reads_all && gains
}

fn latency(case: &Case<'_>, one: &Statement<'_>) -> Option<Judgement> {
    let worked = one.worked(case)?;
    let share = case.share(worked.share.clone())?;
    let grade = Grade::of(share.value, 0)?;
    let symptom = worked.symptom;
    let says = describe(case, one, Sentence::new(Code::PgIndexSlow))?
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("share", &share)
        .cite(worked.waits.fact);
    let mut links = postgres::backend_links(case, symptom, &worked.waits, most(&worked));
    links.extend(statement_links(case, one));
    Some(found(one, says, links, (vec![symptom.object.clone()], Some(share), grade)))
}

fn most(worked: &Worked<'_, '_>) -> Doing {
    let disk = worked.waits.share(Doing::Disk);
    if disk > worked.waits.share(Doing::Work) { Doing::Disk } else { Doing::Work }
}

/// A statement that misses its own target while no endpoint misses its.
fn hygiene(case: &Case<'_>, one: &Statement<'_>) -> Option<Judgement> {
    let total = one.fact(case.evidence, FactKey::PgStatementMs)?;
    let calls = one.fact(case.evidence, FactKey::PgStatementCalls)?;
    let mean = case.ms(Expr::value(total).over(Expr::value(calls)))?;
    let target = case.thresholds.query_target_ms;
    if mean.value < target {
        return None;
    }
    let says = describe(case, one, Sentence::new(Code::PgIndexHygiene))?
        .figure("mean", &mean)
        .setting("target", Figure::constant(target, Unit::Ms).to_string());
    let links = statement_links(case, one);
    Some(found(one, says, links, (Vec::new(), None, Grade::Proven)))
}

/// The table, its size, and what is kept of it.
fn describe(case: &Case<'_>, one: &Statement<'_>, says: Sentence) -> Option<Sentence> {
    let evidence = case.evidence;
    let count = |fact| case.count(Expr::value(fact));
    Some(
        says.figure("pages", &count(one.of_table(evidence, FactKey::PgTablePages)?)?)
            .name("table", postgres::table_name(&one.table_object), one.table)
            .figure("kept", &count(one.fact(evidence, FactKey::PgStatementKept)?)?)
            .figure("rows", &count(one.of_table(evidence, FactKey::PgTableRows)?)?)
            .cite(one.plan),
    )
}

fn found(
    one: &Statement<'_>,
    says: Sentence,
    chain: Vec<Sentence>,
    (explains, share, grade): (Vec<String>, Option<Figure>, Grade),
) -> Judgement {
    let object = one.table_object.clone();
    Judgement::found(Finding { cause: CAUSE.id, object, says, chain, explains, share, grade })
}

fn statement_links(case: &Case<'_>, one: &Statement<'_>) -> Vec<Sentence> {
    let index = one.fact(case.evidence, FactKey::PgStatementIndex);
    let advice = index.and_then(|fact| match &fact.value {
        Value::Text(ddl) => Some(Sentence::new(Code::PgIndexAdvice).name("index", ddl, fact)),
        _ => None,
    });
    let scanned = one.of_table(case.evidence, FactKey::PgTableSeqRows).and_then(|fact| {
        let rows = case.count(Expr::value(fact)).filter(|rows| rows.value > 0.0)?;
        Some(Sentence::new(Code::PgIndexSeq).figure("rows", &rows))
    });
    let supposed = || {
        let plain = |key| {
            let fact = one.fact(case.evidence, key)?;
            Figure::of(Expr::value(fact), Unit::Plain, case.evidence)
        };
        Some(
            Sentence::new(Code::PgIndexSupposed)
                .figure("before", &plain(FactKey::PgStatementCost)?)
                .figure("after", &plain(FactKey::PgStatementIndexedCost)?),
        )
    };
    let mut links = one.links(case);
    links.extend(chain::of([scanned, advice, supposed()]));
    links
}

/// Why no index is missing: the looks at the backend, or the plans themselves.
fn not_found(case: &Case<'_>) -> Judgement {
    if let Some((_, waits)) = postgres::first_watched(case)
        && waits.share(Doing::Work) + waits.share(Doing::Disk) < 0.5
        && let Some(says) = postgres::watched_looks(case, Code::PgIndexNoWork, Doing::Work)
    {
        return Judgement::RuledOut(says);
    }
    let plans = case.evidence.all(FactKey::PgStatementPlan).take(6);
    Judgement::RuledOut(Sentence::new(Code::PgIndexUsed).cite_all(plans))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self as plain, Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres::{self as sample, DB, TABLE};

    #[test]
    fn a_scan_that_keeps_few_rows_is_found_by_its_table() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::scanning)));
        assert_eq!(finding.object, TABLE);
        assert_eq!(finding.explains, ["/orders"]);
    }

    #[test]
    fn a_lock_wait_on_few_blocks_is_ruled_out_as_a_scan() {
        let bed = Bed::new().with(|bed| sample::locked(bed, "active")).list(
            FactKey::PgStatementPlan,
            &format!("{DB}?1"),
            &["Index Scan on public.orders"],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::PgIndexNoWork);
    }

    #[test]
    fn a_scan_that_keeps_most_rows_or_an_index_that_exists_is_ruled_out() {
        for (key, value) in [
            (FactKey::PgStatementKept, crate::evidence::Value::Float(60_000.0)),
            (FactKey::PgStatementIndexed, crate::evidence::Value::Bool(true)),
            (FactKey::PgStatementIndexedCost, crate::evidence::Value::Float(8500.0)),
        ] {
            let bed = Bed::new().with(sample::scanning).fact(key, &format!("{DB}?1"), value);
            assert_ruled_out(judge(&CAUSE, bed), Code::PgIndexUsed);
        }
    }

    #[test]
    fn a_small_table_is_ruled_out_by_its_pages() {
        let bed = Bed::new().with(sample::scanning).fact(FactKey::PgTablePages, TABLE, 4);
        assert_ruled_out(judge(&CAUSE, bed), Code::PgIndexUsed);
    }

    #[test]
    fn a_slow_scan_without_a_slow_endpoint_is_found_as_hygiene() {
        let statement = format!("{DB}?1");
        let bed = plain::fast(Bed::new().with(plain::server), "/health")
            .with(sample::database)
            .fact(FactKey::PgStatement, &statement, "SELECT * FROM orders WHERE owner = ?")
            .fact(FactKey::PgStatementCalls, &statement, 30)
            .fact(FactKey::PgStatementMs, &statement, 9_000.0)
            .fact(FactKey::PgStatementBlocks, &statement, 300_000)
            .list(FactKey::PgStatementPlan, &statement, &["Seq Scan on public.orders"])
            .fact(FactKey::PgStatementTable, &statement, "public.orders")
            .fact(FactKey::PgStatementKept, &statement, 12.0)
            .fact(FactKey::PgStatementIndexed, &statement, false);
        assert!(assert_found(judge(&CAUSE, bed)).is_hygiene());
    }
}
