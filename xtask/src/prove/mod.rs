//! `cargo xtask prove`: every promise that is a time, a rate or a count, measured beside its control.
//!
//! Tests never assert wall-clock time; what must be shown as a figure is proven here, in one run
//! with whatever it is compared to, and the exit code says whether the goal was met.

mod acked;
mod bad_input;
mod channels;
mod crowd;
mod crowded;
mod doctor;
mod doctor_blocked_loop;
mod doctor_healthy;
mod enumeration;
mod figures;
mod floor;
mod fuzz_api;
mod ground;
mod holder;
mod inbox_scale;
mod kill_nine;
mod ledger_faults;
mod load;
mod mail_outage;
mod mailbox;
mod memory;
mod metrics_scrape;
mod monitor_cost;
mod one_alert;
mod one_time_tokens;
pub mod otlp;
mod parallel_brute_force;
pub mod patients;
mod people;
mod power_cut;
mod readiness;
mod report_commands;
mod server;
mod statistics;
mod stream_kill_nine;
mod sweep_load;
mod tally;
mod web;

use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::say;
pub use figures::{Figure, Goal, Outcome};

/// One promise and the run that proves it.
struct Proof {
    name: &'static str,
    says: &'static str,
    goal: &'static str,
    run: fn(&Ask) -> Result<Outcome>,
}

/// ALL proofs; a new one is a file beside this one and a row here.
const ALL: &[Proof] = &[
    Proof {
        name: "report-commands",
        says: "the original report's curl commands work as written on a fresh start",
        goal: "every answer as promised",
        run: report_commands::run,
    },
    Proof {
        name: "doctor-blocked-loop",
        says: "a blocked event loop is named by file and line; the database is ruled out",
        goal: "named, bounded, VACUUM refused, files untouched",
        run: doctor_blocked_loop::run,
    },
    Proof {
        name: "doctor-healthy",
        says: "the same application unharmed, at rest and under honest load, is healthy",
        goal: "exit 0, 10 of 10",
        run: doctor_healthy::run,
    },
    Proof {
        name: "kill-nine",
        says: "kill -9 under write load: what was acknowledged is there after the restart",
        goal: "0 lost, 0 revoked sessions alive in 200 kills",
        run: kill_nine::run,
    },
    Proof {
        name: "power-cut",
        says: "power cuts by block snapshot under write load, beside synchronous=OFF",
        goal: "0 lost in 30 cuts; the control loses",
        run: power_cut::run,
    },
    Proof {
        name: "sweep-load",
        says: "1,000,000 expired of 1,010,000 sessions are swept while requests go on",
        goal: "medians and p99 at most 1.2 times those without the sweep",
        run: sweep_load::run,
    },
    Proof {
        name: "floor",
        says: "throughput, memory and cold start beside a bare axum server",
        goal: "the table of goals in the design of performance",
        run: floor::run,
    },
    Proof {
        name: "bad-input",
        says: "200 malformed requests are each refused in order",
        goal: "200 of 200 refused, 0 panics",
        run: bad_input::run,
    },
    Proof {
        name: "parallel-brute-force",
        says: "200 wrong passwords at once for one account",
        goal: "no more hashes than the limit",
        run: parallel_brute_force::run,
    },
    Proof {
        name: "one-time-tokens",
        says: "100 use one mailed link at the same moment, 100 times",
        goal: "exactly one winner in every round",
        run: one_time_tokens::run,
    },
    Proof {
        name: "enumeration",
        says: "resets and registrations of known and unknown addresses, 2,000 pairs each",
        goal: "AUC at most 0.55, medians at most 1 ms apart, the same words",
        run: enumeration::run,
    },
    Proof {
        name: "mail-outage",
        says: "a real mail server is down for a minute while mails are owed",
        goal: "0 lost, 0 twice, the queue in sight",
        run: mail_outage::run,
    },
    Proof {
        name: "channels",
        says: "kill -9 while broadcasts and notifications are carried on to mail",
        goal: "each in the outbox exactly once for each reader in 20 kills",
        run: channels::run,
    },
    Proof {
        name: "fuzz-api",
        says: "schemathesis over /openapi.json, anonymous and signed in",
        goal: "0 answers of 5xx",
        run: fuzz_api::run,
    },
    Proof {
        name: "ledger-faults",
        says: "eight injected faults, each named by its phase in the slow requests' ledgers",
        goal: "95 % of wall time explained in 95 % of them, 8 of 8 named, none on a healthy control",
        run: ledger_faults::run,
    },
    Proof {
        name: "monitor-cost",
        says: "instructions and CPU time of GET /api/me, monitor on against off",
        goal: "at most 1.02 times",
        run: monitor_cost::run,
    },
    Proof {
        name: "history-cap",
        says: "400 busy days pass, every route, statement and command in every window",
        goal: "the history stays inside 256 MiB and holds the newest windows",
        run: memory::days,
    },
    Proof {
        name: "history-quantiles",
        says: "quantiles of the history over ten minutes to twenty days, beside exact ones",
        goal: "within 2 %",
        run: memory::quantiles,
    },
    Proof {
        name: "readiness",
        says: "the write lock is held from outside for 3 s while /readyz and galen status are asked",
        goal: "503 within 1 s, the holder named, 200 within 1 s afterwards",
        run: readiness::run,
    },
    Proof {
        name: "one-alert",
        says: "a writer lock degrades twelve endpoints; the admin's inbox is counted",
        goal: "one message that it fires, one that it is over, silenced or not",
        run: one_alert::run,
    },
    Proof {
        name: "metrics-scrape",
        says: "promtool checks /metrics and a real Prometheus scrapes it",
        goal: "no complaint, requests counted",
        run: metrics_scrape::run,
    },
    Proof {
        name: "otlp",
        says: "every request is exported under load, through a real collector; its cost beside none",
        goal: "none without a span, none dropped; a tenth of them costs at most 1.05 times",
        run: otlp::run,
    },
    Proof {
        name: "streams",
        says: "10,000 idle streams: memory of each; a broadcast to all, beside bare axum",
        goal: "at most 20 KiB each; every message at every stream, once",
        run: crowded::streams,
    },
    Proof {
        name: "stream-kill-nine",
        says: "kill -9 in the middle of broadcasts; readers come again",
        goal: "each has every message exactly once over 20 kills",
        run: stream_kill_nine::run,
    },
    Proof {
        name: "publish-latency",
        says: "200 publishes a second to 1,000 open streams: from publishing to the screen",
        goal: "median and p99 below a second; none lost, none twice",
        run: crowded::latency,
    },
    Proof {
        name: "inbox-scale",
        says: "1,000,000 notifications of 10,000 users: one user's list and counts, beside 10,000",
        goal: "the same rows given and visited, a few pages more at the most",
        run: inbox_scale::run,
    },
];

/// What the caller asked of a proof.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Fewer rounds, to see that the proof itself works; its figures are not the promise.
    pub quick: bool,
    /// The slice to run now, from 1, and how many there are.
    pub slice: (u32, u32),
    /// Rounds instead of the proof's own number.
    pub rounds: Option<u32>,
    /// Where random instants begin; printed, so that a run can be repeated.
    pub seed: u64,
    /// `release`, or `debug` where the figure is not a time.
    pub profile: &'static str,
    /// Take the program as it was built last instead of building it.
    pub as_built: bool,
}

impl Ask {
    fn parse(args: &[String]) -> Result<Self> {
        let mut ask = Self {
            quick: false,
            slice: (1, 1),
            rounds: None,
            seed: 1,
            profile: "release",
            as_built: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--quick" => ask.quick = true,
                "--as-built" => ask.as_built = true,
                "--debug" => ask.profile = "debug",
                "--rounds" => {
                    ask.rounds = Some(value()?.parse().context("--rounds wants a number")?)
                }
                "--seed" => ask.seed = value()?.parse().context("--seed wants a number")?,
                "--slice" => ask.slice = slice(value()?)?,
                other => bail!(
                    "`prove` does not know `{other}`; --list, --quick, --slice i/n, --rounds N, --seed N, --debug, --as-built"
                ),
            }
        }
        Ok(ask)
    }

    /// How many rounds to run in this slice, of `whole` in all, or of `quick` when in a hurry.
    pub fn rounds_of(&self, whole: u32, quick: u32) -> u32 {
        let all = self.rounds.unwrap_or(if self.quick { quick } else { whole });
        let (index, of) = self.slice;
        all / of + u32::from(index <= all % of)
    }
}

fn slice(text: &str) -> Result<(u32, u32)> {
    let parts = text.split_once('/').context("--slice wants i/n, as in 2/4")?;
    let index: u32 = parts.0.parse().context("--slice wants i/n, as in 2/4")?;
    let of: u32 = parts.1.parse().context("--slice wants i/n, as in 2/4")?;
    if index == 0 || index > of {
        bail!("--slice counts from 1/{of} to {of}/{of}");
    }
    Ok((index, of))
}

/// Runs one proof, or lists them all.
///
/// # Errors
/// When the name is unknown or the proof could not be carried out.
pub fn run(args: &[String]) -> Result<bool> {
    let Some((name, rest)) = args.split_first() else {
        list();
        return Ok(true);
    };
    if name == "--list" {
        list();
        return Ok(true);
    }
    let Some(proof) = ALL.iter().find(|proof| proof.name == name) else {
        bail!("no proof is called `{name}`; `cargo xtask prove --list` names them");
    };
    let ask = Ask::parse(rest)?;
    say::step(format_args!("prove {}: {}", proof.name, proof.says));
    say::line(format_args!(
        "goal: {}; seed {}, slice {}/{}",
        proof.goal, ask.seed, ask.slice.0, ask.slice.1
    ));
    server::prepare(&ask)?;
    let began = Instant::now();
    let outcome = (proof.run)(&ask)?;
    outcome.print();
    let met = outcome.is_met();
    let verdict = if met { "goal met" } else { "BELOW THE GOAL" };
    let hurried = if ask.quick { " (--quick: a rehearsal, not the promise)" } else { "" };
    say::line(format_args!(
        "{}: {verdict} in {}{hurried}",
        proof.name,
        say::duration(began.elapsed())
    ));
    Ok(met)
}

fn list() {
    let row =
        |proof: &Proof| vec![proof.name.to_owned(), proof.says.to_owned(), proof.goal.to_owned()];
    let heading = vec!["proof".to_owned(), "what it shows".to_owned(), "goal".to_owned()];
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(ALL.iter().map(row)).collect();
    say::columns(&rows).iter().for_each(say::line);
    say::line(
        "\ncargo xtask prove NAME [--quick] [--rounds N] [--slice i/n] [--seed N] [--debug] [--as-built]",
    );
    say::line(
        "--slice 2/4 runs the second quarter and adds up those that are done; --debug uses the",
    );
    say::line(
        "development build, for proofs whose figure is not a time; --as-built builds nothing.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_add_up_to_the_whole() {
        let rounds =
            |index| Ask { slice: (index, 3), ..Ask::parse(&[]).unwrap() }.rounds_of(200, 5);
        assert_eq!((1..=3).map(rounds).sum::<u32>(), 200);
    }

    #[test]
    fn a_slice_outside_its_range_is_refused() {
        assert!(slice("2/4").is_ok());
        for bad in ["0/4", "5/4", "x/2", "3"] {
            assert!(slice(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_two_proofs_share_a_name() {
        let mut names: Vec<&str> = ALL.iter().map(|proof| proof.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
