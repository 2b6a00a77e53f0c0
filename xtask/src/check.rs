//! `cargo xtask check`: formatting, lints, laws and generated files, without changing anything.

use anyhow::Result;

use crate::packages::{self, Occasion};
use crate::shell::Cmd;
use crate::{codegen, place, run, say, tidy, web};

/// A part of the check: its name and whether all is well.
type Part = (&'static str, fn() -> Result<bool>);

/// Runs all checks and reports every one that failed, not only the first.
///
/// # Errors
/// When a tool cannot be started.
pub fn run(_args: &[String]) -> Result<bool> {
    packages::ensure(Occasion::Build)?;
    let parts: [Part; 6] = [
        ("rustfmt", formatting),
        ("tidy", || tidy::run(&[])),
        ("clippy", || clippy(&["--workspace"])),
        // What the proofs of the ledger are built with must not rot unseen.
        ("clippy with every feature", || clippy(&["--package", "galen", "--all-features"])),
        ("generated files", generated),
        // After the document of the API, which the panels' types are made from.
        ("the panels", web::is_fresh),
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
    Cmd::cargo().args(["fmt", "--all", "--check", "--", "-l"]).dir(&place::root()).run()?;
    Ok(true)
}

fn clippy(what: &[&str]) -> Result<bool> {
    Cmd::cargo()
        .args(["clippy", "--locked", "--all-targets"])
        .args(what)
        .args(["--", "-D", "warnings"])
        .dir(&place::root())
        .run()?;
    Ok(true)
}

fn generated() -> Result<bool> {
    run::build(false)?;
    codegen::stale().map(|stale| stale.is_empty())
}

/// Builds Galen as `cargo xtask run` does, and then every test, without running any.
///
/// # Errors
/// When the build fails.
pub fn build_all() -> Result<()> {
    run::build(false)?;
    Cmd::cargo().args(["test", "--locked", "--workspace", "--no-run"]).dir(&place::root()).run()
}
