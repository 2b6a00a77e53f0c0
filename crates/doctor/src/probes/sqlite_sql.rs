//! A SQLite database asked in SQL, read only, in a child of its own: sizes, rows, sessions, plans.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::child::{self, Order, Scratch};
use super::scene::Scene;
use super::source_sql::SourceStatement;
use super::sqlite_damage;
use super::sqlite_open::{self, Opened, Reader};
use super::sqlite_plans::{self, StatementSeen};
use super::sqlite_tables::{self, TableSeen};
use super::windows::database_object;
use crate::evidence::{FactKey, Source, Value, object, redact};
use crate::progress::Stage;

/// The child's whole time.
const DEADLINE: Duration = Duration::from_secs(8);
/// Copying a database for trials.
const COPY_LIMIT: Duration = Duration::from_secs(3);

/// What to ask of which database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SqlOrder {
    /// The main file.
    pub database: PathBuf,
    /// Whether another process has it open at this moment.
    pub in_use: bool,
    /// Whether its header says WAL.
    pub wal_mode: bool,
    /// A private directory for copies.
    pub scratch: PathBuf,
    /// The largest database copied.
    pub copy_bytes_max: u64,
    /// Now, in Unix milliseconds, for the expiry of sessions.
    pub now_ms: i64,
    /// Statements read at source lines.
    pub statements: Vec<SourceStatement>,
}

/// What the database answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SqlSeen {
    /// Why nothing could be asked.
    pub error: Option<String>,
    /// Pages, freelist pages and page size.
    pub pages: Option<(u64, u64, u64)>,
    /// Reading every row of every table once.
    pub scan_ms: Option<f64>,
    /// Why the scan has no figure.
    pub scan_missing: Option<String>,
    /// Tables.
    pub tables: Vec<TableSeen>,
    /// Whether `sqlite_stat1` has rows.
    pub has_statistics: bool,
    /// Statements tried on a copy.
    pub statements: Vec<StatementSeen>,
    /// Why no statement could be tried.
    pub trials_missing: Option<String>,
    /// What a check of the copy found wrong; nothing for a sound one.
    pub damage: Option<Vec<String>>,
}

/// The child's part.
pub fn obey(order: &SqlOrder) -> SqlSeen {
    let begun = Instant::now();
    let mut seen = SqlSeen::default();
    let opened = sqlite_open::open(
        &order.database,
        order.in_use,
        order.wal_mode,
        &order.scratch,
        order.copy_bytes_max,
    );
    let (reader, is_copy) = match opened {
        Ok(Opened::Live(reader)) => (reader, false),
        Ok(Opened::Copied(reader)) => (reader, true),
        Err(error) => return SqlSeen { error: Some(error), ..seen },
    };
    let asked = ask(&reader, order, &mut seen);
    // A damaged file is copied page by page all the same, and only the copy is checked.
    seen.error = asked.err().map(|error| error.to_string());
    let bytes = std::fs::metadata(&order.database).map_or(0, |meta| meta.len());
    let trial = if is_copy {
        Ok(reader)
    } else {
        sqlite_open::copy_for_trials(
            &reader,
            &order.scratch,
            (bytes, order.copy_bytes_max),
            COPY_LIMIT,
        )
    };
    match trial {
        Ok(copy) => {
            seen.damage = sqlite_damage::find(&copy, bytes);
            if seen.error.is_some() {
                return seen;
            }
            let left = DEADLINE.saturating_sub(begun.elapsed());
            seen.statements = sqlite_plans::try_all(&copy, &seen.tables, &order.statements, left);
        }
        Err(reason) => seen.trials_missing = Some(reason),
    }
    seen
}

fn ask(reader: &Reader, order: &SqlOrder, seen: &mut SqlSeen) -> rusqlite::Result<()> {
    let pragma = |name: &str| -> rusqlite::Result<u64> {
        reader.within(Duration::from_secs(1), |db| {
            db.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .map(|value| u64::try_from(value).unwrap_or(0))
        })
    };
    seen.pages = Some((pragma("page_count")?, pragma("freelist_count")?, pragma("page_size")?));
    seen.tables = sqlite_tables::read(reader, order.now_ms)?;
    seen.has_statistics = seen.tables.iter().any(|table| table.stat_rows.is_some());
    match sqlite_tables::scan_ms(reader, &seen.tables) {
        Ok(took_ms) => seen.scan_ms = Some(took_ms),
        Err(error) => seen.scan_missing = Some(error.to_string()),
    }
    Ok(())
}

/// The parent's part: one child per database.
pub async fn run(scene: &Scene<'_>) {
    let found = scene.found();
    for (rank, database) in found.databases.iter().enumerate() {
        scene.step(Stage::Inspect, "database contents");
        let name = database_object(database);
        let scratch = match Scratch::new() {
            Ok(scratch) => scratch,
            Err(error) => {
                scene.missing(
                    FactKey::SqliteScanMs,
                    name,
                    format!("no private directory under /tmp: {error}"),
                );
                continue;
            }
        };
        let census = super::census::Census::take();
        let order = SqlOrder {
            database: database.clone(),
            in_use: !census.openers_of(database).is_empty(),
            // A database whose mode is not known is treated with the greater care.
            wal_mode: !scene
                .collector
                .so_far(FactKey::SqliteJournalMode)
                .iter()
                .any(|draft| draft.object == name && draft.value == Value::from("rollback")),
            scratch: scratch.path().to_owned(),
            copy_bytes_max: scene.target.caps.copy_bytes_max,
            now_ms: scene.now().0,
            // Source lines say nothing of which file they read; the first one is the named or used one.
            statements: if rank == 0 { found.statements.clone() } else { Vec::new() },
        };
        let exe = scene.target.child_exe.as_deref();
        match child::run::<SqlSeen>(exe, &Order::Sql(order), DEADLINE).await {
            Ok(seen) => publish(scene, &name, &seen),
            Err(error) => scene.missing(FactKey::SqliteScanMs, name, error),
        }
    }
}

fn publish(scene: &Scene<'_>, name: &str, seen: &SqlSeen) {
    let sql = |text: &str| {
        Source::new(
            "sqlite_sql",
            format!("{name}, mode=ro: {text}"),
            format!("sqlite3 'file:{name}?mode=ro' '{text}'"),
        )
    };
    if let Some(damage) = &seen.damage {
        let found: Vec<String> = damage.iter().map(|line| redact::text(line)).collect();
        scene.fact(FactKey::SqliteDamage, name, found, &sql("PRAGMA integrity_check, on a copy"));
    } else {
        scene.missing(FactKey::SqliteDamage, name, "the copy was not checked to its end");
    }
    if let Some(error) = &seen.error {
        scene.missing(FactKey::SqliteScanMs, name, redact::text(error));
        return;
    }
    if let Some((pages, free, page_bytes)) = seen.pages {
        scene.fact(FactKey::SqlitePages, name, pages, &sql("PRAGMA page_count"));
        scene.fact(FactKey::SqliteFreelistPages, name, free, &sql("PRAGMA freelist_count"));
        scene.fact(FactKey::SqlitePageSize, name, page_bytes, &sql("PRAGMA page_size"));
    }
    match (seen.scan_ms, &seen.scan_missing) {
        (Some(took_ms), _) => scene.fact(
            FactKey::SqliteScanMs,
            name,
            took_ms,
            &sql("every column of every row of every table, read once"),
        ),
        (None, reason) => scene.missing(
            FactKey::SqliteScanMs,
            name,
            redact::text(reason.as_deref().unwrap_or("not measured")),
        ),
    }
    scene.fact(
        FactKey::SqliteHasStatistics,
        name,
        seen.has_statistics,
        &sql("SELECT count(*) FROM sqlite_stat1"),
    );
    for table in &seen.tables {
        publish_table(scene, name, table);
    }
    if let Some(reason) = &seen.trials_missing {
        scene.missing(FactKey::SqliteStatementPlan, name, redact::text(reason));
    }
    for (number, statement) in (1..).zip(&seen.statements) {
        publish_statement(scene, &object::statement(name, number), statement);
    }
}

fn publish_table(scene: &Scene<'_>, database: &str, table: &TableSeen) {
    let name = object::table(database, &redact::text(&table.name));
    let sql = |text: String| {
        Source::new(
            "sqlite_sql",
            format!("{database}, mode=ro: {text}"),
            format!("sqlite3 'file:{database}?mode=ro' '{text}'"),
        )
    };
    match table.rows {
        Some(rows) => scene.fact(
            FactKey::SqliteTableRows,
            &name,
            rows,
            &sql(format!("SELECT count(*) FROM {}", table.name)),
        ),
        None => scene.missing(FactKey::SqliteTableRows, &name, "counting its rows took too long"),
    }
    let indexes: Vec<String> = table
        .indexes
        .iter()
        .map(|index| redact::text(&format!("{}({})", index.name, index.columns.join(", "))))
        .collect();
    scene.fact(
        FactKey::SqliteIndexes,
        &name,
        indexes,
        &sql(format!("PRAGMA index_list({})", table.name)),
    );
    if let Some(rows) = table.stat_rows {
        scene.fact(
            FactKey::SqliteStatRows,
            &name,
            rows,
            &sql("SELECT * FROM sqlite_stat1".to_owned()),
        );
    }
    let Some(sessions) = &table.sessions else { return };
    let text = format!("count of {} by {}", table.name, sessions.column);
    match sessions.counts {
        Some((total, expired, oldest_ms)) => {
            scene.fact(FactKey::SqliteSessionsTotal, &name, total, &sql(text.clone()));
            scene.fact(FactKey::SqliteSessionsExpired, &name, expired, &sql(text.clone()));
            if let Some(oldest_ms) = oldest_ms {
                scene.fact(FactKey::SqliteSessionsOldestExpiredMs, &name, oldest_ms, &sql(text));
            }
        }
        None => scene.missing(
            FactKey::SqliteSessionsExpired,
            &name,
            "counting its expired rows took too long",
        ),
    }
}

fn publish_statement(scene: &Scene<'_>, name: &str, statement: &StatementSeen) {
    let origin = match &statement.place {
        Some(place) => format!("read at {place}"),
        None => "a look-up that tables of this shape serve".to_owned(),
    };
    let source =
        Source::new("sqlite_sql", format!("{origin}, tried on a copy"), "sqlite3 COPY '.eqp on'");
    let text = redact::sql(&statement.sql);
    scene.fact(FactKey::SqliteStatement, name, text, &source);
    scene.fact(FactKey::SqliteStatementPlan, name, redacted(&statement.plan), &source);
    scene.fact(FactKey::SqliteStatementMs, name, statement.took_ms.clone(), &source);
    if let Some(table) = &statement.table {
        scene.fact(FactKey::SqliteStatementTable, name, redact::text(table), &source);
    }
    if let Some(trial) = &statement.trial {
        scene.fact(FactKey::SqliteStatementIndex, name, redact::text(&trial.create), &source);
        scene.fact(FactKey::SqliteStatementIndexedMs, name, trial.took_ms.clone(), &source);
    }
    if let Some(analyzed) = &statement.analyzed {
        scene.fact(FactKey::SqliteStatementAnalyzedPlan, name, redacted(&analyzed.plan), &source);
        scene.fact(FactKey::SqliteStatementAnalyzedMs, name, analyzed.took_ms.clone(), &source);
    }
    if let Some(path) = &statement.http_path {
        scene.fact(FactKey::SqliteStatementPath, name, redact::text(path), &source);
    }
}

fn redacted(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| redact::sql(line)).collect()
}
