//! `cargo xtask bench doctor`: builds the program and its bench, and hands over to the bench.

use anyhow::{Result, bail};

use crate::packages::{self, Occasion};
use crate::shell::Cmd;
use crate::{place, say};

/// Runs the bench with the caller's words; it replaces xtask, so that Ctrl-C reaches it directly.
///
/// # Errors
/// When the name is unknown, something does not build, or the bench cannot be started.
pub fn run(args: &[String]) -> Result<bool> {
    let Some((name, rest)) = args.split_first() else {
        say::line("cargo xtask bench doctor [--help]: how often the doctor is right");
        return Ok(true);
    };
    if name != "doctor" {
        bail!("no bench is called `{name}`; there is `doctor`");
    }
    let release = rest.iter().any(|arg| arg == "--release");
    let words: Vec<&String> = rest.iter().filter(|arg| *arg != "--release").collect();
    packages::ensure(Occasion::Test)?;
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    Cmd::cargo()
        .args(["build", "--quiet", "--locked", "--package", "galen", "--package", "galen-tests"])
        .args(["--bins"])
        .args(profile)
        .dir(&place::root())
        .run()?;
    let folder = place::target()?.join(if release { "release" } else { "debug" });
    Err(Cmd::new(folder.join("doctor_bench")).args(words).exec())
}
