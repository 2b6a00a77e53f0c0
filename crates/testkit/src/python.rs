//! Python for tests: a virtual environment with pinned packages, made once for each list of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The interpreter of the environment `NAME/venv` below the build directory, which holds the packages
/// that a file names. Tests that want it at the same time wait for each other.
///
/// # Errors
/// When Python, venv or the package index is out of reach.
pub fn python(name: &str, requirements: &Path) -> io::Result<PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(name);
    fs::create_dir_all(&home)?;
    let home = home.canonicalize()?;
    let one_at_a_time = File::create(home.join("venv.lock"))?;
    one_at_a_time.lock()?;
    let venv = home.join("venv");
    let python = venv.join("bin/python");
    let wanted = fs::read_to_string(requirements)?;
    let mark = venv.join("requirements.installed");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Path::new("python3"), &["-m", "venv", "--clear", &venv.to_string_lossy()])?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run(&python, &[&install[..], &[&*requirements.to_string_lossy()]].concat())?;
    fs::write(mark, wanted)?;
    Ok(python)
}

#[expect(clippy::disallowed_methods, reason = "a test starts what it needs")]
fn run(program: &Path, words: &[&str]) -> io::Result<()> {
    let status = Command::new(program).args(words).stdin(Stdio::null()).status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{} {} ended with {status}", program.display(), words.join(" "))))
}
