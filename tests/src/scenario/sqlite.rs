//! Group C: SQLite, by the account backend of the original report with one fault each.

use anyhow::{Context, Result};

use super::{Group, STRICT_MS, Scenario, TARGET_MS, cause, hygiene};
use crate::patients::{Fault, Patient};
use crate::ward::{Object, Ward};

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Sqlite,
    injected: &[],
    beside: &[],
    response_target_ms: STRICT_MS,
    twin: "fastapi",
    start: healthy,
};

/// ALL scenarios of this group.
pub const ALL: &[Scenario] = &[
    Scenario { name: "writer-lock", injected: &[cause("F35")], start: writer_lock, ..ROW },
    Scenario { name: "own-transaction", injected: &[cause("F36")], start: own_transaction, ..ROW },
    Scenario { name: "rollback-reader", injected: &[cause("F37")], start: rollback_reader, ..ROW },
    Scenario { name: "busy-snapshot", injected: &[cause("F38")], start: busy_snapshot, ..ROW },
    Scenario {
        name: "checkpoint-starved",
        injected: &[hygiene("F39")],
        start: checkpoint_starved,
        ..ROW
    },
    Scenario { name: "checkpoint-off", injected: &[hygiene("F40")], start: checkpoint_off, ..ROW },
    Scenario {
        name: "missing-index",
        injected: &[cause("F41")],
        response_target_ms: TARGET_MS,
        start: missing_index,
        ..ROW
    },
    Scenario {
        name: "stale-statistics",
        injected: &[cause("F42")],
        response_target_ms: TARGET_MS,
        start: stale_statistics,
        ..ROW
    },
    Scenario { name: "bloat", injected: &[hygiene("F43")], start: bloat, ..ROW },
    Scenario { name: "read-only", injected: &[cause("F44")], start: read_only, ..ROW },
    Scenario { name: "damaged", injected: &[cause("F45")], start: damaged, ..ROW },
    Scenario { name: "commit-bound", injected: &[cause("F46")], start: commit_bound, ..ROW },
    Scenario { name: "replaced", injected: &[hygiene("F47")], start: replaced, ..ROW },
    Scenario { name: "expired-sessions", injected: &[hygiene("F48")], start: expired, ..ROW },
    Scenario { name: "library", injected: &[hygiene("F78")], start: library, ..ROW },
];

fn ward(fault: Fault, object: Object) -> Result<Ward> {
    Ok(Ward::with(Patient::start(fault)?).named(object))
}

/// The process started beside the patient.
fn beside(fault: Fault) -> Result<Ward> {
    let patient = Patient::start(fault)?;
    let helper = patient.helper_pids().first().copied().context("a program beside it")?;
    Ok(Ward::with(patient).named(Object::pid(helper)))
}

fn own_pid(fault: Fault) -> Result<Ward> {
    let patient = Patient::start(fault)?;
    let pid = patient.pid();
    Ok(Ward::with(patient).named(Object::pid(pid)))
}

fn database() -> Object {
    Object::Ends("/dev.db".to_owned())
}

fn table(name: &str) -> Object {
    Object::Ends(format!("/dev.db#{name}"))
}

fn healthy() -> Result<Ward> {
    Ok(Ward::with(Patient::start(Fault::None)?))
}

fn writer_lock() -> Result<Ward> {
    beside(Fault::WriterLock)
}

fn own_transaction() -> Result<Ward> {
    ward(Fault::OwnLongTx, nightly_report()?)
}

/// The line on which the application thinks while it holds the lock.
pub(super) fn nightly_report() -> Result<Object> {
    Object::line("fastapi/app.py", "time.sleep(4.0)", "nightly_report")
}

fn rollback_reader() -> Result<Ward> {
    beside(Fault::RollbackReader)
}

fn busy_snapshot() -> Result<Ward> {
    ward(Fault::BusySnapshot, Object::Is("/api/auth/csrf".to_owned()))
}

fn checkpoint_starved() -> Result<Ward> {
    beside(Fault::CheckpointStarved)
}

fn checkpoint_off() -> Result<Ward> {
    ward(Fault::CheckpointOff, database())
}

fn missing_index() -> Result<Ward> {
    ward(Fault::MissingIndex, table("notifications"))
}

fn stale_statistics() -> Result<Ward> {
    ward(Fault::StaleStats, table("notifications"))
}

fn bloat() -> Result<Ward> {
    ward(Fault::Bloat, database())
}

fn read_only() -> Result<Ward> {
    ward(Fault::ReadOnly, database())
}

fn damaged() -> Result<Ward> {
    ward(Fault::Damaged, database())
}

fn commit_bound() -> Result<Ward> {
    ward(Fault::CommitBound, Object::line("fastapi/app.py", "(\"x\", token, 1)", "csrf")?)
}

fn replaced() -> Result<Ward> {
    ward(Fault::Replaced, database())
}

fn expired() -> Result<Ward> {
    ward(Fault::ExpiredSessions, table("sessions"))
}

fn library() -> Result<Ward> {
    own_pid(Fault::None)
}
