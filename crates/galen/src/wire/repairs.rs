//! The safe repairs as the running server foretells and performs them for the doctor.

use std::sync::Arc;

use galen_core::model::{AuditCode, Upkeep};
use galen_core::{Note, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answers::refused;
use super::control::{Refused, Repair};
use super::running::Running;
use super::{tasks, ticker};
use galen_account::SweepReport;

/// What a repair would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foretold {
    /// How many rows or bytes; 0 means that it is useless.
    pub would_change: u64,
    /// What it would do.
    pub statement: String,
}

/// What a repair changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    /// How many rows or bytes.
    pub changed: u64,
    /// What it did.
    pub statement: String,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended.
    pub ended_at: UnixMs,
    /// Whether there is more to do: each run is bounded.
    pub more: bool,
}

/// Says what a repair would change, without changing it.
///
/// # Errors
/// When the store cannot be asked.
pub async fn foretell(repair: Repair, running: &Running) -> Result<Foretold, Refused> {
    let (rooms, cx) = (&running.rooms, running.live());
    let store = rooms.store.port();
    let would_change = match repair {
        Repair::Sweep => {
            let counts = store.counts(&cx, rooms.clock.now()).await.map_err(refused)?;
            counts.sessions_expired.unsigned_abs()
        }
        // The engine decides table by table; it says what it did only afterwards.
        Repair::Optimize => 1,
        Repair::Checkpoint => store.facts(&cx).await.map_err(refused)?.wal_bytes,
    };
    Ok(Foretold { would_change, statement: statement(repair, running) })
}

/// Performs one bounded run of a repair and notes it in the audit trail.
///
/// # Errors
/// When the store or the account room refuses.
pub async fn perform(repair: Repair, running: &Arc<Running>) -> Result<Repaired, Refused> {
    let clock = Arc::clone(&running.rooms.clock);
    let started_at = clock.now();
    let done = |changed, statement, more| Repaired {
        changed,
        statement,
        started_at,
        ended_at: clock.now(),
        more,
    };
    let upkeep = match repair {
        Repair::Sweep => {
            let report = sweep(running).await?;
            annotate(running, repair, report.sessions);
            return Ok(done(report.sessions, statement(repair, running), report.more));
        }
        Repair::Optimize => Upkeep::Optimize,
        Repair::Checkpoint => Upkeep::Checkpoint,
    };
    let cx = running.live();
    let store = running.rooms.store.port();
    let receipt = store.maintain(&cx, running.rooms.act(&cx), upkeep).await.map_err(refused)?;
    let changed = match repair {
        Repair::Checkpoint => receipt.before.wal_bytes.saturating_sub(receipt.after.wal_bytes),
        Repair::Sweep | Repair::Optimize => 1,
    };
    annotate(running, repair, changed);
    Ok(done(changed, receipt.statement, false))
}

/// A repair explains a step in the charts.
fn annotate(running: &Running, repair: Repair, changed: u64) {
    ticker::note(running, "repaired", &json!({ "repair": repair, "changed": changed }));
}

async fn sweep(running: &Arc<Running>) -> Result<SweepReport, Refused> {
    let broke = |error: String| Refused::new("control.internal", error);
    let did = tasks::run_now(running, tasks::SWEEP).await.map_err(broke)?;
    let report: SweepReport =
        serde_json::from_value(did).map_err(|error| broke(error.to_string()))?;
    let cx = running.live();
    let note = Note {
        code: AuditCode::UpkeepRun,
        target: None,
        params: json!({ "upkeep": "sweep", "sessions": report.sessions }).to_string(),
    };
    running.rooms.store.port().note(&cx, running.rooms.act(&cx), note).await.map_err(refused)?;
    Ok(report)
}

fn statement(repair: Repair, running: &Running) -> String {
    match repair {
        Repair::Sweep => format!(
            "upkeep.sweep: expired sessions leave through their index, at most {} rows a slice",
            running.config.sessions.sweep_rows
        ),
        Repair::Optimize => "PRAGMA optimize".to_owned(),
        Repair::Checkpoint => "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
    }
}
