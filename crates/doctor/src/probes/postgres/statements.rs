//! The statements our requests made the database run: their counters, their plans, and a tried index.

use std::collections::BTreeMap;

use super::super::scene::Scene;
use super::explain::{self, Plan};
use super::session::{Sampled, Session};
use crate::evidence::{FactKey, object, redact};

/// Most statements whose plans are asked for.
const STATEMENTS_MAX: usize = 4;
/// From this version on the columns are called `total_exec_time`.
const WITH_EXEC_TIME: i64 = 130_000;
/// What our own statements mention, and no application's does.
const OURS: [&str; 6] = [
    "pg_stat_",
    "pg_locks",
    "current_setting",
    "pg_replication_slots",
    "pg_blocking_pids",
    "galen_doctor",
];
/// Statements without a plan.
const UTILITIES: [&str; 9] =
    ["begin", "commit", "rollback", "set", "show", "discard", "deallocate", "prepare", "explain"];

/// Counters by statement.
pub type Counted = BTreeMap<i64, Counters>;

/// What pg_stat_statements counts of one statement.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    text: String,
    calls: i64,
    total_ms: f64,
    blocks: i64,
}

/// One statement to be explained.
struct Candidate {
    /// As it is to be prepared.
    text: String,
    /// At how many looks our backend ran it.
    looks: u64,
    /// Its counters while our requests ran.
    counters: Option<Counters>,
}

/// A statement without its literals and without the numbers of its parameters, so that the text of
/// pg_stat_activity and that of pg_stat_statements are one.
pub fn shape(text: &str) -> String {
    let mut out = String::new();
    let clean = redact::postgres_sql(text);
    let mut rest = clean.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '$' && rest.peek().is_some_and(char::is_ascii_digit) {
            while rest.peek().is_some_and(char::is_ascii_digit) {
                rest.next();
            }
            out.push('?');
        } else {
            out.push(c);
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes the counters before our requests.
pub async fn begin(scene: &Scene<'_>, session: &Session) {
    match count(session).await {
        Ok(counted) => {
            // It is set once; there is one reading before the requests.
            let _set_before = session.counted.set(counted);
        }
        Err(reason) => scene.missing(FactKey::PgStatementCalls, &session.name, reason),
    }
}

async fn count(session: &Session) -> Result<Counted, String> {
    const SCHEMA: &str = "SELECT quote_ident(n.nspname) AS name FROM pg_extension e \
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";
    let schemas = session.rows(SCHEMA, &[]).await?;
    let schema: String = schemas.first().map(|row| row.get("name")).ok_or(
        "pg_stat_statements is not in this database: add it to shared_preload_libraries, restart, \
         and CREATE EXTENSION pg_stat_statements",
    )?;
    let time = if session.version >= WITH_EXEC_TIME { "total_exec_time" } else { "total_time" };
    let sql = format!(
        "SELECT queryid::int8 AS id, left(min(query), 4000) AS text, sum(calls)::int8 AS calls, \
         sum({time})::float8 AS ms, sum(shared_blks_hit + shared_blks_read)::int8 AS blocks \
         FROM {schema}.pg_stat_statements WHERE queryid IS NOT NULL AND dbid = \
         (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY queryid LIMIT 10000"
    );
    let rows = session.rows(&sql, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let counters = Counters {
                text: row.get("text"),
                calls: row.get("calls"),
                total_ms: row.get("ms"),
                blocks: row.get("blocks"),
            };
            (row.get("id"), counters)
        })
        .collect())
}

/// Takes the counters again and publishes the statements that took the most time, with plans.
pub async fn conclude(scene: &Scene<'_>, session: &Session) {
    let counted = match (session.counted.get(), count(session).await) {
        (Some(before), Ok(now)) => differences(before, now),
        _ => Vec::new(),
    };
    for (at, candidate) in candidates(session.sampled(), counted).iter().enumerate() {
        let name = object::statement(&session.name, at + 1);
        publish(scene, session, &name, candidate).await;
    }
}

fn differences(before: &Counted, now: Counted) -> Vec<Counters> {
    let mut all: Vec<Counters> = now
        .into_iter()
        .map(|(id, now)| match before.get(&id) {
            Some(before) => Counters {
                calls: now.calls - before.calls,
                total_ms: now.total_ms - before.total_ms,
                blocks: now.blocks - before.blocks,
                ..now
            },
            None => now,
        })
        .filter(|one| one.calls > 0 && is_applications(&one.text))
        .collect();
    all.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
    all
}

/// Whether a statement is one of the application's that has a plan.
fn is_applications(text: &str) -> bool {
    let lower = text.trim_start().to_ascii_lowercase();
    let first = lower.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    !first.is_empty()
        && !UTILITIES.contains(&first)
        && !OURS.iter().any(|word| lower.contains(word))
}

/// What was seen in the held requests, the most seen first, then what took the most time.
fn candidates(mut sampled: Vec<Sampled>, mut counted: Vec<Counters>) -> Vec<Candidate> {
    sampled.retain(|one| is_applications(&one.text));
    sampled.sort_by_key(|one| std::cmp::Reverse(one.looks));
    let mut found: Vec<(String, Candidate)> = Vec::new();
    for one in sampled {
        let key = shape(&one.text);
        match found.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => known.looks += one.looks,
            None => {
                found.push((key, Candidate { text: one.text, looks: one.looks, counters: None }))
            }
        }
    }
    found.truncate(STATEMENTS_MAX);
    for one in counted.drain(..) {
        let key = shape(&one.text);
        let known = found.iter().position(|(known, _)| *known == key);
        if let Some(at) = known {
            found[at].1.counters = Some(one);
        } else if found.len() < STATEMENTS_MAX {
            let text = one.text.clone();
            found.push((key, Candidate { text, looks: 0, counters: Some(one) }));
        }
    }
    found.into_iter().map(|(_, one)| one).collect()
}

async fn publish(scene: &Scene<'_>, session: &Session, name: &str, one: &Candidate) {
    let source = session.source("postgres_statements", "pg_stat_statements, before and after");
    let text = shape(&one.text);
    scene.fact(FactKey::PgStatement, name, text.clone(), &source);
    if let Some(counters) = &one.counters {
        scene.fact(FactKey::PgStatementCalls, name, counters.calls, &source);
        scene.fact(FactKey::PgStatementMs, name, counters.total_ms, &source);
        scene.fact(FactKey::PgStatementBlocks, name, counters.blocks, &source);
    }
    let number = name.rsplit_once('?').map_or("0", |(_, number)| number);
    let plan = match explain::plan(session, &one.text, number).await {
        Ok(plan) => plan,
        Err(reason) => return scene.missing(FactKey::PgStatementPlan, name, reason),
    };
    let source = session.source("postgres_plans", &format!("EXPLAIN {text}"));
    scene.fact(FactKey::PgStatementPlan, name, plan.lines(), &source);
    scene.fact(FactKey::PgStatementCost, name, plan.cost, &source);
    publish_scan(scene, session, (name, number), &plan, one).await;
    if one.looks > 0 {
        publish_misjudged(scene, session, (name, number), &plan).await;
    }
}

/// The table that is read in full, what the plan keeps of it, and the index its filter asks for.
async fn publish_scan(
    scene: &Scene<'_>,
    session: &Session,
    (name, number): (&str, &str),
    plan: &Plan,
    one: &Candidate,
) {
    let source = session.source("postgres_plans", &format!("EXPLAIN {}", shape(&one.text)));
    let Some(scan) = plan.largest_scan(session).await else {
        if let Some(table) = plan.tables().first() {
            scene.fact(FactKey::PgStatementTable, name, redact::text(table), &source);
        }
        return;
    };
    scene.fact(FactKey::PgStatementTable, name, redact::text(&scan.table), &source);
    scene.fact(FactKey::PgStatementKept, name, scan.kept, &source);
    let advice = match explain::advise(session, &scan).await {
        Ok(Some(advice)) => advice,
        Ok(None) => return,
        Err(reason) => return scene.missing(FactKey::PgStatementIndex, name, reason),
    };
    scene.fact(FactKey::PgStatementIndex, name, redact::text(&advice.statement), &source);
    scene.fact(FactKey::PgStatementIndexed, name, advice.exists, &source);
    match explain::suppose(session, &one.text, number, &advice).await {
        Ok(cost) => {
            let source =
                session.source("postgres_plans", "EXPLAIN, with the index supposed by HypoPG");
            scene.fact(FactKey::PgStatementIndexedCost, name, cost, &source);
        }
        Err(reason) => scene.missing(FactKey::PgStatementIndexedCost, name, reason),
    }
}

/// Where the planner was most wrong, if a table of the plan changed much since its statistics.
async fn publish_misjudged(
    scene: &Scene<'_>,
    session: &Session,
    (name, number): (&str, &str),
    plan: &Plan,
) {
    if !plan.tables().iter().any(|table| is_stale(scene, session, table)) {
        return;
    }
    let source = session.source("postgres_plans", "EXPLAIN (ANALYZE, TIMING OFF), rolled back");
    match explain::misjudged(session, plan, number).await {
        Ok(Some(node)) => {
            scene.fact(FactKey::PgStatementMisjudged, name, redact::text(&node.label), &source);
            scene.fact(FactKey::PgStatementExpectedRows, name, node.expected, &source);
            scene.fact(FactKey::PgStatementActualRows, name, node.actual, &source);
        }
        Ok(None) => {}
        Err(reason) => scene.missing(FactKey::PgStatementActualRows, name, reason),
    }
}

/// Whether more rows of a table changed than its statistics should bear.
fn is_stale(scene: &Scene<'_>, session: &Session, table: &str) -> bool {
    let name = object::table(&session.name, &redact::text(table));
    let of = |key| {
        let facts = scene.collector.so_far(key);
        facts.iter().rfind(|draft| draft.object == name).and_then(|draft| draft.value.number())
    };
    let modified = of(FactKey::PgTableModified);
    modified.zip(of(FactKey::PgTableAnalyzeTrigger)).is_some_and(|(rows, limit)| rows >= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_activity_and_of_the_counters_have_one_shape() {
        let seen = "SELECT * FROM orders\n  WHERE status = 'open' AND id > 7";
        let counted = "SELECT * FROM orders WHERE status = $1 AND id > $2";
        assert_eq!(shape(seen), shape(counted));
    }

    #[test]
    fn neither_utilities_nor_our_own_looks_are_the_applications() {
        for text in ["BEGIN", "  set x = 1", "SELECT pid FROM pg_stat_activity", ""] {
            assert!(!is_applications(text), "{text}");
        }
        assert!(is_applications("WITH x AS (SELECT 1) SELECT * FROM x"));
    }

    #[test]
    fn what_was_seen_takes_its_counters_and_leads() {
        let counted = |text: &str, total_ms| Counters {
            text: text.to_owned(),
            calls: 3,
            total_ms,
            blocks: 9,
        };
        let sampled = vec![Sampled { text: "SELECT 1 FROM a WHERE b = 5".to_owned(), looks: 9 }];
        let all = candidates(
            sampled,
            vec![counted("SELECT 2 FROM c", 90.0), counted("SELECT $1 FROM a WHERE b = $2", 50.0)],
        );
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].counters.as_ref().map(|one| one.calls), Some(3));
        assert_eq!(all[0].looks, 9);
    }
}
