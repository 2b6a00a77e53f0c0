//! One examination by `galen doctor`, and its report as JSON.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Ask;
use crate::place;
use crate::shell::{Cmd, Output};

/// What an examination left behind.
#[derive(Debug)]
pub struct Examination {
    /// The exit code and both output streams.
    pub output: Output,
    /// The report; `null` when none was written.
    pub report: Value,
    /// The report as text.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

/// Runs `galen doctor` with these arguments and reads the JSON report it writes into `dir`.
///
/// # Errors
/// When the program cannot be started.
pub fn examine(ask: &Ask, dir: &Path, args: &[String]) -> Result<Examination> {
    let file = dir.join("report.json");
    if file.exists() {
        std::fs::remove_file(&file).context("cannot remove the last report")?;
    }
    let began = Instant::now();
    let output = Cmd::new(place::galen(ask.profile)?)
        .arg("doctor")
        .args(args)
        .arg("--report")
        .arg(&file)
        .dir(dir)
        .output()?;
    let took = began.elapsed();
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let report = serde_json::from_str(&text).unwrap_or_default();
    Ok(Examination { output, report, text, took })
}

/// The bytes of a database file and what lies beside it, to compare before and after.
///
/// # Errors
/// When the database itself cannot be read.
pub fn bytes_of(database: &Path) -> Result<Vec<(PathBuf, Option<Vec<u8>>)>> {
    let name = database.to_string_lossy();
    let main = std::fs::read(database).with_context(|| format!("cannot read {name}"))?;
    let beside = |ending: &str| {
        let path = PathBuf::from(format!("{name}{ending}"));
        let bytes = std::fs::read(&path).ok();
        (path, bytes)
    };
    Ok(vec![(database.to_path_buf(), Some(main)), beside("-wal"), beside("-shm")])
}
