//! The search of the log: the statement is put together from what is asked, and names its index.

use galen_core::{
    LogAsk, LogLevel, LogLine, LoggedLine, RequestId, StoreError, StoreResult, UnixMs, UserId,
};
use rusqlite::Row;
use rusqlite::types::Value;

use super::append::{level_number, path_of};
use super::file::{File, get};
use super::queries::LOG_BOUNDS;

/// So many lines are given at the most, whatever is asked.
const LINES_MOST: u32 = 1_000;

/// Levels from this one on are in an index of their own.
const WORSE: LogLevel = LogLevel::Warn;

/// A statement with its values.
pub(super) struct Search {
    pub sql: String,
    pub values: Vec<Value>,
    /// Whether nothing but the numbers of the lines leads to them: then a stretch of time is turned
    /// into numbers first.
    pub by_number: bool,
}

impl Search {
    /// The statement for what is asked, and between which numbers.
    pub(super) fn of(ask: &LogAsk, bounds: (i64, i64)) -> Self {
        let index = index(ask);
        let mut sql = format!(
            "SELECT number, at, level, room, message, code, route, status, user_id, request_id, \
             trace_id, fields FROM logs {} WHERE number >= ? AND number <= ?",
            index.unwrap_or("NOT INDEXED"),
        );
        let mut values = vec![Value::Integer(bounds.0), Value::Integer(bounds.1)];
        let mut and = |term: &str, value: Value| {
            sql.push_str(" AND ");
            sql.push_str(term);
            values.push(value);
        };
        if let Some(id) = ask.request_id {
            and("request_id = ?", Value::Blob(id.as_bytes().to_vec()));
        }
        if let Some(trace) = &ask.trace_id {
            and("trace_id = ?", Value::Text(trace.clone()));
        }
        if let Some(id) = ask.user_id {
            and("user_id = ?", Value::Blob(id.as_bytes().to_vec()));
        }
        if let Some(code) = &ask.code {
            and("code = ?", Value::Text(code.clone()));
        }
        if let Some(route) = &ask.route {
            and("path = ?", Value::Text(path_of(route).to_owned()));
            if path_of(route) != route {
                and("route = ?", Value::Text(route.clone()));
            }
        }
        if let Some(from) = ask.from {
            and("at >= ?", Value::Integer(from.0));
        }
        if let Some(until) = ask.until {
            and("at < ?", Value::Integer(until.0));
        }
        if let Some(level) = ask.level {
            and("level >= ?", Value::Integer(level_number(level)));
        }
        if let Some(text) = &ask.text {
            let pattern = Value::Text(pattern(text));
            and("(message LIKE ? ESCAPE '\\'", pattern.clone());
            sql.push_str(" OR fields LIKE ? ESCAPE '\\')");
            values.push(pattern);
        }
        if index == Some(INDEX_WORSE) {
            // The index holds these only, and SQLite wants to read so.
            sql.push_str(" AND level >= 3");
        }
        let order = if ask.after.is_some() { "ASC" } else { "DESC" };
        sql.push_str(" ORDER BY number ");
        sql.push_str(order);
        sql.push_str(" LIMIT ?");
        values.push(Value::Integer(i64::from(ask.limit.clamp(1, LINES_MOST))));
        let by_number = index.is_none_or(|index| index == INDEX_WORSE);
        Self { sql, values, by_number }
    }
}

const INDEX_WORSE: &str = "INDEXED BY logs_worse";

/// The index that leaves the fewest lines to look at; none when only the lines' numbers lead there.
fn index(ask: &LogAsk) -> Option<&'static str> {
    if ask.request_id.is_some() {
        Some("INDEXED BY logs_by_request")
    } else if ask.user_id.is_some() {
        Some("INDEXED BY logs_by_user")
    } else if ask.code.is_some() {
        Some("INDEXED BY logs_by_code")
    } else if ask.route.is_some() {
        Some("INDEXED BY logs_by_path")
    } else if ask.level.is_some_and(|level| level >= WORSE) {
        Some(INDEX_WORSE)
    } else {
        None
    }
}

/// A text as `LIKE` finds it anywhere: `%` and `_` stand for themselves.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The lines that are asked for.
pub(super) fn logs(file: &File, ask: &LogAsk) -> StoreResult<Vec<LoggedLine>> {
    let mut first = ask.after.map_or(i64::MIN, |after| after.saturating_add(1));
    let mut last = ask.before.map_or(i64::MAX, |before| before.saturating_sub(1));
    let search = Search::of(ask, (first, last));
    let search = if search.by_number && (ask.from.is_some() || ask.until.is_some()) {
        let Some((least, most)) = bounds(file, ask)? else { return Ok(Vec::new()) };
        (first, last) = (first.max(least), last.min(most));
        Search::of(ask, (first, last))
    } else {
        search
    };
    if first > last {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    file.each_of(&search.sql, rusqlite::params_from_iter(search.values), |row| {
        lines.push(line(row)?);
        Ok(true)
    })?;
    Ok(lines)
}

/// Between which numbers the lines of the asked stretch of time stand; nothing when there are none.
fn bounds(file: &File, ask: &LogAsk) -> StoreResult<Option<(i64, i64)>> {
    let from = ask.from.map_or(i64::MIN, |from| from.0);
    let until = ask.until.map_or(i64::MAX, |until| until.0);
    let mut found = None;
    file.each(&LOG_BOUNDS, [from, until], |row| {
        let least: Option<i64> = get(row, 0)?;
        let most: Option<i64> = get(row, 1)?;
        found = least.zip(most);
        Ok(false)
    })?;
    Ok(found)
}

fn line(row: &Row<'_>) -> StoreResult<LoggedLine> {
    let number: i64 = get(row, 2)?;
    let level = LogLevel::ALL.into_iter().find(|level| level_number(*level) == number);
    let unknown = || StoreError::Engine(format!("a log line has the unknown level {number}"));
    let user_id: Option<[u8; 16]> = get(row, 8)?;
    let request_id: Option<[u8; 16]> = get(row, 9)?;
    Ok(LoggedLine {
        number: get(row, 0)?,
        line: LogLine {
            at: UnixMs(get(row, 1)?),
            level: level.ok_or_else(unknown)?,
            room: get(row, 3)?,
            message: get(row, 4)?,
            code: get(row, 5)?,
            route: get(row, 6)?,
            status: get(row, 7)?,
            user_id: user_id.map(UserId::from_bytes),
            request_id: request_id.map(RequestId::from_bytes),
            trace_id: get(row, 10)?,
            fields: get(row, 11)?,
        },
    })
}
