//! F42: the query planner's statistics are stale or absent.

use super::loop_blocked_by_wait::timed_fact;
use super::missing_index::worker_links;
use super::{Cause, Finding, Grade, Judgement, Nature, chain, scan_bound, statements};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure, Stat, Unit};
use crate::sentence::Sentence;
use crate::words::Code;

/// Statistics off by more than ten times, or a statement that ANALYZE on a copy makes faster.
pub(super) const CAUSE: Cause = Cause {
    id: "F42",
    slug: "sqlite-stale-statistics",
    title: Code::StatisticsTitle,
    nature: Nature::Both,
    required: &[
        &[FactKey::SqliteHasStatistics, FactKey::SqliteStatRows],
        &[FactKey::SqliteTableRows],
    ],
    supporting: &[FactKey::SqliteStatementAnalyzedMs, FactKey::SqliteStatementAnalyzedPlan],
    refutes: &[],
    look_alikes: &["F41"],
    bound: Some(scan_bound::bound),
    examine,
};

/// Statistics wrong by more than this factor are stale.
const FACTOR_MAX: f64 = 10.0;
/// Tables below this many rows gain nothing from statistics.
const ROWS_MIN: f64 = 1_000.0;

fn examine(case: &Case<'_>) -> Judgement {
    if let Some(judged) = latency(case) {
        return judged;
    }
    if let Some(judged) = wrong_rows(case) {
        return judged;
    }
    if let Some(judged) = faster_analyzed(case) {
        return judged;
    }
    agreeing(case)
        .or_else(|| too_small(case))
        .or_else(|| no_gain(case))
        .unwrap_or_else(|| Judgement::lacking(case, &[FactKey::SqliteStatementAnalyzedMs]))
}

/// A slow endpoint whose statement ANALYZE on a copy makes at least twice as fast.
fn latency(case: &Case<'_>) -> Option<Judgement> {
    let (one, explained) = statements::all(case.evidence)
        .filter(|one| one.gains(case, one.analyzed, 2.0))
        .filter_map(|one| one.explains(case, true).map(|explained| (one, explained)))
        .max_by(|a, b| a.1.share.value.total_cmp(&b.1.share.value))?;
    let symptom = explained.symptom;
    let database = one.rows.object.rsplit_once('#')?.0;
    let state = case
        .evidence
        .find(FactKey::SqliteStatRows, &one.rows.object)
        .or_else(|| case.evidence.find(FactKey::SqliteHasStatistics, database))?;
    let says = Sentence::new(Code::StatisticsSlow)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("table", one.table, one.rows)
        .figure("before", &one.before(case)?)
        .figure("analyzed", &case.ms(Expr::median(one.analyzed?))?)
        .figure("share", &explained.share)
        .cite(one.plan)
        .cite(state);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(worker_links(case, symptom));
    links.extend(one.links());
    links.extend(analyzed_plan(case, one.plan));
    links.extend(believed_link(case, one.rows));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: one.rows.object.clone(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(explained.share),
        grade: explained.grade,
    }))
}

/// The plan of the same statement after ANALYZE on a copy.
fn analyzed_plan(case: &Case<'_>, plan: &Fact) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::SqliteStatementAnalyzedPlan, &plan.object)?;
    match &fact.value {
        Value::List(lines) => {
            Some(Sentence::new(Code::StatisticsNewPlan).name("plan", lines.join(", "), fact))
        }
        _ => None,
    }
}

/// What the statistics believe about a table, where they are wrong.
fn believed_link(case: &Case<'_>, rows: &Fact) -> Option<Sentence> {
    let (believed, rows, _) = compared(case)
        .into_iter()
        .find(|(_, table, factor)| table.id == rows.id && *factor > FACTOR_MAX)?;
    Some(
        Sentence::new(Code::StatisticsStale)
            .figure("believed", &case.count(Expr::value(believed))?)
            .name("table", table_of(rows), rows)
            .figure("rows", &case.count(Expr::value(rows))?),
    )
}

/// Tables with statistics: what is believed and what is there.
fn compared<'a>(case: &Case<'a>) -> Vec<(&'a Fact, &'a Fact, f64)> {
    case.evidence
        .all(FactKey::SqliteStatRows)
        .filter_map(|believed| {
            let rows = case.evidence.find(FactKey::SqliteTableRows, &believed.object)?;
            let (said, real) = (believed.value.number()?.max(1.0), rows.value.number()?.max(1.0));
            Some((believed, rows, (said / real).max(real / said)))
        })
        .collect()
}

fn wrong_rows(case: &Case<'_>) -> Option<Judgement> {
    let (believed, rows, _) = compared(case)
        .into_iter()
        .filter(|(_, rows, factor)| {
            *factor > FACTOR_MAX && rows.value.number().is_some_and(|rows| rows >= ROWS_MIN)
        })
        .max_by(|a, b| a.2.total_cmp(&b.2))?;
    let says = Sentence::new(Code::StatisticsStale)
        .figure("believed", &case.count(Expr::value(believed))?)
        .name("table", table_of(rows), rows)
        .figure("rows", &case.count(Expr::value(rows))?);
    let chain = analyzed_link(case, &rows.object).into_iter().collect();
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: rows.object.clone(),
        says,
        chain,
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    }))
}

/// Statements that take at most four fifths of their time after ANALYZE on a copy.
fn faster_analyzed(case: &Case<'_>) -> Option<Judgement> {
    let (statement, says) =
        case.evidence.all(FactKey::SqliteStatementAnalyzedMs).find_map(|fact| {
            let says = plan_sentence(case, fact)?;
            let before = case.evidence.median(FactKey::SqliteStatementMs, &fact.object)?;
            let after = case.evidence.median(fact.key, &fact.object)?;
            (after <= before * 0.8 && before - after >= 1.0).then_some((fact, says))
        })?;
    let table = case.evidence.text(FactKey::SqliteStatementTable, &statement.object)?;
    let database = statement.object.rsplit_once('?')?.0;
    let rows = case.evidence.find(FactKey::SqliteTableRows, &object::table(database, table))?;
    let state = case
        .evidence
        .find(FactKey::SqliteHasStatistics, database)
        .or_else(|| case.evidence.find(FactKey::SqliteStatRows, &rows.object))?;
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: rows.object.clone(),
        says: says.cite(rows).cite(state),
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    }))
}

fn analyzed_link(case: &Case<'_>, table_object: &str) -> Option<Sentence> {
    case.evidence.all(FactKey::SqliteStatementAnalyzedMs).find_map(|fact| {
        let table = case.evidence.text(FactKey::SqliteStatementTable, &fact.object)?;
        let database = fact.object.rsplit_once('?')?.0;
        (object::table(database, table) == table_object).then(|| plan_sentence(case, fact))?
    })
}

fn plan_sentence(case: &Case<'_>, analyzed: &Fact) -> Option<Sentence> {
    let before = case.evidence.find(FactKey::SqliteStatementMs, &analyzed.object)?;
    let table = case.evidence.find(FactKey::SqliteStatementTable, &analyzed.object)?;
    let Value::Text(name) = &table.value else { return None };
    Some(
        Sentence::new(Code::StatisticsPlan)
            .name("table", name, table)
            .figure("analyzed", &case.ms(Expr::median(analyzed))?)
            .figure("before", &case.ms(Expr::median(before))?),
    )
}

/// The greatest table whose statistics agree with it.
fn agreeing(case: &Case<'_>) -> Option<Judgement> {
    let (believed, rows, _) = compared(case).into_iter().max_by(|a, b| {
        a.1.value.number().unwrap_or(0.0).total_cmp(&b.1.value.number().unwrap_or(0.0))
    })?;
    let says = Sentence::new(Code::StatisticsGood)
        .name("table", table_of(rows), rows)
        .figure("rows", &case.count(Expr::value(rows))?)
        .cite(believed);
    Some(Judgement::RuledOut(says))
}

/// No table is large enough for statistics to matter.
fn too_small(case: &Case<'_>) -> Option<Judgement> {
    let greatest = case.evidence.all(FactKey::SqliteTableRows).max_by(|a, b| {
        a.value.number().unwrap_or(0.0).total_cmp(&b.value.number().unwrap_or(0.0))
    })?;
    let rows = Figure::of(Expr::Of(greatest.id, Stat::Value), Unit::Count, case.evidence)?;
    (rows.value < ROWS_MIN)
        .then(|| Judgement::RuledOut(Sentence::new(Code::StatisticsNoMatter).figure("rows", &rows)))
}

fn no_gain(case: &Case<'_>) -> Option<Judgement> {
    let mut tried = case.evidence.all(FactKey::SqliteStatementAnalyzedMs).peekable();
    tried.peek()?;
    Some(Judgement::RuledOut(Sentence::new(Code::StatisticsNoGain).cite_all(tried.take(6))))
}

/// The table's name in a table object.
fn table_of(fact: &Fact) -> &str {
    fact.object.rsplit_once('#').map_or(fact.object.as_str(), |(_, table)| table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn statistics_off_by_a_thousand_times_are_stale() {
        let bed = Bed::new().fact(FactKey::SqliteStatRows, "/a.db#events", 80).fact(
            FactKey::SqliteTableRows,
            "/a.db#events",
            80_000,
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "/a.db#events");
        assert!(finding.is_hygiene());
    }

    #[test]
    fn a_wrong_plan_that_explains_the_request_is_its_cause() {
        let bed = Bed::new()
            .with(sample::missing_index)
            .fact(FactKey::SqliteStatRows, "/srv/app/a.db#notifications", 400)
            .samples(FactKey::SqliteStatementAnalyzedMs, "/srv/app/a.db?1", &[30.0; 5]);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.explains, ["/notifications"]);
    }

    #[test]
    fn agreeing_statistics_are_ruled_out() {
        let bed = Bed::new().fact(FactKey::SqliteStatRows, "/a.db#events", 79_000).fact(
            FactKey::SqliteTableRows,
            "/a.db#events",
            80_000,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::StatisticsGood);
    }

    #[test]
    fn absent_statistics_of_small_tables_do_not_matter() {
        let bed = Bed::new().fact(FactKey::SqliteHasStatistics, "/a.db", false).fact(
            FactKey::SqliteTableRows,
            "/a.db#events",
            41,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::StatisticsNoMatter);
    }

    #[test]
    fn a_plan_that_analyze_makes_faster_is_named() {
        let bed = Bed::new()
            .fact(FactKey::SqliteHasStatistics, "/a.db", false)
            .fact(FactKey::SqliteTableRows, "/a.db#events", 80_000)
            .with(|bed| sample::statement(bed, "/a.db", "events", [40.0, 39.0]))
            .samples(FactKey::SqliteStatementAnalyzedMs, "/a.db?1", &[3.0; 5]);
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "/a.db#events");
    }
}
