//! F41: a query reads a whole table for want of an index.

use super::loop_blocked_by_wait::timed_fact;
use super::statements::{self, Statement};
use super::{Cause, Finding, Grade, Judgement, Nature, chain, scan_bound};
use crate::case::Case;
use crate::evidence::{FactKey, Value};
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
    let slow_statement = statements::all(case.evidence)
        .any(|one| one.before(case).is_some_and(|ms| ms.value >= case.thresholds.query_target_ms));
    (bound.share.value < super::BOUND_PERCENT_MIN && !slow_statement).then_some(bound.says)
}

fn examine(case: &Case<'_>) -> Judgement {
    let mut scanning: Vec<(Statement<'_>, Figure)> = statements::all(case.evidence)
        .filter(Statement::scans)
        .filter_map(|one| one.before(case).map(|before| (one, before)))
        .collect();
    scanning.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let gaining: Vec<&Statement<'_>> =
        scanning.iter().map(|(one, _)| one).filter(|one| gains(case, one)).collect();
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

/// Whether the tried index made it at least five times faster.
fn gains(case: &Case<'_>, one: &Statement<'_>) -> bool {
    one.gains(case, one.indexed, 5.0)
}

fn latency(case: &Case<'_>, one: &Statement<'_>) -> Option<Judgement> {
    let explained = one.explains(case, true)?;
    let symptom = explained.symptom;
    let says = Sentence::new(Code::IndexSlow)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("rows", &case.count(Expr::value(one.rows))?)
        .name("table", one.table, one.rows)
        .figure("scan", &one.before(case)?)
        .figure("share", &explained.share)
        .cite(one.plan);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(worker_links(case, symptom));
    links.extend(statement_links(case, one));
    let established = (Some(explained.share), explained.grade);
    Some(found(one, says, links, vec![symptom.object.clone()], established))
}

/// Where the server's thread worked, how much it computed, and how often it read the file.
pub(super) fn worker_links(case: &Case<'_>, symptom: &Symptom) -> Vec<Sentence> {
    let worker = case.workers().into_iter().find(|(of, _)| of.object == symptom.object);
    let mut links = Vec::new();
    if let Some((_, view)) = worker {
        links.extend(chain::of([
            chain::thread_cpu(case, &view),
            chain::thread_run_queue(case, &view),
        ]));
        links.extend(chain::source_line(case, &view));
    }
    let passes = scan_bound::read_calls(case, symptom).and_then(|calls| {
        let pages = case.evidence.any(FactKey::SqlitePages)?;
        Some(
            Sentence::new(Code::IndexReads)
                .figure("calls", &case.count(Expr::value(calls))?)
                .figure("pages", &case.count(Expr::value(pages))?),
        )
    });
    links.extend(passes);
    links
}

fn hygiene(case: &Case<'_>, one: &Statement<'_>) -> Option<Judgement> {
    let target = Figure::constant(case.thresholds.query_target_ms, Unit::Ms).to_string();
    let says = Sentence::new(Code::IndexHygiene)
        .figure("rows", &case.count(Expr::value(one.rows))?)
        .name("table", one.table, one.rows)
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
    let tried = one.index.zip(one.indexed).and_then(|(index, indexed)| {
        let Value::Text(ddl) = &index.value else { return None };
        let after = case.ms(Expr::median(indexed))?;
        Some(Sentence::new(Code::IndexTried).name("index", ddl, index).figure("indexed", &after))
    });
    one.links().into_iter().chain(tried).collect()
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
