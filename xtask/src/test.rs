//! `cargo xtask test`: everything, from a bare machine, each step timed.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::packages::{self, Occasion};
use crate::shell::Cmd;
use crate::{check, place, prove, say, web};

/// One step of the whole.
struct Step {
    name: &'static str,
    run: fn() -> Result<bool>,
}

/// ALL steps, in order; a failed one ends the run.
const ALL: &[Step] = &[
    Step { name: "packages", run: || packages::ensure(Occasion::Test).map(|()| true) },
    Step { name: "check", run: || check::run(&[]) },
    Step { name: "patients' packages", run: || prove::patients::venv().map(|_| true) },
    Step { name: "collector's packages", run: || prove::otlp::python().map(|_| true) },
    Step { name: "mail server's packages", run: || prove::patients::mail_server().map(|_| true) },
    Step { name: "build of all tests", run: || check::build_all().map(|()| true) },
    Step { name: "tests", run: tests },
    Step { name: "browser", run: web::browser },
    // Last, because it leaves another build of the program behind.
    Step { name: "tests of the export", run: export },
];

/// Runs every step and prints what each took.
///
/// # Errors
/// When a step cannot be run at all.
pub fn run(_args: &[String]) -> Result<bool> {
    let mut took: Vec<(&str, Duration)> = Vec::new();
    let mut result = Ok(true);
    for step in ALL {
        say::step(step.name);
        let began = Instant::now();
        result = (step.run)();
        took.push((step.name, began.elapsed()));
        if !matches!(result, Ok(true)) {
            say::fault(format_args!("step failed: {}", step.name));
            break;
        }
    }
    say::step("time of each step");
    for (name, took) in &took {
        say::line(format_args!("{name:<24} {}", say::duration(*took)));
    }
    let whole: Duration = took.iter().map(|(_, took)| *took).sum();
    say::line(format_args!("{:<24} {}", "together", say::duration(whole)));
    result
}

fn tests() -> Result<bool> {
    Cmd::cargo()
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .dir(&place::root())
        .run()?;
    Ok(true)
}

/// The build with the export: its own tests, and the roof's in that build.
fn export() -> Result<bool> {
    Cmd::cargo()
        .args(["test", "--locked", "--no-fail-fast", "--package", "galen", "--features", "otlp"])
        .args(["--bin", "galen", "--test", "otlp"])
        .dir(&place::root())
        .run()?;
    Ok(true)
}
