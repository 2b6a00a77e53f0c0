//! Scripts that tests start: where they lie, how one says that it has begun, what they share.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::galen::stop;

/// Where what such programs share is kept between runs.
///
/// # Errors
/// When the folder cannot be made.
pub fn home() -> Result<PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/patients");
    fs::create_dir_all(&home)?;
    Ok(home.canonicalize()?)
}

/// A file of the tests' own folder.
#[must_use]
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Waits for a lock among all tests on this machine, and holds it as long as the file is open.
///
/// # Errors
/// When the file cannot be made.
pub fn lock(name: &str) -> Result<File> {
    let file = File::create(home()?.join(name))?;
    file.lock().with_context(|| format!("wait for {name}"))?;
    Ok(file)
}

/// Starts a script and waits for its first line, by which it says that it has begun.
///
/// # Errors
/// When it cannot be started or ends without having said it.
pub fn speaking(python: &Path, folder: &Path, words: &[String]) -> Result<Child> {
    Ok(heard(python, folder, words)?.0)
}

/// The same, with what the line says.
///
/// # Errors
/// As [`speaking`].
#[expect(clippy::disallowed_methods, reason = "a test starts what it tests against")]
pub fn heard(python: &Path, folder: &Path, words: &[String]) -> Result<(Child, String)> {
    let mut child = Command::new(python)
        .args(words)
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {words:?}"))?;
    let mut line = String::new();
    let out = child.stdout.take().context("its output")?;
    BufReader::new(out).read_line(&mut line)?;
    if line.trim().is_empty() {
        stop(&mut child);
        bail!("{words:?} ended before it began");
    }
    Ok((child, line.trim().to_owned()))
}
