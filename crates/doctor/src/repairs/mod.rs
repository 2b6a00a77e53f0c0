//! Repairs: which exist, of which class, what they would do, and what is refused with a reason.

mod access;
mod advice;
mod checkpoint;
mod files;
pub mod hand;
mod lock_file;
mod optimize;
pub mod port;
mod postgres;
mod process;
mod protocol;
pub mod refusals;
pub mod run;
mod sweep;

use serde::Serialize;

use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Evidence, Fact};
use crate::figure::Figure;
use crate::sentence::Sentence;
use crate::words::Code;
use port::Action;

/// ALL repairs: a new one is one file (or a row of advice) and one line here.
pub const ALL: &[&Repair] = &[
    &sweep::OWN,
    &sweep::FOREIGN,
    &optimize::OWN,
    &optimize::FOREIGN,
    &checkpoint::OWN,
    &lock_file::OWN,
    &lock_file::FOREIGN,
    &advice::INDEX,
    &advice::VACUUM,
    &advice::START,
    &advice::HOLDER_OF_PORT,
    &advice::COPY,
    &advice::LOOP_WAIT,
    &advice::LOOP_CPU,
    &advice::POOL,
    &advice::HASH,
    &advice::NEIGHBOUR,
    &advice::LOCK_HOLDER,
    &advice::TRANSACTION,
    &advice::ZOMBIES,
    &advice::UPGRADE_SQLITE,
    &protocol::BATCH,
    &protocol::UPSTREAM,
    &protocol::STORE,
    &protocol::STREAMS,
    &protocol::SHED,
    &protocol::LIMITER,
    &protocol::LARGE,
    &protocol::CORS,
    &protocol::HIDDEN,
    &protocol::SESSION,
    &protocol::COOKIE,
    &files::READER,
    &files::WAL,
    &files::IMMEDIATE,
    &files::WRITABLE,
    &files::DAMAGE,
    &files::ONE_COMMIT,
    &files::REOPEN,
    // PostgreSQL.
    &postgres::CANCEL,
    &postgres::IDLE,
    &postgres::POOL,
    &postgres::LEAK,
    &postgres::SLOTS,
    &postgres::INDEX,
    &postgres::ANALYZE,
    &postgres::VACUUM,
    &postgres::DISK,
    &postgres::CONNECT,
    &postgres::UP,
    &postgres::SLOT,
    // Group A.
    &access::CONTINUE,
    &access::THAW,
    &access::TRACER,
    &access::DESCRIPTORS,
    &access::QUEUE,
    &access::SYN,
    &access::FAMILY,
    &access::RESOLVER,
    &access::DIAL,
    &access::PORTS,
    &access::TLS,
    &access::CLOCK,
    // Group B.
    &process::LIMITER,
    &process::SYNC,
    &process::QUOTA,
    &process::STEAL,
    &process::GC,
    &process::PRESSURE,
    &process::OOM,
    &process::LEAK,
    &process::DEADLOCK,
    &process::CRASH,
    &process::TASKS,
    &process::DISK,
    &process::FULL,
    &process::DEBUG,
];

/// Who may carry a repair out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The doctor itself, with `--apply`, on this installation: bounded, idempotent, and
    /// reversible or data-free.
    Auto,
    /// A person at a terminal, asked for each one.
    Ask,
    /// A person, told what to do.
    Tell,
}

/// What the doctor never does, whatever the verdict.
pub const NEVER: &[&str] = &[
    "kill -9; kill by name, port or pattern; \"kill zombies\"",
    "delete -wal, -shm, -journal or postmaster.pid",
    "switch synchronous or fsync off",
    "VACUUM FULL, REINDEX or .recover in place",
    "delete unexpired sessions or any user row",
    "raise a timeout and call it a fix",
    "lower the cost of password hashing",
    "allow CORS from everywhere",
    "drop a replication slot",
    "restart to see if it helps",
    "write to a foreign database without --apply",
    "open a served SQLite file from the serving process outside SQLite",
];

/// One repair, as data.
#[derive(Debug)]
pub struct Repair {
    /// Its stable name.
    pub id: &'static str,
    /// The causes it answers.
    pub causes: &'static [&'static str],
    /// Its title.
    pub title: Code,
    /// Who may carry it out.
    pub class: Class,
    /// Whether it is for this installation only (`Some(true)`), for strangers only, or for both.
    pub own: Option<bool>,
    /// What can go wrong.
    pub risk: Code,
    /// The way back.
    pub undo: Code,
    /// What it would do here; `None` when its preconditions do not hold.
    pub offer: fn(&Case<'_>, &Finding) -> Option<Terms>,
    /// The state it must reach, for repairs that are judged by their state.
    pub state: Option<State>,
}

/// What a repair would do in this case.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Terms {
    /// How it is done, in words.
    pub how: Option<Sentence>,
    /// The exact statement or command.
    pub command: Option<String>,
    /// The predicted effect.
    pub effect: Option<Sentence>,
    /// What the port is asked to do, for AUTO repairs.
    pub action: Option<Action>,
}

/// How to read the state a repair is judged by.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// What is counted.
    pub what: Code,
    /// The fact that counts it; `None` means that nothing is left to count.
    pub read: for<'e> fn(&'e Evidence) -> Option<&'e Fact>,
    /// Whether this value is the state to be reached.
    pub reached: fn(before: Option<f64>, after: Option<f64>) -> bool,
}

/// A repair offered for a finding.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The repair.
    pub repair: &'static Repair,
    /// The cause it answers.
    pub cause: &'static str,
    /// Whether the finding explains no symptom: then the repair is judged by the state it
    /// reaches, and otherwise by before and after.
    pub hygiene: bool,
    /// What it would do here.
    pub terms: Terms,
}

impl Offer {
    /// The state the repair is judged by, if it is judged by a state.
    pub fn state(&self) -> Option<State> {
        self.repair.state.filter(|_| self.hygiene)
    }
}

/// The repairs for these findings, AUTO before ASK before TELL.
pub fn offers<'f>(case: &Case<'_>, findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Offer> {
    let mut offers: Vec<Offer> = findings
        .into_iter()
        .flat_map(|finding| {
            ALL.iter()
                .copied()
                .filter(|repair| repair.causes.contains(&finding.cause))
                .filter(|repair| repair.own.is_none_or(|own| own == case.own))
                .filter_map(|repair| {
                    let terms = (repair.offer)(case, finding)?;
                    let hygiene = finding.is_hygiene();
                    Some(Offer { repair, cause: finding.cause, hygiene, terms })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    offers.sort_by_key(|offer| offer.repair.class);
    offers
}

/// The figure a sentence of the finding prints under this name.
fn printed<'f>(finding: &'f Finding, name: &str) -> Option<&'f Figure> {
    std::iter::once(&finding.says).chain(&finding.chain).find_map(|sentence| {
        sentence.params.iter().find_map(|(key, param)| match param {
            crate::sentence::Param::Figure(figure) if *key == name => Some(figure),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    #[test]
    fn every_named_cause_has_a_repair_and_every_repair_a_cause() {
        for repair in ALL {
            for cause in repair.causes {
                assert!(checks::by_name(cause).is_some(), "{} {cause}", repair.id);
            }
        }
        const WITHOUT: &[&str] = &["F75", "F76", "F77"];
        for cause in checks::ALL {
            let has = ALL.iter().any(|repair| repair.causes.contains(&cause.id));
            assert!(has || WITHOUT.contains(&cause.id), "{}", cause.id);
        }
    }

    #[test]
    fn only_repairs_of_this_installation_run_by_themselves() {
        for repair in ALL.iter().filter(|repair| repair.class == Class::Auto) {
            assert_eq!(repair.own, Some(true), "{}", repair.id);
            assert!(repair.state.is_some(), "{}", repair.id);
        }
    }

    #[test]
    fn no_offered_command_is_one_of_those_that_are_never_given() {
        for repair in ALL {
            let text = format!("{} {}", repair.title.english(), repair.id);
            assert!(!text.contains("kill -9") && !text.contains("synchronous"), "{text}");
        }
    }
}
