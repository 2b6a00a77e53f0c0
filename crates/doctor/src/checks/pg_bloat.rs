//! F56: dead rows of a table are not cleaned away: autovacuum is off, behind, or kept back.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::postgres::{self, Doing};
use crate::sentence::Sentence;
use crate::words::Code;

/// How many times the table's own trigger must be reached: once is the day before a vacuum.
const TRIGGERS_MIN: f64 = 2.0;
/// Fewer dead rows than this matter to nobody.
const DEAD_MIN: f64 = 1000.0;
/// The share of dead rows from which on reading them is the reading.
const DEAD_SHARE_MIN: f64 = 0.6;
/// A holder of row versions younger than this is ordinary traffic, in transactions.
const HOLDER_AGE_MIN: f64 = 2.0;

/// Twice as many dead rows as call for autovacuum by the table's own settings.
pub(super) const CAUSE: Cause = Cause {
    id: "F56",
    slug: "postgres-dead-rows",
    title: Code::PgBloatTitle,
    nature: Nature::Both,
    required: &[&[FactKey::PgTableDead], &[FactKey::PgTableVacuumTrigger]],
    supporting: &[FactKey::PgTableAutovacuum, FactKey::PgXminHolder, FactKey::PgXminAge],
    refutes: &[],
    look_alikes: &["F54", "F55"],
    bound: None,
    examine,
};

/// A table's rows, all of them facts.
struct Table<'a> {
    dead: &'a Fact,
    trigger: &'a Fact,
    rows: &'a Fact,
    times: f64,
}

/// Every table, the one most over its trigger first.
fn tables<'a>(case: &Case<'a>) -> Vec<Table<'a>> {
    let mut all: Vec<Table<'a>> = case
        .evidence
        .all(FactKey::PgTableDead)
        .filter_map(|dead| {
            let trigger = case.evidence.find(FactKey::PgTableVacuumTrigger, &dead.object)?;
            let times = dead.value.number()? / trigger.value.number()?.max(1.0);
            let rows = case.evidence.find(FactKey::PgTableRows, &dead.object)?;
            Some(Table { dead, trigger, rows, times })
        })
        .collect();
    all.sort_by(|a, b| b.times.total_cmp(&a.times));
    all
}

fn examine(case: &Case<'_>) -> Judgement {
    let tables = tables(case);
    let Some(first) = tables.first() else { return Judgement::lacking(case, CAUSE.required[0]) };
    let over = |table: &&Table<'_>| {
        table.times >= TRIGGERS_MIN
            && table.dead.value.number().is_some_and(|dead| dead >= DEAD_MIN)
    };
    let judged = match tables.iter().find(over) {
        Some(table) => latency(case, table).or_else(|| hygiene(case, table)),
        None => none(case, first).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn none(case: &Case<'_>, table: &Table<'_>) -> Option<Sentence> {
    Some(
        Sentence::new(Code::PgBloatNone)
            .name("table", postgres::table_name(&table.dead.object), table.dead)
            .figure("dead", &case.count(Expr::value(table.dead))?)
            .figure("trigger", &case.count(Expr::value(table.trigger))?),
    )
}

fn hygiene(case: &Case<'_>, table: &Table<'_>) -> Option<Judgement> {
    let says = counts(case, table, Sentence::new(Code::PgBloat))?
        .figure("trigger", &case.count(Expr::value(table.trigger))?);
    Some(found(case, table, says, (Vec::new(), None, Grade::Proven)))
}

/// A slow endpoint whose statement reads the whole table, most of which is dead.
fn latency(case: &Case<'_>, table: &Table<'_>) -> Option<Judgement> {
    let scans = |nodes: &[String]| {
        let name = postgres::table_name(&table.dead.object);
        nodes.iter().any(|node| node.starts_with("Seq Scan") && node.contains(name))
    };
    let statement = postgres::statements(case.evidence)
        .find(|one| matches!(&one.plan.value, Value::List(nodes) if scans(nodes)))?;
    let worked = statement.worked(case)?;
    let dead = Expr::value(table.dead);
    let share_dead = dead.clone().over(dead.plus(Expr::value(table.rows)));
    if share_dead.evaluate(case.evidence)? < DEAD_SHARE_MIN {
        return None;
    }
    let share = case.share(worked.share.clone().times(share_dead))?;
    let grade = Grade::of(share.value, 0)?;
    let symptom = worked.symptom;
    let says = counts(case, table, Sentence::new(Code::PgBloatSlow))?
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("share", &share)
        .cite(worked.waits.fact)
        .cite(statement.plan);
    let judged = found(case, table, says, (vec![symptom.object.clone()], Some(share), grade));
    let Judgement::Found(mut finding) = judged else { return Some(judged) };
    finding.chain.extend(postgres::backend_links(case, symptom, &worked.waits, Doing::Work));
    finding.chain.extend(statement.links(case));
    Some(Judgement::Found(finding))
}

fn counts(case: &Case<'_>, table: &Table<'_>, says: Sentence) -> Option<Sentence> {
    Some(
        says.name("table", postgres::table_name(&table.dead.object), table.dead)
            .figure("dead", &case.count(Expr::value(table.dead))?)
            .figure("rows", &case.count(Expr::value(table.rows))?),
    )
}

fn found(
    case: &Case<'_>,
    table: &Table<'_>,
    says: Sentence,
    (explains, share, grade): (Vec<String>, Option<Figure>, Grade),
) -> Judgement {
    let name = postgres::table_name(&table.dead.object);
    let off = case.evidence.find(FactKey::PgTableAutovacuum, &table.dead.object);
    let off = off
        .filter(|fact| fact.value == Value::Bool(false))
        .map(|fact| Sentence::new(Code::PgBloatOff).name("table", name, fact));
    let trigger = case.count(Expr::value(table.trigger)).map(|trigger| {
        let says = Sentence::new(Code::PgBloatTrigger).figure("trigger", &trigger);
        says.name("table", name, table.trigger)
    });
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: table.dead.object.clone(),
        says,
        chain: chain::of([trigger, off, holder(case)]),
        explains,
        share,
        grade,
    })
}

/// Who keeps row versions from being cleaned, if it has done so for a while.
fn holder(case: &Case<'_>) -> Option<Sentence> {
    let who = case.evidence.any(FactKey::PgXminHolder)?;
    let age = case.evidence.find(FactKey::PgXminAge, &who.object)?;
    let Value::Text(name) = &who.value else { return None };
    (age.value.number()? >= HOLDER_AGE_MIN).then_some(())?;
    let says = Sentence::new(Code::PgBloatHolder).name("holder", name, who);
    Some(says.figure("age", &case.count(Expr::value(age))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self as plain, Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres::{self as sample, DB, TABLE};

    fn dead(bed: Bed, rows: i64) -> Bed {
        let bed = plain::fast(bed.with(plain::server).with(sample::database), "/health");
        bed.fact(FactKey::PgTableDead, TABLE, rows)
    }

    #[test]
    fn dead_rows_twice_over_the_trigger_are_found_with_whom_they_wait_for() {
        let bed = Bed::new()
            .with(|bed| dead(bed, 60_000))
            .fact(FactKey::PgTableAutovacuum, TABLE, false)
            .fact(FactKey::PgXminHolder, DB, "backend 815")
            .fact(FactKey::PgXminAge, DB, 4000);
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(finding.is_hygiene());
        assert_eq!(finding.object, TABLE);
        let codes: Vec<Code> = finding.chain.iter().map(|one| one.code).collect();
        assert!(codes.contains(&Code::PgBloatOff) && codes.contains(&Code::PgBloatHolder));
    }

    #[test]
    fn dead_rows_that_a_slow_query_reads_are_found_as_its_cause() {
        let bed = Bed::new().with(sample::scanning).fact(FactKey::PgTableRows, TABLE, 800).fact(
            FactKey::PgTableDead,
            TABLE,
            900_000,
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).explains, ["/orders"]);
    }

    #[test]
    fn dead_rows_below_twice_the_trigger_are_ruled_out() {
        let bed = Bed::new().with(|bed| dead(bed, 20_000));
        assert_ruled_out(judge(&CAUSE, bed), Code::PgBloatNone);
    }
}
