//! The monitor's turn: it is told the situation, and closes its window; and what frames its life.

use std::time::Duration;

use galen_core::{Annotation, Refusal, StoreResult, UnixMs};
use galen_monitor::{Orders, Situation, ThriftChange};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::running::Running;
use crate::config::Config;

/// How long the rules and silences may take to be read, in nanoseconds.
const READ_NS: u64 = 1_000_000_000;
/// How long a stop waits for the last window.
const END_PATIENCE: Duration = Duration::from_secs(5);
/// How far back the last start is looked for, in milliseconds: as far as the history reaches.
const LOOK_BACK_MS: i64 = 400 * 86_400_000;

/// What admins ordered: two reads of a few rows. Nothing while the database does not answer; the
/// monitor then goes on with what it knows.
async fn orders(running: &Running) -> Option<Orders> {
    let read = tokio::time::timeout(Duration::from_nanos(READ_NS), read(running)).await;
    match read {
        Ok(Ok(orders)) => Some(orders),
        Ok(Err(error)) => {
            tracing::debug!(%error, "rules and silences could not be read");
            None
        }
        Err(_) => None,
    }
}

async fn read(running: &Running) -> StoreResult<Orders> {
    let rooms = &running.rooms;
    let (store, cx) = (rooms.store.port(), rooms.background_for(READ_NS));
    let read_at_ns = rooms.clock.monotonic_ns();
    let rule_changes = store.rule_changes(&cx).await?;
    let silences = store.silences(&cx, rooms.clock.now()).await?;
    Ok(Orders { rule_changes, silences, read_at_ns })
}

/// Hands what was changed just now to the monitor, without waiting for its next turn.
pub async fn refresh(running: &Running) {
    if let Some(orders) = orders(running).await {
        running.rooms.monitor.refresh(orders);
    }
}

/// Closes the window, judges the rules and writes both down.
///
/// # Errors
/// When the history does not take it; what was gathered is kept for the next turn.
pub async fn tick(running: &Running) -> Result<Value, Refusal> {
    let orders = orders(running).await;
    let situation = Situation { health: running.canary.health(), orders };
    let ticked = running.rooms.monitor.tick(situation).await;
    let report = ticked.map_err(|error| {
        let words = error.to_string();
        Refusal::from(error).with_detail(words)
    })?;
    for shed in &report.shed {
        tracing::warn!(
            what = shed.what.as_str(),
            rows = shed.rows,
            "the history reached its cap and let the oldest go"
        );
    }
    if let Some(change) = report.thrift {
        let ThriftChange { without, share, cap } = change;
        let without = without.text();
        tracing::warn!(without, share, cap, "the monitor keeps to its share of the CPU");
    }
    if report.lost_windows > 0 {
        let lost = report.lost_windows;
        tracing::warn!(lost, "windows were lost: the history could not be written for a minute");
    }
    Ok(json!({
        "points": report.points,
        "lost_windows": report.lost_windows,
        "log_lines": report.log_lines,
        "shed": report.shed,
        "took_ns": report.took_ns,
    }))
}

/// Takes up what the run before left, and notes that this one began, with what it changed.
pub async fn begin(running: &Running) {
    let monitor = &running.rooms.monitor;
    if let Err(error) = monitor.resume().await {
        tracing::warn!(%error, "what the run before left of its history was not taken up");
    }
    refresh(running).await;
    let config = digest(&running.config);
    let schema = schema(running).await;
    if let Some(last) = last_start(running).await {
        if last["config"].as_str().is_some_and(|known| known != config) {
            note(running, "configured", &json!({ "config": config }));
        }
        let before = last["schema"].as_u64();
        if let (Some(from), Some(to)) = (before, schema)
            && from != u64::from(to)
        {
            note(running, "migrated", &json!({ "from": from, "to": to }));
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    let params = json!({ "version": version, "config": config, "schema": schema });
    note(running, "started", &params);
}

/// Notes that this run ends, and writes down what is left of its last window.
pub async fn end(running: &Running) {
    note(running, "stopped", &json!({ "version": env!("CARGO_PKG_VERSION") }));
    match tokio::time::timeout(END_PATIENCE, tick(running)).await {
        Ok(Ok(_)) => {}
        Ok(Err(refusal)) => tracing::warn!(%refusal, "the last window was not written down"),
        Err(_) => {
            tracing::warn!("the last window was not written down: the history takes too long")
        }
    }
}

/// Notes something that explains a step in a chart.
pub fn note(running: &Running, code: &str, params: &Value) {
    running.rooms.monitor.annotate(Annotation {
        at: running.rooms.clock.now(),
        code: code.to_owned(),
        params: params.to_string(),
    });
}

/// The schema that is served; opening brought it up to date.
async fn schema(running: &Running) -> Option<u32> {
    let rooms = &running.rooms;
    let (store, cx) = (rooms.store.port(), rooms.background_for(READ_NS));
    let facts = tokio::time::timeout(Duration::from_nanos(READ_NS), store.facts(&cx)).await;
    Some(facts.ok()?.ok()?.schema_version)
}

/// What the last start before this one noted.
async fn last_start(running: &Running) -> Option<Value> {
    let now = running.rooms.clock.now();
    let from = UnixMs(now.0.saturating_sub(LOOK_BACK_MS));
    let noted = running.rooms.monitor.annotations(from, now).await.ok()?;
    let last = noted.into_iter().rev().find(|one| one.code == "started")?;
    serde_json::from_str(&last.params).ok()
}

/// What tells one configuration from another, and nothing of what is in it.
fn digest(config: &Config) -> String {
    let mut hash = Sha256::new();
    for section in config.sections() {
        for field in section.fields() {
            let value = section.get(field.name).map_or(Value::Null, |shown| shown.json);
            hash.update(format!("{}.{}={value}\n", section.name(), field.name));
        }
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_value_changes_the_digest_of_the_configuration() {
        let (one, mut other) = (Config::default(), Config::default());
        assert_eq!(digest(&one), digest(&other));
        other.checks.own.push("/x".to_owned());
        assert_ne!(digest(&one), digest(&other));
    }
}
