//! Whether a database is sound, asked of a private copy and never of the database itself.

use std::time::Duration;

use super::sqlite_open::Reader;

/// The check of a copy ends here, finished or not.
const LIMIT: Duration = Duration::from_millis(1_500);
/// Copies up to this size are checked with their indexes, which takes about twice as long.
const WITH_INDEXES_BYTES_MAX: u64 = 64 << 20;
/// Larger ones are not checked, because the check would not end within its limit.
const BYTES_MAX: u64 = 512 << 20;
/// Messages longer than this are cut.
const MESSAGE_CHARS_MAX: usize = 200;

/// What is wrong with a copy; `None` when the check did not end in time.
pub fn find(copy: &Reader, bytes: u64) -> Option<Vec<String>> {
    if bytes > BYTES_MAX {
        return None;
    }
    let check = if bytes <= WITH_INDEXES_BYTES_MAX {
        "PRAGMA integrity_check(8)"
    } else {
        "PRAGMA quick_check(8)"
    };
    let messages = copy.within(LIMIT, |db| -> rusqlite::Result<Vec<String>> {
        db.prepare(check)?.query_map([], |row| row.get(0))?.collect()
    });
    match messages {
        Ok(all) => Some(all.iter().flat_map(|one| one.lines()).filter_map(wrong).take(8).collect()),
        Err(rusqlite::Error::SqliteFailure(error, text))
            if matches!(
                error.code,
                rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase
            ) =>
        {
            Some(vec![text.unwrap_or_else(|| error.to_string())])
        }
        Err(_) => None,
    }
}

fn wrong(line: &str) -> Option<String> {
    let is_heading = line == "ok" || line.starts_with("*** in database");
    (!is_heading).then(|| line.chars().take(MESSAGE_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_and_ok_say_nothing_wrong() {
        assert_eq!(wrong("ok"), None);
        assert_eq!(wrong("*** in database main ***"), None);
        assert!(wrong("row 3 missing from index sessions_by_token").is_some());
    }
}
