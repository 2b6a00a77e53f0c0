//! What the caller of the bench asks for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::scenario::Scenario;

/// How often each scenario is repeated.
const REPEATS: u32 = 3;
/// The fixed small slice of CI: one of each group that needs neither root nor packages beyond Python's.
pub const SMALL: &[&str] = &["nothing-listens", "deaf", "loop-sleeps", "sickroom-rest"];

/// The help.
pub const HELP: &str = "\
cargo xtask bench doctor: sealed runs of the catalogue of faults, scored, beside three baselines.

  --list            name the scenarios and run nothing
  --only NAME       only this scenario, fault (F13) or group (access, process, sqlite, postgres,
                    protocol, pairs, unknown, healthy); can be given several times
  --repeats N       each scenario so often (3)
  --slice i/n       every n-th run, beginning with the i-th
  --again           run also what this build has run before
  --small           the fixed slice of CI, each once
  --release         the program built for release; else as for development
  --report          run nothing; print the tables of what there is
  --all-builds      in the tables, the newest run of each scenario and repeat, whatever its build
  --galen FILE      this program instead of one that is built

Runs are kept as lines of JSON below target/bench/doctor, by scenario, repeat and build: a run that
was stopped goes on where it stopped. Exit code 0: every goal met; 1: below a goal; 64: wrong usage.

Examples:
  cargo xtask bench doctor --only F13
  cargo xtask bench doctor --slice 2/4
  cargo xtask bench doctor --report";

/// What the caller asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Scenarios, faults or groups; all when empty.
    pub only: Vec<String>,
    /// How often each.
    pub repeats: u32,
    /// Which part, from 1, and of how many.
    pub slice: (usize, usize),
    /// Whether what was run before is run again.
    pub again: bool,
    /// Name the scenarios and do nothing.
    pub list: bool,
    /// Print the tables and run nothing.
    pub report: bool,
    /// Whether older builds count in the tables.
    pub all_builds: bool,
    /// Print the help.
    pub help: bool,
    /// The program under test.
    pub galen: Option<PathBuf>,
}

impl Ask {
    /// Reads the arguments.
    ///
    /// # Errors
    /// When one is unknown or has no value.
    pub fn parse(args: &[String]) -> Result<Self> {
        let mut ask = Self {
            only: Vec::new(),
            repeats: REPEATS,
            slice: (1, 1),
            again: false,
            list: false,
            report: false,
            all_builds: false,
            help: false,
            galen: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--list" => ask.list = true,
                "--report" => ask.report = true,
                "--again" => ask.again = true,
                "--all-builds" => ask.all_builds = true,
                "--help" | "-h" => ask.help = true,
                "--only" => ask.only.push(value()?.clone()),
                "--small" => {
                    ask.only.extend(SMALL.iter().map(|name| (*name).to_owned()));
                    ask.repeats = 1;
                }
                "--repeats" => {
                    ask.repeats = value()?.parse().context("--repeats wants a number")?;
                }
                "--slice" => ask.slice = slice(value()?)?,
                "--galen" => ask.galen = Some(PathBuf::from(value()?)),
                other => bail!("the bench does not know `{other}`; --help says what it knows"),
            }
        }
        ask.known()?;
        Ok(ask)
    }

    /// Refuses a choice that chooses nothing.
    fn known(&self) -> Result<()> {
        let all = crate::scenario::all();
        match self.only.iter().find(|word| !all.iter().any(|one| is_called(one, word))) {
            Some(word) => {
                bail!("no scenario, fault or group is called `{word}`; --list names them")
            }
            None => Ok(()),
        }
    }

    /// Whether a scenario was asked for.
    #[must_use]
    pub fn wants(&self, scenario: &Scenario) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| is_called(scenario, word))
    }
}

fn is_called(scenario: &Scenario, word: &str) -> bool {
    let fault = || {
        scenario.group.is_single()
            && scenario.injected.iter().any(|one| one.cause.eq_ignore_ascii_case(word))
    };
    let group = || scenario.group.name().rsplit(' ').next() == Some(word);
    scenario.name == word || fault() || group()
}

fn slice(text: &str) -> Result<(usize, usize)> {
    let (at, of) = text.split_once('/').context("--slice wants i/n, as in 2/4")?;
    let at: usize = at.parse().context("--slice wants i/n, as in 2/4")?;
    let of: usize = of.parse().context("--slice wants i/n, as in 2/4")?;
    if at == 0 || at > of {
        bail!("--slice counts from 1/{of} to {of}/{of}");
    }
    Ok((at, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Ask> {
        Ask::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_choice_is_a_name_a_fault_or_a_group_and_nothing_else() {
        for good in ["--only F13", "--only deaf", "--only sqlite", "--small --repeats 1"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["--only F99", "--only", "--slice 5/4", "--slice x", "--frobnicate"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fault_chooses_every_scenario_that_has_it_alone() {
        let ask = parse("--only F16").unwrap();
        let chosen: Vec<&str> = crate::scenario::all()
            .into_iter()
            .filter(|one| ask.wants(one))
            .map(|one| one.name)
            .collect();
        assert_eq!(chosen, ["limiter-python", "limiter-node"]);
    }
}
