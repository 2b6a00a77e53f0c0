//! The catalogue of what the doctor is measured on: faults one by one, in pairs, unknown ones, and
//! patients without any.

pub mod access;
pub mod pairs;
pub mod postgres;
pub mod process;
pub mod protocol;
pub mod sqlite;
pub mod twins;
pub mod unknown;

use anyhow::Result;

use crate::ward::Ward;

/// What kind of scenario it is, and of which group its fault; figures are given for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The request does not get in.
    Access,
    /// Inside the process.
    Process,
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// Application and protocol.
    Protocol,
    /// Two faults at once, beside what is innocent.
    Pair,
    /// A fault no check knows, or rights that are missing: nothing is to be named.
    Unknown,
    /// Nothing is wrong.
    Healthy,
}

impl Group {
    /// ALL groups, in the order of the tables.
    pub const ALL: &'static [Self] = &[
        Self::Access,
        Self::Process,
        Self::Sqlite,
        Self::Postgres,
        Self::Protocol,
        Self::Pair,
        Self::Unknown,
        Self::Healthy,
    ];

    /// Its name in tables and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "A access",
            Self::Process => "B process",
            Self::Sqlite => "C sqlite",
            Self::Postgres => "D postgres",
            Self::Protocol => "E protocol",
            Self::Pair => "pairs",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
        }
    }

    /// Whether it is one of the groups of single faults.
    #[must_use]
    pub fn is_single(self) -> bool {
        self < Self::Pair
    }
}

/// How a cause must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the cause of a symptom.
    Cause,
    /// As worth knowing, and never as a cause.
    Hygiene,
}

/// A fault that was injected.
#[derive(Clone, Copy, Debug)]
pub struct Injected {
    /// Its number in the catalogue of faults.
    pub cause: &'static str,
    /// How it must be told.
    pub way: Way,
}

/// A fault that makes requests slow, fail or stay out.
#[must_use]
pub const fn cause(cause: &'static str) -> Injected {
    Injected { cause, way: Way::Cause }
}

/// A fault that is worth knowing and explains no symptom.
#[must_use]
pub const fn hygiene(cause: &'static str) -> Injected {
    Injected { cause, way: Way::Hygiene }
}

/// One scenario: its label, which the doctor never sees, and how its patient is started.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its name, unique in the catalogue.
    pub name: &'static str,
    /// Its group.
    pub group: Group,
    /// What was injected; the ward's objects are in the same order.
    pub injected: &'static [Injected],
    /// What is true as well and is no false alarm: causes that follow from the fault, and, for a
    /// fault that no check knows, its right names.
    pub beside: &'static [&'static str],
    /// From when on an answer is slow for this patient's user, in milliseconds.
    pub response_target_ms: u32,
    /// The healthy patient it is compared with, by the name of its scenario without a condition.
    pub twin: &'static str,
    /// Starts the patient with its fault and its load.
    pub start: fn() -> Result<Ward>,
}

/// True of patients without any fault, and no false alarm wherever it is told: Debian's SQLite has the bug
/// of F78, and every patient has just been started, so that a slow first request is one (F75).
pub const TRUE_ANYWHERE: &[&str] = &["F78", "F75"];

/// The product's own default.
pub const TARGET_MS: u32 = 2000;
/// The target of a user whose endpoints answer at once; the faults need not be longer.
pub const STRICT_MS: u32 = 500;

/// ALL scenarios: a new one is one row in the list of its group.
#[must_use]
pub fn all() -> Vec<&'static Scenario> {
    let groups = [
        access::ALL,
        process::ALL,
        sqlite::ALL,
        postgres::ALL,
        protocol::ALL,
        pairs::ALL,
        unknown::ALL,
        twins::ALL,
    ];
    groups.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_a_cause_the_doctor_knows_and_every_name_is_its_own() {
        let all = all();
        for (at, scenario) in all.iter().enumerate() {
            for injected in scenario.injected {
                assert!(
                    galen_doctor::checks::by_name(injected.cause).is_some(),
                    "{}",
                    scenario.name
                );
            }
            assert!(
                all[at + 1..].iter().all(|other| other.name != scenario.name),
                "{}",
                scenario.name
            );
        }
    }

    #[test]
    fn every_scenario_has_a_healthy_twin_under_each_condition() {
        for scenario in all().iter().filter(|one| one.group != Group::Healthy) {
            for condition in twins::CONDITIONS {
                let name = format!("{}-{condition}", scenario.twin);
                assert!(all().iter().any(|twin| twin.name == name), "{} {name}", scenario.name);
            }
        }
    }

    #[test]
    fn at_least_forty_five_faults_are_in_the_catalogue_and_no_group_is_empty() {
        let all = all();
        let mut causes: Vec<&str> = all
            .iter()
            .filter(|one| one.group.is_single())
            .flat_map(|one| one.injected.iter().map(|injected| injected.cause))
            .collect();
        causes.sort_unstable();
        causes.dedup();
        assert!(causes.len() >= 45, "{}", causes.len());
        for group in Group::ALL {
            assert!(all.iter().any(|one| one.group == *group), "{}", group.name());
        }
    }
}
