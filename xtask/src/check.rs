//! `cargo xtask check`: formatting, lints, laws and generated files, without changing anything.

use anyhow::Result;

use crate::packages::{self, Occasion};
use crate::shell::Cmd;
use crate::{codegen, place, say, tidy};

/// Runs all checks and reports every one that failed, not only the first.
///
/// # Errors
/// When a tool cannot be started.
pub fn run(_args: &[String]) -> Result<bool> {
    packages::ensure(Occasion::Build)?;
    let parts: [(&str, fn() -> Result<bool>); 4] = [
        ("rustfmt", formatting),
        ("tidy", || tidy::run(&[])),
        ("clippy", clippy),
        ("generated files", generated),
    ];
    let mut failed = Vec::new();
    for (name, part) in parts {
        say::step(format_args!("check: {name}"));
        match part() {
            Ok(true) => {}
            Ok(false) => failed.push(name),
            Err(error) => {
                say::fault(format_args!("{error:#}"));
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        say::fault(format_args!("check failed: {}", failed.join(", ")));
    }
    Ok(failed.is_empty())
}

fn formatting() -> Result<bool> {
    Cmd::cargo().args(["fmt", "--all", "--check"]).dir(&place::root()).run()?;
    Ok(true)
}

fn clippy() -> Result<bool> {
    Cmd::cargo()
        .args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .dir(&place::root())
        .run()?;
    Ok(true)
}

fn generated() -> Result<bool> {
    build_all()?;
    codegen::stale().map(|stale| stale.is_empty())
}

/// Builds every program and every test at once, so that one set of features serves both the
/// generated files and the tests and nothing is compiled twice.
///
/// # Errors
/// When the build fails.
pub fn build_all() -> Result<()> {
    Cmd::cargo()
        .args(["build", "--locked", "--workspace", "--bins", "--tests"])
        .dir(&place::root())
        .run()
}
