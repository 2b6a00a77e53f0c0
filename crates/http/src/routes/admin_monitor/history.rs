//! `GET /api/admin/monitor/history`: how far back the monitor remembers, and what that takes.

use galen_core::Tier;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::routes::me::dto::words;
use crate::time::Time;

/// Facts of the monitor's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryFacts)]
struct FactsView<'a> {
    /// Where it is.
    location: &'a str,
    /// What it takes on disk, in bytes.
    size_bytes: u64,
    /// What it may take, in bytes.
    cap_bytes: u64,
    /// Lines of the log in it.
    log_lines: u64,
    /// How far each detail reaches, the finest first.
    tiers: Vec<TierView>,
    /// Whether the monitor records anything.
    recording: bool,
}

/// How far windows of one length reach.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryTier)]
struct TierView {
    /// How fine.
    #[schema(schema_with = tier_schema)]
    tier: Tier,
    /// The length of a window in milliseconds.
    step_ms: i64,
    /// How long its windows are kept, in milliseconds, while there is space.
    keep_ms: i64,
    /// How far back it reaches, if it holds anything.
    reaches_to: Option<Time>,
    /// When its newest window begins.
    newest: Option<Time>,
}

fn tier_schema() -> Schema {
    words(&["fine", "minute", "hour"])
}

/// Says how far back the history reaches, and what it takes of what it may take.
#[utoipa::path(get, path = "/api/admin/monitor/history", tag = "monitor", security(("session" = [])), responses(
    (status = 200, description = "The facts.", body = FactsView),
))]
pub(crate) async fn history(by: Admin) -> Answer {
    let monitor = &by.app().monitor;
    let facts = monitor.history_facts().await?;
    let reach = facts.reaches_to.iter().zip(&facts.newest);
    let tiers = Tier::ALL.into_iter().zip(reach).map(|(tier, (reaches_to, newest))| TierView {
        tier,
        step_ms: tier.step_ms(),
        keep_ms: tier.keep_ms(),
        reaches_to: reaches_to.map(Time),
        newest: newest.map(Time),
    });
    ok(&FactsView {
        location: &facts.location,
        size_bytes: facts.size_bytes,
        cap_bytes: facts.cap_bytes,
        log_lines: facts.log_lines,
        tiers: tiers.collect(),
        recording: monitor.is_on(),
    })
}
