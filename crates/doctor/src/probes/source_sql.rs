//! The SQL text that stands at a line of source code, so that its plan can be asked for.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::python::Line;

/// Source files up to this size are read.
const SOURCE_BYTES_MAX: u64 = 2 << 20;
/// How many lines before and after the executed one belong to its statement.
const LINES_BEFORE: usize = 3;
/// See [`LINES_BEFORE`].
const LINES_AFTER: usize = 8;
/// The longest statement taken over.
const SQL_CHARS_MAX: usize = 4000;

/// A statement and where it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatement {
    /// The examined HTTP path that stood at this line.
    pub http_path: String,
    /// `file:line`.
    pub place: String,
    /// The statement, its parameters as placeholders.
    pub sql: String,
}

/// The text of the file a line belongs to, as the process sees it (its root and working directory).
pub fn read_source(pid: u32, line: &Line) -> Option<String> {
    let named = Path::new(&line.file);
    let absolute = if named.is_absolute() {
        named.to_owned()
    } else {
        std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?.join(named)
    };
    let path = PathBuf::from(format!("/proc/{pid}/root")).join(absolute.strip_prefix("/").ok()?);
    // A FIFO or a device would hang or never end; only plain files are sources.
    if !std::fs::metadata(&path).ok()?.is_file() {
        return None;
    }
    let mut raw = Vec::new();
    File::open(path).ok()?.take(SOURCE_BYTES_MAX).read_to_end(&mut raw).ok()?;
    Some(String::from_utf8_lossy(&raw).into_owned())
}

/// One line of a source, trimmed.
pub fn line_text(source: &str, line: u32) -> Option<&str> {
    source.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?).map(str::trim)
}

/// The query nearest to a line: the first at or after it, else the last before it.
pub fn query_at(source: &str, line: u32) -> Option<String> {
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let lines: Vec<&str> = source.lines().collect();
    let first = at.saturating_sub(LINES_BEFORE);
    let window = lines.get(first..lines.len().min(at + LINES_AFTER))?.join("\n");
    let mut found: Vec<(usize, String)> = literals(&window)
        .into_iter()
        .filter(|(_, text)| is_query(text))
        .map(|(offset, text)| (first + window[..offset].matches('\n').count(), text))
        .collect();
    let after = found.iter().position(|(begins, _)| *begins >= at);
    // A statement that begins before the line is its own only if nothing on the line itself is.
    let exact = found.iter().position(|(begins, _)| *begins == at);
    let before = found.iter().rposition(|(begins, _)| *begins < at);
    let chosen = exact.or(before.filter(|i| at - found[*i].0 <= 1)).or(after).or(before)?;
    Some(placeholders(&found.swap_remove(chosen).1))
}

fn is_query(text: &str) -> bool {
    let start = text.trim_start().get(..7).unwrap_or_default().to_ascii_lowercase();
    start.starts_with("select") || start.starts_with("with ")
}

/// The driver's `%s` and `%(name)s` become SQLite's `?`.
fn placeholders(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql.trim();
    while let Some(at) = rest.find('%') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let named = tail.starts_with("%(").then(|| tail.find(")s")).flatten();
        let length = if tail.starts_with("%s") { 2 } else { named.map_or(1, |end| end + 2) };
        out.push_str(if length > 1 { "?" } else { "%" });
        rest = &tail[length..];
    }
    out.push_str(rest);
    out
}

/// String literals with the offset of their opening quote; adjacent ones are one, as in Python and C.
/// A literal that is put together at run time (an f-string with a field) is left out.
fn literals(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut end_of_last = None;
    let mut at = 0;
    while let Some(offset) = text[at..].find(['"', '\'', '`', '#']) {
        let open = at + offset;
        if text.as_bytes()[open] == b'#' {
            at = text[open..].find('\n').map_or(text.len(), |end| open + end);
            continue;
        }
        let quote = if text[open..].starts_with("\"\"\"") { "\"\"\"" } else { &text[open..=open] };
        let body = open + quote.len();
        let Some(length) = text[body..].find(quote) else { break };
        let inner = &text[body..body + length];
        let computed = text[..open].ends_with(['f', 'F']) && inner.contains('{');
        let joined = end_of_last.is_some_and(|end: usize| {
            text[end..open].trim_matches(['f', 'r', 'b']).trim().is_empty()
        });
        match found.last_mut() {
            Some((_, last)) if joined && last.len() < SQL_CHARS_MAX => last.push_str(inner),
            _ if computed || inner.len() > SQL_CHARS_MAX => {}
            _ => found.push((open, inner.to_owned())),
        }
        at = body + length + quote.len();
        end_of_last = Some(at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"def feed(db):
    rows = db.execute("SELECT id FROM notes LIMIT 40").fetchall()
    for row in rows:
        found = db.execute(
            "SELECT count(*) FROM notes "
            "WHERE author_id = %s", (row[0],))
    return found  # 'SELECT nothing'
"#;

    #[test]
    fn the_query_on_the_line_is_preferred() {
        assert_eq!(query_at(SOURCE, 2).unwrap(), "SELECT id FROM notes LIMIT 40");
    }

    #[test]
    fn a_query_of_two_joined_literals_is_read_whole_and_its_placeholder_translated() {
        let whole = "SELECT count(*) FROM notes WHERE author_id = ?";
        assert_eq!(query_at(SOURCE, 4).unwrap(), whole);
        assert_eq!(query_at(SOURCE, 6).unwrap(), whole);
    }

    #[test]
    fn a_line_without_sql_near_it_gives_nothing() {
        assert_eq!(query_at("import time\ntime.sleep(3)\n", 2), None);
        assert_eq!(query_at("", 1), None);
        assert_eq!(query_at(SOURCE, 900), None);
    }
}
