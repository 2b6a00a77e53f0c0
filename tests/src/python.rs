//! Python for the programs tests start: an environment for each set of pinned packages, made once.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::galen::stop;

/// Where what such programs share is kept between runs.
pub(crate) fn home() -> Result<PathBuf> {
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

/// The interpreter of the environment of this name, made once for each content of its requirements.
///
/// # Errors
/// When the environment cannot be made.
pub fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let _one_at_a_time = lock(&format!("{name}.lock"))?;
    let venv = home()?.join(name);
    let python = venv.join("bin/python");
    let wanted = fs::read_to_string(requirements)?;
    let mark = venv.join("requirements.installed");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let make = ["-m", "venv", "--clear"].map(str::to_owned);
    run(Path::new("python3"), make.into_iter().chain([venv.display().to_string()]))?;
    let install =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"].map(str::to_owned);
    run(&python, install.into_iter().chain([requirements.display().to_string()]))?;
    fs::write(mark, wanted)?;
    Ok(python)
}

#[expect(clippy::disallowed_methods, reason = "a test starts what it tests against")]
fn run(program: &Path, words: impl Iterator<Item = String>) -> Result<()> {
    let status = Command::new(program).args(words).stdin(Stdio::null()).status();
    let status = status.with_context(|| format!("run {}", program.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", program.display());
    }
    Ok(())
}

/// Starts a script and waits for its first line, by which it says that it has begun.
///
/// # Errors
/// When it cannot be started or ends without having said it.
#[expect(clippy::disallowed_methods, reason = "a test starts what it tests against")]
pub fn speaking(python: &Path, folder: &Path, words: &[String]) -> Result<Child> {
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
    Ok(child)
}
