//! Statements tried on a private copy: their plan and time as they are, with an index, after ANALYZE.

use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde::{Deserialize, Serialize};

use super::source_sql::SourceStatement;
use super::sqlite_open::Reader;
use super::sqlite_tables::{TableSeen, quoted};

/// Most statements tried.
const STATEMENTS_MAX: usize = 16;
/// A table smaller than this needs no index and gets no guessed look-up.
const ROWS_MIN: u64 = 1_000;
/// Most pairs of indexed columns tried on one table with stale statistics.
const PAIRS_MAX: usize = 3;
/// Times each statement is run.
const RUNS: usize = 5;
/// One run.
const RUN_LIMIT: Duration = Duration::from_millis(500);
/// Making one index, or the statistics, on the copy.
const CHANGE_LIMIT: Duration = Duration::from_millis(1500);
/// Rows read of one answer.
const ROWS_READ_MAX: usize = 10_000;
/// Statistics are stale when they are off by more than this factor.
const STALE_FACTOR: u64 = 10;

/// A plan and the times of some runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Lines of EXPLAIN QUERY PLAN.
    pub plan: Vec<String>,
    /// Milliseconds of each run.
    pub took_ms: Vec<f64>,
}

/// A trial with an index that does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The index.
    pub create: String,
    /// Milliseconds of each run with it.
    pub took_ms: Vec<f64>,
}

/// One statement and what its trials gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatementSeen {
    /// The statement.
    pub sql: String,
    /// Where it stands in the source, when it was read there.
    pub place: Option<String>,
    /// The examined path that stood at that place.
    pub http_path: Option<String>,
    /// The table it scans, or reads first.
    pub table: Option<String>,
    /// Its plan as things are.
    pub plan: Vec<String>,
    /// Its times as things are.
    pub took_ms: Vec<f64>,
    /// With an index, when it scans a table by columns that an index could serve.
    pub trial: Option<Trial>,
    /// After ANALYZE, when statistics are absent or stale.
    pub analyzed: Option<Tried>,
}

/// Tries the statements read at source lines and those that tables of this shape serve.
pub fn try_all(
    copy: &Reader,
    tables: &[TableSeen],
    sources: &[SourceStatement],
    limit: Duration,
) -> Vec<StatementSeen> {
    let begun = Instant::now();
    let left = || limit.saturating_sub(begun.elapsed());
    let mut seen: Vec<StatementSeen> = Vec::new();
    for candidate in candidates(tables, sources).into_iter().take(STATEMENTS_MAX) {
        if left() < RUN_LIMIT {
            break;
        }
        // A statement of the source that SQLite refuses (another database's, a template) is no finding.
        if let Ok(statement) = first_try(copy, tables, candidate) {
            seen.push(statement);
        }
    }
    for statement in &mut seen {
        if left() > CHANGE_LIMIT {
            statement.trial = with_index(copy, tables, statement);
        }
    }
    if left() > CHANGE_LIMIT && tables.iter().any(is_stale) {
        after_analyze(copy, tables, &mut seen, &left);
    }
    seen
}

struct Candidate {
    sql: String,
    place: Option<String>,
    http_path: Option<String>,
}

fn candidates(tables: &[TableSeen], sources: &[SourceStatement]) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = sources
        .iter()
        .map(|one| Candidate {
            sql: one.sql.clone(),
            place: Some(one.place.clone()),
            http_path: Some(one.http_path.clone()),
        })
        .collect();
    for table in tables.iter().filter(|table| table.rows.is_none_or(|rows| rows >= ROWS_MIN)) {
        let looked_up: Vec<&str> = table
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| is_looked_up(name))
            .collect();
        for column in looked_up {
            all.push(guessed(table, &[column]));
        }
        if table.stat_rows.is_some() && is_stale(table) {
            all.extend(indexed_pairs(table).into_iter().map(|(a, b)| guessed(table, &[a, b])));
        }
    }
    all
}

/// Two columns with an index each: where stale statistics can make the planner choose the wrong one.
fn indexed_pairs(table: &TableSeen) -> Vec<(&str, &str)> {
    let firsts: Vec<&str> = table
        .indexes
        .iter()
        .filter_map(|index| index.columns.first())
        .map(String::as_str)
        .collect();
    let pairs = firsts
        .iter()
        .enumerate()
        .flat_map(|(at, a)| firsts[at + 1..].iter().map(move |b| (*a, *b)));
    pairs.filter(|(a, b)| a != b).take(PAIRS_MAX).collect()
}

fn guessed(table: &TableSeen, columns: &[&str]) -> Candidate {
    let terms: Vec<String> =
        columns.iter().map(|column| format!("{} = ?", quoted(column))).collect();
    let sql = format!("SELECT * FROM {} WHERE {}", quoted(&table.name), terms.join(" AND "));
    Candidate { sql, place: None, http_path: None }
}

/// Columns by which rows are usually looked up: secrets, addresses and references.
fn is_looked_up(column: &str) -> bool {
    let lower = column.to_ascii_lowercase();
    let words =
        ["token", "email", "session_key", "sid", "username", "token_hash", "api_key", "slug"];
    (lower.ends_with("_id") && lower.len() > 3)
        || words.contains(&lower.as_str())
        || lower.ends_with("_hash") && lower.contains("token")
}

fn first_try(
    copy: &Reader,
    tables: &[TableSeen],
    candidate: Candidate,
) -> rusqlite::Result<StatementSeen> {
    let tried = run(copy, tables, &candidate.sql)?;
    let table = scanned_table(&tried.plan)
        .map(|name| real_name(tables, &name, &candidate.sql))
        .or_else(|| read_table(&tried.plan));
    Ok(StatementSeen {
        sql: candidate.sql,
        place: candidate.place,
        http_path: candidate.http_path,
        table,
        plan: tried.plan,
        took_ms: tried.took_ms,
        trial: None,
        analyzed: None,
    })
}

fn run(copy: &Reader, tables: &[TableSeen], sql: &str) -> rusqlite::Result<Tried> {
    let parameters = copy.within(RUN_LIMIT, |db| parameters_for(db, tables, sql))?;
    let plan = copy.within(RUN_LIMIT, |db| plan_of(db, sql, &parameters))?;
    let mut took_ms = Vec::new();
    let begun = Instant::now();
    while took_ms.len() < RUNS && begun.elapsed() < RUN_LIMIT {
        let one = Instant::now();
        // An interrupted run took at least the limit, which is what is kept of it.
        let finished = copy.within(RUN_LIMIT, |db| read_all(db, sql, &parameters));
        took_ms.push(one.elapsed().as_secs_f64() * 1000.0);
        if let Err(error) = finished {
            if error.sqlite_error_code() != Some(rusqlite::ErrorCode::OperationInterrupted) {
                return Err(error);
            }
            break;
        }
    }
    Ok(Tried { plan, took_ms })
}

fn plan_of(db: &Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    statement.query_map(params_from_iter(parameters), |row| row.get(3))?.collect()
}

fn read_all(db: &Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    // A copy is ours to change, but a statement of theirs has no business changing it.
    if !statement.readonly() {
        return Err(rusqlite::Error::InvalidQuery);
    }
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut read = 0;
    while rows.next()?.is_some() && read < ROWS_READ_MAX {
        read += 1;
    }
    Ok(())
}

/// A value for each parameter: one that the compared column really holds, so that the run finds rows.
fn parameters_for(
    db: &Connection,
    tables: &[TableSeen],
    sql: &str,
) -> rusqlite::Result<Vec<Value>> {
    let wanted = db.prepare(sql)?.parameter_count();
    let columns = compared_columns(sql);
    Ok((0..wanted)
        .map(|at| {
            columns
                .get(at)
                .and_then(|(column, _)| a_value_of(db, tables, sql, column))
                .unwrap_or(Value::Null)
        })
        .collect())
}

fn a_value_of(db: &Connection, tables: &[TableSeen], sql: &str, column: &str) -> Option<Value> {
    let lower = sql.to_ascii_lowercase();
    let has = |table: &&TableSeen| {
        lower.contains(&table.name.to_ascii_lowercase())
            && table.columns.iter().any(|one| one.name.eq_ignore_ascii_case(column))
    };
    let table = tables.iter().find(has)?;
    let newest = format!(
        "SELECT {} FROM {} ORDER BY rowid DESC LIMIT 1",
        quoted(column),
        quoted(&table.name)
    );
    db.query_row(&newest, [], |row| row.get(0)).ok()
}

/// The column before each `= ?` (or `<`, `>`, `>=` …) in the order of the parameters, and whether
/// the comparison is equality.
fn compared_columns(sql: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for (at, _) in sql.match_indices(['?', ':', '$', '@']) {
        let before = sql[..at].trim_end();
        let operator_start = before.trim_end_matches(['=', '<', '>', '!']).len();
        let operator = &before[operator_start..];
        let column: String = before[..operator_start]
            .trim_end()
            .trim_end_matches('"')
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        found.push((column.chars().rev().collect(), matches!(operator, "=" | "==")));
    }
    found
}

/// The table or alias of the first `SCAN x` line that is no scan of an index.
fn scanned_table(plan: &[String]) -> Option<String> {
    plan.iter().find_map(|line| {
        let rest = line.strip_prefix("SCAN ")?;
        let whole = !rest.contains("USING COVERING INDEX")
            && !rest.contains("USING INDEX")
            && !rest.starts_with("CONSTANT");
        whole.then(|| rest.split(' ').next().map(str::to_owned)).flatten()
    })
}

fn read_table(plan: &[String]) -> Option<String> {
    plan.iter().find_map(|line| {
        let rest = line.strip_prefix("SEARCH ").or_else(|| line.strip_prefix("SCAN "))?;
        rest.split(' ').next().map(str::to_owned)
    })
}

/// The plan says an alias where the statement uses one; the table is the one it stands for.
fn real_name(tables: &[TableSeen], named: &str, sql: &str) -> String {
    if tables.iter().any(|table| table.name == named) {
        return named.to_owned();
    }
    let words: Vec<&str> = sql.split_ascii_whitespace().collect();
    let stands_for = words.windows(3).find_map(|three| match three {
        [table, "AS" | "as", alias] if *alias == named => Some(*table),
        [_, table, alias] if *alias == named => Some(*table),
        _ => None,
    });
    stands_for.unwrap_or(named).trim_matches('"').to_owned()
}

/// Runs the statement with an index on the columns it compares for equality, then drops the index.
fn with_index(copy: &Reader, tables: &[TableSeen], statement: &StatementSeen) -> Option<Trial> {
    let scanned = scanned_table(&statement.plan)?;
    let name = real_name(tables, &scanned, &statement.sql);
    let table = tables.iter().find(|table| table.name == name)?;
    let mut columns: Vec<String> = Vec::new();
    for (column, equal) in compared_columns(&statement.sql) {
        let own = table.columns.iter().find(|one| one.name.eq_ignore_ascii_case(&column));
        if let Some(own) = own.filter(|own| equal && !columns.contains(&own.name)) {
            columns.push(own.name.clone());
        }
    }
    if columns.is_empty() {
        return None;
    }
    let index = format!("{}_by_{}", table.name, columns.join("_"));
    let listed: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let create = format!(
        "CREATE INDEX {} ON {}({})",
        quoted(&index),
        quoted(&table.name),
        listed.join(", ")
    );
    copy.within(CHANGE_LIMIT, |db| db.execute_batch(&create)).ok()?;
    let tried = run(copy, tables, &statement.sql);
    copy.within(CHANGE_LIMIT, |db| db.execute_batch(&format!("DROP INDEX {}", quoted(&index))))
        .ok()?;
    Some(Trial { create: create.replace('"', ""), took_ms: tried.ok()?.took_ms })
}

fn is_stale(table: &TableSeen) -> bool {
    match (table.rows, table.stat_rows) {
        (Some(rows), Some(believed)) => {
            let (less, more) = (rows.min(believed).max(1), rows.max(believed));
            rows.max(believed) >= ROWS_MIN && more / less > STALE_FACTOR
        }
        (Some(rows), None) => rows >= ROWS_MIN,
        (None, _) => true,
    }
}

fn after_analyze(
    copy: &Reader,
    tables: &[TableSeen],
    seen: &mut [StatementSeen],
    left: &dyn Fn() -> Duration,
) {
    if copy
        .within(CHANGE_LIMIT, |db| db.execute_batch("PRAGMA analysis_limit=2000; ANALYZE"))
        .is_err()
    {
        return;
    }
    for statement in seen {
        if left() < RUN_LIMIT {
            return;
        }
        statement.analyzed = run(copy, tables, &statement.sql).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compared_columns_are_found_in_the_order_of_the_parameters() {
        let sql = "SELECT count(body) FROM notes n WHERE n.status = 'unread' AND n.user_id = ? AND at >= :since";
        assert_eq!(compared_columns(sql), [("user_id".to_owned(), true), ("at".to_owned(), false)]);
        assert_eq!(
            compared_columns("SELECT * FROM \"t\" WHERE \"a\" = ?"),
            [("a".to_owned(), true)]
        );
    }

    #[test]
    fn a_scan_of_a_table_is_told_from_a_scan_of_an_index() {
        assert_eq!(scanned_table(&["SCAN notes".to_owned()]).as_deref(), Some("notes"));
        assert_eq!(scanned_table(&["SCAN notes USING COVERING INDEX x".to_owned()]), None);
        assert_eq!(scanned_table(&["SEARCH notes USING INDEX x (a=?)".to_owned()]), None);
        assert_eq!(real_name(&[], "n", "SELECT 1 FROM notes n"), "notes");
        assert_eq!(real_name(&[], "n", "SELECT 1 FROM notes AS n"), "notes");
    }
}
