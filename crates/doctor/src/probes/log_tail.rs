//! Known errors in what the server writes to its log while it is examined.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::scene::Scene;
use crate::evidence::{FactKey, Source, object, redact};

/// Most logs that are followed.
const LOGS_MAX: usize = 4;
/// Most bytes read of what was added to one.
const ADDED_BYTES_MAX: usize = 256 * 1024;

/// THE list of what is counted: only phrases that a database itself gives.
const PHRASES: &[&str] = &[
    "database is locked",
    "SQLITE_BUSY_SNAPSHOT",
    "attempt to write a readonly database",
    "database disk image is malformed",
    "disk I/O error",
    "unable to open database file",
];

/// A log and how long it was when the examination began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    path: PathBuf,
    length: u64,
}

/// Notes where the server's standard output and error go, if they go to plain files.
pub async fn begin(scene: &Scene<'_>) {
    let Some(pid) = scene.found().pid else { return };
    let mut logs: Vec<Log> = Vec::new();
    for number in 1..=2 {
        let Ok(path) = std::fs::read_link(format!("/proc/{pid}/fd/{number}")) else { continue };
        let plain = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file);
        let Some(meta) = plain else { continue };
        if logs.len() < LOGS_MAX && !logs.iter().any(|log| log.path == path) {
            logs.push(Log { path, length: meta.len() });
        }
    }
    scene.learn(|found| found.logs = logs);
}

/// Counts the known errors in what was added since.
pub async fn end(scene: &Scene<'_>) {
    for log in scene.found().logs {
        let Some(added) = added(&log) else { continue };
        let counts: BTreeMap<String, u64> = PHRASES
            .iter()
            .map(|phrase| (phrase, added.lines().filter(|line| line.contains(phrase)).count()))
            .filter(|(_, lines)| *lines > 0)
            .map(|(phrase, lines)| ((*phrase).to_owned(), lines as u64))
            .collect();
        let path = redact::text(&log.path.display().to_string());
        let source =
            Source::new("log", path.clone(), format!("tail -c +{} {path}", log.length + 1));
        let lines = added.lines().count() as u64;
        scene.fact_over(lines, (FactKey::LogPhrases, object::TARGET), counts, &source);
    }
}

fn added(log: &Log) -> Option<String> {
    let mut raw = vec![0; ADDED_BYTES_MAX];
    let read = File::open(&log.path).ok()?.read_at(&mut raw, log.length).ok()?;
    Some(String::from_utf8_lossy(&raw[..read]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_added_is_read() {
        let path = std::env::temp_dir().join(format!("galen-log-{}", std::process::id()));
        std::fs::write(&path, "database is locked\n").unwrap();
        let log = Log { path: path.clone(), length: std::fs::metadata(&path).unwrap().len() };
        std::fs::write(&path, "database is locked\nnew\n").unwrap();
        let read = added(&log);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.as_deref(), Some("new\n"));
    }
}
