//! `cargo xtask run`: from a fresh checkout to a serving Galen.

use std::time::Instant;

use anyhow::Result;

use crate::packages::{self, Occasion};
use crate::shell::Cmd;
use crate::{place, say};

/// Builds Galen and becomes `galen serve` with the arguments after `--`.
///
/// The development profile is the default: a newcomer waits for the first build, and it is a third
/// shorter than the release build, while hashing and SQLite are optimised in both. `--release`
/// before the `--` builds what one would measure or deploy.
///
/// # Errors
/// When a package is missing, the build fails, or the program cannot be started.
pub fn run(args: &[String]) -> Result<bool> {
    let release = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--release");
    let own = |arg: &&String| !matches!(arg.as_str(), "--" | "--release");
    packages::ensure(Occasion::Build)?;
    let profile = if release { "release" } else { "debug" };
    let galen = place::galen(profile)?;
    if !galen.exists() {
        say::line("The first build compiles every dependency: about five minutes on two cores.");
    }
    let began = Instant::now();
    build(release)?;
    say::line(format_args!("built galen ({profile}) in {}", say::duration(began.elapsed())));
    if !release {
        say::line("This is the development build; `cargo xtask run --release` is the fast one.");
    }
    Err(Cmd::new(galen).arg("serve").args(args.iter().filter(own)).exec())
}

/// Builds the one binary in the development or the release profile.
///
/// # Errors
/// When the build fails.
pub fn build(release: bool) -> Result<()> {
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    Cmd::cargo()
        .args(["build", "--locked", "--package", "galen"])
        .args(profile)
        .dir(&place::root())
        .run()
}
