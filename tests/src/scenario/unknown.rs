//! Hold-outs: waits that no check knows, and faults seen without the right to see them. Nothing is to be
//! named, unless it is a right name, and what is missing is to be said.

use anyhow::{Context, Result};

use super::postgres::seen_by;
use super::{Group, STRICT_MS, Scenario, TARGET_MS};
use crate::patients::{Fault, Patient};
use crate::shop;
use crate::sickroom::{Impossible, Sick, Start};
use crate::ward::Ward;

/// The row the others are changed from.
const ROW: Scenario = Scenario {
    name: "",
    group: Group::Unknown,
    injected: &[],
    beside: &[],
    response_target_ms: TARGET_MS,
    twin: "sickroom",
    start: timer,
};

/// ALL hold-outs.
pub const ALL: &[Scenario] = &[
    Scenario { name: "unknown-timer", start: timer, ..ROW },
    Scenario { name: "unknown-pipe", start: pipe, ..ROW },
    Scenario { name: "unknown-child", start: child, ..ROW },
    Scenario { name: "unknown-file-lock", start: file_lock, ..ROW },
    Scenario { name: "unknown-semaphore", start: semaphore, ..ROW },
    Scenario { name: "unknown-unix-socket", beside: &["F64"], start: unix_socket, ..ROW },
    Scenario { name: "unknown-trickle", beside: &["F64"], start: trickle, ..ROW },
    Scenario { name: "unknown-condition", start: condition, ..ROW },
    Scenario { name: "unknown-signal", start: signal, ..ROW },
    Scenario {
        name: "no-rights-process",
        response_target_ms: STRICT_MS,
        twin: "fastapi",
        start: as_nobody,
        ..ROW
    },
    Scenario {
        name: "no-rights-postgres",
        response_target_ms: STRICT_MS,
        twin: "shop",
        start: as_nobody_special,
        ..ROW
    },
    Scenario {
        name: "no-database-named",
        response_target_ms: STRICT_MS,
        twin: "shop",
        start: unnamed,
        ..ROW
    },
];

/// A patient whose one endpoint waits three seconds in its own way.
fn strange(path: &str) -> Result<Ward> {
    let sick = Sick::start(Start { words: &["strange.py", "PORT"], ..Start::default() })?;
    Ok(Ward::of(sick, "127.0.0.1", &["/health", path]))
}

/// A timer of the event loop: nothing on the machine shows what it is for.
fn timer() -> Result<Ward> {
    strange("/api/timer")
}

/// A pipe into which nobody writes.
fn pipe() -> Result<Ward> {
    strange("/api/pipe")
}

/// A child process that takes its time.
fn child() -> Result<Ward> {
    strange("/api/child")
}

/// A lock on a file that another process of the application holds.
fn file_lock() -> Result<Ward> {
    strange("/api/file-lock")
}

/// A semaphore shared between processes.
fn semaphore() -> Result<Ward> {
    strange("/api/semaphore")
}

/// A service behind a Unix socket.
fn unix_socket() -> Result<Ward> {
    strange("/api/unix-socket")
}

/// A service whose answer trickles.
fn trickle() -> Result<Ward> {
    strange("/api/trickle")
}

/// A condition another thread of the same process signals late.
fn condition() -> Result<Ward> {
    strange("/api/condition")
}

/// A signal that comes late.
fn signal() -> Result<Ward> {
    strange("/api/signal")
}

/// A held write lock, seen by a user who may not look into the server.
fn as_nobody() -> Result<Ward> {
    let patient = Patient::start(Fault::WriterLock).context(Impossible("another user"))?;
    Ok(Ward::with(patient).as_another_user())
}

/// An open transaction, seen by a role without rights.
fn as_nobody_special() -> Result<Ward> {
    seen_by("nobody_special", shop::Shop::start(shop::Fault::IdleTransaction)?)
}

/// The same, when the user names no database.
fn unnamed() -> Result<Ward> {
    let shop = shop::Shop::start(shop::Fault::IdleTransaction)?;
    Ok(Ward::at(shop.url()).asking(super::postgres::PATHS).keeping(shop))
}
