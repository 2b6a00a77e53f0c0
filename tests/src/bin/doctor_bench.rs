//! The accuracy bench of the doctor; `cargo xtask bench doctor` builds and starts it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use galen_tests::bench::ask::{Ask, HELP};
use galen_tests::bench::ledger::Ledger;
use galen_tests::bench::run::{Bench, Interrupt};
use galen_tests::bench::{home, make, say, table};
use galen_tests::scenario;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ask = match Ask::parse(&args) {
        Ok(ask) => ask,
        Err(why) => {
            fault(&format!("{why:#}"));
            return ExitCode::from(64);
        }
    };
    match carry_out(&ask) {
        Ok(code) => code,
        Err(why) => {
            fault(&format!("the bench failed: {why:#}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(ask: &Ask) -> Result<ExitCode> {
    if ask.help {
        say(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    if ask.list {
        list(ask);
        return Ok(ExitCode::SUCCESS);
    }
    let stop = Interrupt::listen()?;
    let galen = ask.galen.clone().unwrap_or(beside()?);
    let bench = Bench::new(&galen, stop.clone())?;
    let mut ledger = Ledger::open(&home().join("runs.jsonl"))?;
    if !ask.report {
        let made = make(ask, &bench, &mut ledger, &stop)?;
        say(&format!("{made} runs were made now.\n"));
    }
    let build = (!ask.all_builds).then_some(bench.build.as_str());
    let (text, met) = table::of(ask, &ledger.newest(build));
    say(&text);
    Ok(match (stop.is_set(), met) {
        (true, _) => ExitCode::from(130),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// The `galen` that was built beside this program.
fn beside() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the bench's own path")?;
    Ok(own.with_file_name("galen"))
}

fn list(ask: &Ask) {
    for one in scenario::all().into_iter().filter(|one| ask.wants(one)) {
        let causes: Vec<&str> = one.injected.iter().map(|injected| injected.cause).collect();
        say(&format!("{:<12} {:<26} {}", one.group.name(), one.name, causes.join(" ")));
    }
}

#[expect(clippy::print_stderr, reason = "what went wrong is said there")]
fn fault(text: &str) {
    eprintln!("{text}");
}
