//! The accuracy bench of the doctor: sealed runs of the catalogue, scored against labels that the doctor
//! never sees, beside three baselines on the same evidence.

pub mod ask;
pub mod baselines;
pub mod evidence;
pub mod ledger;
pub mod machine;
pub mod run;
pub mod score;
pub mod seal;
pub mod table;

use std::path::Path;

use anyhow::Result;

use crate::scenario::{self, Scenario};
use crate::sickroom::is_impossible;
use ask::Ask;
use ledger::Ledger;
use run::{Bench, Interrupt};

/// One run that is to be made.
#[derive(Clone, Copy)]
pub struct Due {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// Which repeat of it, from 1.
    pub repeat: u32,
}

/// Every run that was asked for, the first repeat of all scenarios before the second of any.
#[must_use]
pub fn due(ask: &Ask) -> Vec<Due> {
    let chosen: Vec<_> =
        scenario::all().into_iter().filter(|scenario| ask.wants(scenario)).collect();
    let all = (1..=ask.repeats)
        .flat_map(|repeat| chosen.iter().map(move |scenario| Due { scenario, repeat }));
    let (slice, of) = ask.slice;
    all.enumerate().filter(|(at, _)| at % of == slice - 1).map(|(_, due)| due).collect()
}

/// Makes the runs that are not in the ledger yet, and says each as it ends. Gives how many were made.
///
/// # Errors
/// When the program under test or the ledger cannot be used.
pub fn make(ask: &Ask, bench: &Bench, ledger: &mut Ledger, stop: &Interrupt) -> Result<usize> {
    let due = due(ask);
    let mut made = 0;
    for (at, Due { scenario, repeat }) in due.iter().enumerate() {
        if stop.is_set() {
            break;
        }
        if !ask.again && ledger.has(scenario.name, *repeat, &bench.build) {
            continue;
        }
        let place = format!("{:>3}/{} {} #{repeat}", at + 1, due.len(), scenario.name);
        match bench.run(scenario, *repeat) {
            // What ended because the person stopped it says nothing of the doctor.
            _ if stop.is_set() => break,
            Ok(record) => {
                say(&format!("{place}: {}", record.line()));
                ledger.add(record)?;
                made += 1;
            }
            Err(why) if is_impossible(&why) => say(&format!("{place}: not possible here: {why:#}")),
            Err(why) => say(&format!("{place}: the patient did not start: {why:#}")),
        }
    }
    Ok(made)
}

/// Where records and reports are kept, below the build directory.
#[must_use]
pub fn home() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/doctor")
}

/// Prints a line; a closed pipe is the reader's choice.
pub fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _closed_pipe = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_all_runs_among_them() {
        let ask = |slice: &str| Ask::parse(&["--slice".to_owned(), slice.to_owned()]).unwrap();
        let whole = due(&ask("1/1")).len();
        let parts: usize = (1..=4).map(|at| due(&ask(&format!("{at}/4"))).len()).sum();
        assert_eq!(whole, parts);
        assert!(whole > 200);
    }
}
