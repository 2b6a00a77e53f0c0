//! What a database is made of: tables, rows, indexes, statistics, and which table keeps sessions.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::sqlite_open::Reader;

/// Tables beyond this are not looked at.
const TABLES_MAX: usize = 100;
/// Columns of a table beyond this are not looked at.
const COLUMNS_MAX: usize = 64;
/// Counting one table, and all of them.
const COUNT_LIMIT: Duration = Duration::from_millis(600);
/// See [`COUNT_LIMIT`].
const COUNT_ALL_LIMIT: Duration = Duration::from_secs(2);
/// Reading everything once.
const SCAN_LIMIT: Duration = Duration::from_millis(2500);
/// A scan quicker than this is repeated, and the slower one counts.
const SCAN_AGAIN: Duration = Duration::from_millis(300);

/// One index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// One column: its name and declared type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its declared type, in upper case.
    pub kind: String,
}

/// A table's expired rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The column that says when a row expires.
    pub column: String,
    /// All rows, expired rows, and for how long the oldest has been expired in milliseconds;
    /// absent when counting took too long.
    pub counts: Option<(u64, u64, Option<i64>)>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSeen {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; absent when counting took too long.
    pub rows: Option<u64>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// The rows that `sqlite_stat1` believes in.
    pub stat_rows: Option<u64>,
    /// Its expired rows, when it looks like a table of sessions.
    pub sessions: Option<Sessions>,
}

/// Reads all tables.
///
/// # Errors
/// When the schema cannot be read.
pub fn read(reader: &Reader, now_ms: i64) -> rusqlite::Result<Vec<TableSeen>> {
    let begun = Instant::now();
    let names = reader.within(COUNT_LIMIT, table_names)?;
    let mut tables = Vec::new();
    for name in names {
        let left = COUNT_ALL_LIMIT.saturating_sub(begun.elapsed()).min(COUNT_LIMIT);
        let columns = reader.within(COUNT_LIMIT, |db| columns_of(db, &name))?;
        let indexes = reader.within(COUNT_LIMIT, |db| indexes_of(db, &name))?;
        let stat_rows = reader.within(COUNT_LIMIT, |db| stat_rows_of(db, &name));
        let rows = reader.within(left, |db| count(db, &name));
        let sessions = session_column(&name, &columns).map(|column| Sessions {
            counts: reader.within(left, |db| expired(db, &name, column, now_ms)).ok(),
            column: column.name.clone(),
        });
        tables.push(TableSeen { name, columns, rows: rows.ok(), indexes, stat_rows, sessions });
    }
    Ok(tables)
}

/// Reads every value of every row of every table once; the milliseconds it took.
///
/// # Errors
/// When it takes too long, or a table cannot be read.
pub fn scan_ms(reader: &Reader, tables: &[TableSeen]) -> rusqlite::Result<f64> {
    let once = || -> rusqlite::Result<Duration> {
        let begun = Instant::now();
        for table in tables {
            let lengths: Vec<String> = table
                .columns
                .iter()
                .map(|column| format!("total(length({}))", quoted(&column.name)))
                .collect();
            let sql =
                format!("SELECT {} FROM {} NOT INDEXED", lengths.join(", "), quoted(&table.name));
            let left = SCAN_LIMIT.saturating_sub(begun.elapsed());
            reader.within(left, |db| db.query_row(&sql, [], |_| Ok(())))?;
        }
        Ok(begun.elapsed())
    };
    let first = once()?;
    let slower = if first < SCAN_AGAIN { first.max(once()?) } else { first };
    Ok(slower.as_secs_f64() * 1000.0)
}

/// An identifier in double quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn table_names(db: &Connection) -> rusqlite::Result<Vec<String>> {
    // A virtual table runs code of its module, and its shadow tables are listed by themselves.
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
               AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name LIMIT ?1";
    db.prepare(sql)?.query_map([TABLES_MAX as i64], |row| row.get(0))?.collect()
}

fn columns_of(db: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = db.prepare("SELECT name, upper(type) FROM pragma_table_info(?1)")?;
    let columns =
        statement.query_map([table], |row| Ok(Column { name: row.get(0)?, kind: row.get(1)? }))?;
    columns.take(COLUMNS_MAX).collect()
}

fn indexes_of(db: &Connection, table: &str) -> rusqlite::Result<Vec<Index>> {
    let mut statement = db.prepare("SELECT name FROM pragma_index_list(?1) WHERE partial = 0")?;
    let names: Vec<String> =
        statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut statement =
        db.prepare("SELECT coalesce(name, '') FROM pragma_index_info(?1) ORDER BY seqno")?;
    names
        .into_iter()
        .map(|name| {
            let columns =
                statement.query_map([&name], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(Index { name, columns })
        })
        .collect()
}

/// The first number of a `stat` text is the number of rows; without the table there is none.
fn stat_rows_of(db: &Connection, table: &str) -> Option<u64> {
    let mut statement =
        db.prepare("SELECT stat FROM sqlite_stat1 WHERE tbl = ?1 AND stat IS NOT NULL").ok()?;
    let stats = statement.query_map([table], |row| row.get::<_, String>(0)).ok()?;
    stats.flatten().filter_map(|stat| stat.split(' ').next()?.parse().ok()).max()
}

fn count(db: &Connection, table: &str) -> rusqlite::Result<u64> {
    db.query_row(&format!("SELECT count(*) FROM {}", quoted(table)), [], |row| row.get::<_, i64>(0))
        .map(|rows| u64::try_from(rows).unwrap_or(0))
}

/// A table of sessions or tokens with a column that says when a row expires.
fn session_column<'a>(table: &str, columns: &'a [Column]) -> Option<&'a Column> {
    let lower = table.to_ascii_lowercase();
    if !["session", "token"].iter().any(|word| lower.contains(word)) {
        return None;
    }
    // A table that only counts sessions has no session in it: a row of one names it or its user.
    let names_one = |column: &Column| {
        let name = column.name.to_ascii_lowercase();
        ["token", "hash", "user", "key", "sid"].iter().any(|word| name.contains(word))
    };
    if !columns.iter().any(names_one) {
        return None;
    }
    let named =
        |word: &str| columns.iter().find(|column| column.name.to_ascii_lowercase().contains(word));
    named("expir").or_else(|| named("valid_until")).or_else(|| named("not_after"))
}

/// All rows, those past their expiry, and the age of the oldest; numbers are seconds,
/// milliseconds, microseconds or nanoseconds by their size, texts are dates as SQLite reads them.
fn expired(
    db: &Connection,
    table: &str,
    column: &Column,
    now_ms: i64,
) -> rusqlite::Result<(u64, u64, Option<i64>)> {
    let name = quoted(&column.name);
    let sql = format!(
        "WITH one(at) AS (SELECT CASE typeof({name})
             WHEN 'integer' THEN CASE WHEN {name} > 100000000000000000 THEN {name} / 1000000
                                      WHEN {name} > 100000000000000 THEN {name} / 1000
                                      WHEN {name} > 100000000000 THEN {name} ELSE {name} * 1000 END
             WHEN 'real' THEN CASE WHEN {name} > 100000000000.0 THEN {name} ELSE {name} * 1000 END
             WHEN 'text' THEN (julianday({name}) - 2440587.5) * 86400000.0 END
         FROM {})
         SELECT count(*), count(*) FILTER (WHERE at < ?1), CAST(min(at) AS INTEGER) FROM one",
        quoted(table)
    );
    db.query_row(&sql, [now_ms], |row| {
        let (total, expired): (i64, i64) = (row.get(0)?, row.get(1)?);
        let oldest: Option<i64> = row.get(2)?;
        let age = oldest.filter(|_| expired > 0).map(|at| now_ms.saturating_sub(at));
        Ok((u64::try_from(total).unwrap_or(0), u64::try_from(expired).unwrap_or(0), age))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn expired_of(kind: &str, values: &[&str]) -> (u64, u64, Option<i64>) {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&format!(
            "CREATE TABLE sessions(id INTEGER PRIMARY KEY, user_id INTEGER, expires_at {kind})"
        ))
        .unwrap();
        for value in values {
            db.execute_batch(&format!("INSERT INTO sessions(expires_at) VALUES ({value})"))
                .unwrap();
        }
        let columns = columns_of(&db, "sessions").unwrap();
        let column = session_column("sessions", &columns).unwrap();
        expired(&db, "sessions", column, NOW_MS).unwrap()
    }

    #[test]
    fn expiry_is_understood_in_seconds_milliseconds_and_dates() {
        assert_eq!(
            expired_of("INTEGER", &["1699999999", "1700000001", "NULL"]),
            (3, 1, Some(1000))
        );
        assert_eq!(expired_of("INTEGER", &["1699999999000", "1700000001000"]), (2, 1, Some(1000)));
        assert_eq!(expired_of("TEXT", &["'2023-11-14T22:13:10Z'", "'2999-01-01 00:00:00'"]).1, 1);
        assert_eq!(expired_of("REAL", &["1699999999.5", "1800000000.5"]).1, 1);
    }

    #[test]
    fn a_table_of_users_or_of_counts_is_no_table_of_sessions() {
        let column = |name: &str| Column { name: name.to_owned(), kind: "INTEGER".to_owned() };
        let both = [column("session_key"), column("expire_date")];
        assert!(session_column("users", &both).is_none());
        assert!(session_column("django_session", &both).is_some());
        assert!(session_column("session_expiry_counts", &both[1..]).is_none());
    }

    #[test]
    fn statistics_are_read_where_there_are_any() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE t(a); CREATE INDEX t_a ON t(a); INSERT INTO t VALUES (1),(2),(3)",
        )
        .unwrap();
        assert_eq!(stat_rows_of(&db, "t"), None);
        db.execute_batch("ANALYZE").unwrap();
        assert_eq!(stat_rows_of(&db, "t"), Some(3));
        assert_eq!(
            indexes_of(&db, "t").unwrap(),
            [Index { name: "t_a".to_owned(), columns: vec!["a".to_owned()] }]
        );
    }
}
