//! Plans of statements: asked for and read, never executed but for a SELECT in a rolled-back, time-boxed transaction.

use std::time::Duration;

use serde_json::Value;

use super::session::{Failure, STATEMENT_DEADLINE, Session, describe};
use crate::evidence::redact;

/// Most nodes of a plan that are read.
const NODES_MAX: usize = 60;
/// A SELECT that is run to compare expected with actual rows is ended by the server after this.
const RUN_DEADLINE: Duration = Duration::from_secs(6);
/// Fewer rows than this, expected or actual, misjudge nothing that matters.
const ROWS_MIN: f64 = 100.0;
/// Most columns of a table that are compared with a filter.
const COLUMNS_MAX: usize = 1600;

/// One node of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    kind: String,
    table: Option<String>,
    filter: Option<String>,
    rows: f64,
    actual: Option<f64>,
}

/// A plan, its nodes from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The planner's cost of the whole.
    pub cost: f64,
    nodes: Vec<Node>,
    parameters: usize,
    reads: bool,
}

/// A table read in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The table with its schema.
    pub table: String,
    /// Rows the plan keeps of it.
    pub kept: f64,
    filter: String,
}

/// The index a filter asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// The statement a person would run.
    pub statement: String,
    /// Whether an index that begins with one of the columns exists.
    pub exists: bool,
    plain: String,
}

/// A node whose rows were misjudged.
#[derive(Clone, Debug, PartialEq)]
pub struct Misjudged {
    /// The node, for a person.
    pub label: String,
    /// Rows the planner expected.
    pub expected: f64,
    /// Rows it gave.
    pub actual: f64,
}

/// Asks for the plan of a statement as any value of its parameters would get it.
///
/// The statement is prepared over the extended protocol, which refuses more than one statement, and
/// explained without being executed.
///
/// # Errors
/// When PostgreSQL refuses it.
pub async fn plan(session: &Session, text: &str, number: &str) -> Result<Plan, Failure> {
    let name = format!("galen_doctor_{number}");
    prepare(session, &name, text).await?;
    let parameters = parameters(text);
    let sql = format!(
        "SET plan_cache_mode = force_generic_plan; \
         EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE {name}{}",
        nulls(parameters)
    );
    let json = session.text(&sql, STATEMENT_DEADLINE).await?;
    let mut plan = parse(&json)?;
    let lower = text.trim_start().to_ascii_lowercase();
    plan.parameters = parameters;
    plan.reads = lower.starts_with("select") && !lower.contains(" for ");
    Ok(plan)
}

async fn prepare(session: &Session, name: &str, text: &str) -> Result<(), Failure> {
    let sql = format!("PREPARE {name} AS {}", text.trim().trim_end_matches(';'));
    let preparing = session.client.execute(&sql, &[]);
    match tokio::time::timeout(STATEMENT_DEADLINE, preparing).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(describe(&error)),
        Err(_) => Err("PostgreSQL did not answer a statement in time".to_owned()),
    }
}

/// The highest parameter number of a statement.
fn parameters(text: &str) -> usize {
    let after = text.split('$').skip(1);
    after
        .filter_map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse().ok()
        })
        .max()
        .unwrap_or(0)
        .min(100)
}

fn nulls(count: usize) -> String {
    if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) }
}

fn parse(json: &str) -> Result<Plan, Failure> {
    let read: Value =
        serde_json::from_str(json).map_err(|_| "the plan cannot be read".to_owned())?;
    let top = read.pointer("/0/Plan").ok_or("the plan cannot be read")?;
    let cost = top.get("Total Cost").and_then(Value::as_f64).unwrap_or(0.0);
    let mut nodes = Vec::new();
    gather(top, &mut nodes);
    Ok(Plan { cost, nodes, parameters: 0, reads: false })
}

fn gather(node: &Value, nodes: &mut Vec<Node>) {
    if nodes.len() >= NODES_MAX {
        return;
    }
    let text = |key: &str| node.get(key).and_then(Value::as_str).map(str::to_owned);
    let table = text("Relation Name").map(|name| match text("Schema") {
        Some(schema) => format!("{schema}.{name}"),
        None => name,
    });
    nodes.push(Node {
        kind: text("Node Type").unwrap_or_default(),
        table,
        filter: text("Filter"),
        rows: node.get("Plan Rows").and_then(Value::as_f64).unwrap_or(0.0),
        actual: node.get("Actual Rows").and_then(Value::as_f64),
    });
    for below in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        gather(below, nodes);
    }
}

impl Node {
    fn label(&self) -> String {
        match &self.table {
            Some(table) => format!("{} on {table}", self.kind),
            None => self.kind.clone(),
        }
    }
}

impl Plan {
    /// One line for each node, without literals.
    pub fn lines(&self) -> Vec<String> {
        let line = |node: &Node| match &node.filter {
            Some(filter) => format!("{} (filter {})", node.label(), redact::postgres_sql(filter)),
            None => redact::text(&node.label()),
        };
        self.nodes.iter().map(line).collect()
    }

    /// Every table it reads.
    pub fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> =
            self.nodes.iter().filter_map(|node| node.table.clone()).collect();
        tables.dedup();
        tables
    }

    /// The largest of the tables it reads in full and filters.
    pub async fn largest_scan(&self, session: &Session) -> Option<Scan> {
        const SIZE: &str = "SELECT pg_relation_size(to_regclass($1))::int8 AS bytes";
        let mut largest: Option<(i64, Scan)> = None;
        for node in self.nodes.iter().filter(|node| node.kind == "Seq Scan") {
            let Some(table) = node.table.clone() else { continue };
            let rows = session.rows(SIZE, &[&table]).await.unwrap_or_default();
            let bytes =
                rows.first().and_then(|row| row.get::<_, Option<i64>>("bytes")).unwrap_or(0);
            if largest.as_ref().is_none_or(|(most, _)| bytes > *most) {
                let filter = node.filter.clone().unwrap_or_default();
                largest = Some((bytes, Scan { table, kept: node.rows, filter }));
            }
        }
        largest.map(|(_, scan)| scan)
    }
}

/// The index a scan's filter asks for: its columns compared by equality, then one by range.
///
/// # Errors
/// When the catalogue cannot be read.
pub async fn advise(session: &Session, scan: &Scan) -> Result<Option<Advice>, Failure> {
    const COLUMNS: &str = "SELECT attname::text AS name, quote_ident(attname) AS quoted \
        FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    const INDEXED: &str = "SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a \
        ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = to_regclass($1) \
        AND i.indisvalid AND a.attname::text = ANY($2)) AS known";
    let rows = session.rows(COLUMNS, &[&scan.table]).await?;
    let mut equal = Vec::new();
    let mut ranged = Vec::new();
    for row in rows.iter().take(COLUMNS_MAX) {
        let (name, quoted): (String, String) = (row.get("name"), row.get("quoted"));
        match compared(&scan.filter, &quoted) {
            Some(Compared::Equal) => equal.push((name, quoted)),
            Some(Compared::Range) => ranged.push((name, quoted)),
            None => {}
        }
    }
    ranged.truncate(1);
    let columns: Vec<(String, String)> = equal.into_iter().chain(ranged).collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
    let known = session.rows(INDEXED, &[&scan.table, &names]).await?;
    let quoted: Vec<&str> = columns.iter().map(|(_, quoted)| quoted.as_str()).collect();
    let on = format!("{} ({})", scan.table, quoted.join(", "));
    Ok(Some(Advice {
        statement: format!("CREATE INDEX CONCURRENTLY ON {on}"),
        exists: known.first().is_some_and(|row| row.get("known")),
        plain: format!("CREATE INDEX ON {on}"),
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    Equal,
    Range,
}

/// How a filter of a plan compares a column, if it does so in a way that a B-tree can serve.
fn compared(filter: &str, column: &str) -> Option<Compared> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let mut found = None;
    for (at, _) in filter.match_indices(column) {
        let before = filter[..at].chars().next_back();
        let rest = &filter[at + column.len()..];
        if before.is_some_and(is_word) || rest.chars().next().is_some_and(is_word) {
            continue;
        }
        // A cast such as `(status)::text = ` stands between the column and its operator.
        let rest = rest.trim_start_matches(')');
        let rest = match rest.strip_prefix("::") {
            Some(cast) => {
                cast.trim_start_matches(|c: char| c != '=' && c != '<' && c != '>' && c != ')')
            }
            None => rest.trim_start(),
        };
        if rest.starts_with("= ") {
            return Some(Compared::Equal);
        }
        if rest.starts_with(['<', '>']) && !rest.starts_with("<>") {
            found = Some(Compared::Range);
        }
    }
    found
}

/// The planner's cost of the statement with the index supposed by HypoPG, which builds nothing.
///
/// # Errors
/// When HypoPG is not in this database, or refuses.
pub async fn suppose(
    session: &Session,
    text: &str,
    number: &str,
    advice: &Advice,
) -> Result<f64, Failure> {
    const SCHEMA: &str = "SELECT quote_ident(n.nspname) AS name FROM pg_extension e \
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'";
    let rows = session.rows(SCHEMA, &[]).await?;
    let schema: String = rows.first().map(|row| row.get("name")).ok_or(
        "HypoPG is not in this database, so the index was not tried (CREATE EXTENSION hypopg)",
    )?;
    let create = format!("SELECT indexname AS name FROM {schema}.hypopg_create_index($1)");
    session.rows(&create, &[&advice.plain]).await?;
    let supposed = plan(session, text, &format!("{number}_supposed")).await;
    // Supposed indexes live in our session alone; the next statement must not see them.
    session.rows(&format!("SELECT {schema}.hypopg_reset()::text AS done"), &[]).await?;
    Ok(supposed?.cost)
}

/// Runs a SELECT in a read-only transaction that is rolled back, and compares expected with actual
/// rows; `None` when nothing was misjudged, or the statement has parameters nobody knows.
///
/// # Errors
/// When it does not end in time.
pub async fn misjudged(
    session: &Session,
    plan: &Plan,
    number: &str,
) -> Result<Option<Misjudged>, Failure> {
    if !plan.reads {
        return Ok(None);
    }
    if plan.parameters > 0 {
        return Err("the values of its parameters are not known, so it was not run".to_owned());
    }
    let seconds = RUN_DEADLINE.as_secs();
    let sql = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = '{seconds}s'; \
         EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON, VERBOSE) EXECUTE galen_doctor_{number}"
    );
    let run = session.text(&sql, RUN_DEADLINE + Duration::from_secs(1)).await;
    // The transaction ends in any case, or no statement after it would be answered.
    session.text("ROLLBACK", STATEMENT_DEADLINE).await?;
    let ran = parse(&run?)?;
    Ok(ran.nodes.iter().filter_map(judged).max_by(|a, b| ratio(a).total_cmp(&ratio(b))))
}

fn judged(node: &Node) -> Option<Misjudged> {
    let actual = node.actual?;
    let matters = actual.max(node.rows) >= ROWS_MIN;
    matters.then(|| Misjudged { label: node.label(), expected: node.rows, actual })
}

fn ratio(node: &Misjudged) -> f64 {
    let (expected, actual) = (node.expected.max(1.0), node.actual.max(1.0));
    (expected / actual).max(actual / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_tells_which_columns_an_index_would_serve() {
        let filter = "(((orders.status)::text = 'open'::text) AND (orders.total > 5) AND (orders.note <> ''))";
        assert_eq!(compared(filter, "status"), Some(Compared::Equal));
        assert_eq!(compared(filter, "total"), Some(Compared::Range));
        assert_eq!(compared(filter, "note"), None);
        assert_eq!(compared(filter, "tat"), None);
    }

    #[test]
    fn a_plan_is_read_with_its_tables_and_loses_its_literals() {
        let json = r#"[{"Plan": {"Node Type": "Aggregate", "Total Cost": 91.5, "Plan Rows": 1,
            "Plans": [{"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "orders",
            "Plan Rows": 12, "Actual Rows": 5000, "Filter": "(orders.email = 'a@b.c'::text)"}]}}]"#;
        let plan = parse(json).unwrap();
        assert_eq!(plan.tables(), ["public.orders"]);
        assert_eq!(plan.lines()[1], "Seq Scan on public.orders (filter (orders.email = ?::text))");
        let worst = plan.nodes.iter().filter_map(judged).next().unwrap();
        assert_eq!((worst.expected, worst.actual), (12.0, 5000.0));
    }

    #[test]
    fn parameters_are_counted_by_their_numbers() {
        assert_eq!(parameters("SELECT $1, $3 WHERE a = $2"), 3);
        assert_eq!(nulls(2), "(NULL, NULL)");
        assert_eq!(nulls(parameters("SELECT 1")), "");
    }
}
