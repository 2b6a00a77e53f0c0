//! The dead man's signal: somebody outside is told that the monitor works, and misses it when not.

use std::time::Duration;

use galen_core::{Health, Refusal, UnixMs};
use galen_doctor::http::{Answer, Ask, Outcome, Url};
use serde_json::{Value, json};

use super::checks::traced;
use super::pulse::Pulse;
use super::running::Running;
use super::tasks::TaskStatus;

/// The task whose turns are the monitor's pulse.
const TICK: &str = "monitor.tick";
/// How many turns may be missed before the monitor counts as stuck: one that was late is none.
const TICKS_MISSED: u64 = 3;
/// How old the canary's word may be before nothing is known of health, in milliseconds.
const HEALTH_AGE_MS: i64 = 10_000;
/// How long whoever is told may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends one sign of life, when there is somebody to send it to and the monitor works. What goes
/// wrong with it is logged once a change, with the host alone: the rest of the URL is a secret.
///
/// # Errors
/// None: whoever waits for the sign raises the alarm.
pub async fn beat(running: &Running) -> Result<Value, Refusal> {
    let config = &running.config.monitor;
    let Some(url) = config.heartbeat_url.as_ref() else {
        return Ok(json!({ "sent": false, "why": "monitor.heartbeat_url is not set" }));
    };
    let pulse = running.checks.pulse();
    let url = match Url::parse(url.as_str()) {
        Ok(url) => url,
        Err(error) => return Ok(keep_silent(pulse, &error.to_string())),
    };
    let now = running.rooms.clock.now();
    let statuses = running.schedule.statuses();
    let tick = statuses.iter().find(|task| task.name == TICK);
    if tick.is_some_and(|tick| tick.last_at.is_none()) {
        // The start is no silence that anybody needs to hear of.
        return Ok(json!({ "sent": false, "why": "the monitor has not ticked yet" }));
    }
    if let Err(why) = alive(tick, running.canary.health().as_ref(), now) {
        return Ok(keep_silent(pulse, why));
    }
    let (_, traceparent) = traced(&*running.rooms.entropy);
    let ask =
        Ask { dial: None, headers: vec![traceparent], timeout: TIMEOUT, body_bytes_max: 1 << 10 };
    let answer = running.checks.client().get(&url, ask).await;
    Ok(told(pulse, &url, &answer))
}

/// Notes what came of a sign of life.
fn told(pulse: &Pulse, url: &Url, answer: &Answer) -> Value {
    let outcome = answer.outcome.label();
    let is_taken = matches!(answer.outcome, Outcome::Status(200..=299));
    let is_news = pulse.turns((!is_taken).then(|| outcome.clone()));
    let (host, why) = (url.host(), answer.why.as_deref());
    if is_news && is_taken {
        tracing::info!(host, "signs of life arrive again");
    } else if is_news {
        tracing::warn!(host, outcome, why, "a sign of life did not arrive");
    }
    json!({ "sent": true, "outcome": outcome, "why": why })
}

fn keep_silent(pulse: &Pulse, why: &str) -> Value {
    if pulse.turns(Some(why.to_owned())) {
        tracing::warn!(why, "no sign of life is sent");
    }
    json!({ "sent": false, "why": why })
}

/// Whether the monitor works: its turns come and end well, and it knows how the house is. That the
/// house is not ready is no reason for silence: of that the monitor tells itself.
fn alive(
    tick: Option<&TaskStatus>,
    health: Option<&Health>,
    now: UnixMs,
) -> Result<(), &'static str> {
    let tick = tick.filter(|tick| tick.runs > 0).ok_or("the monitor has not ticked yet")?;
    if tick.last_error.is_some() {
        return Err("the monitor's last turn failed");
    }
    let patience_ms = tick.every_ms.saturating_mul(TICKS_MISSED).max(5_000);
    let since_ms = tick.last_at.map_or(i64::MAX, |at| now.since_ms(at));
    if since_ms > i64::try_from(patience_ms).unwrap_or(i64::MAX) {
        return Err("the monitor is stuck");
    }
    match health {
        Some(health) if now.since_ms(health.checked_at) <= HEALTH_AGE_MS => Ok(()),
        _ => Err("it is not known how the house is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticking(at: i64) -> TaskStatus {
        TaskStatus {
            name: TICK.to_owned(),
            every_ms: 10_000,
            runs: 1,
            last_at: Some(UnixMs(at)),
            ..TaskStatus::default()
        }
    }

    fn known(at: i64) -> Health {
        Health {
            ready: false,
            code: None,
            since: UnixMs(0),
            checked_at: UnixMs(at),
            resources: Vec::new(),
        }
    }

    #[test]
    fn a_monitor_that_ticks_and_knows_is_alive_even_when_the_house_is_not_ready() {
        let now = UnixMs(100_000);
        assert_eq!(alive(Some(&ticking(75_000)), Some(&known(99_000)), now), Ok(()));
    }

    #[test]
    fn a_monitor_that_is_stuck_or_fails_or_does_not_know_sends_nothing() {
        let now = UnixMs(100_000);
        let (tick, health) = (ticking(95_000), known(99_000));
        let failed = TaskStatus { last_error: Some("no space".to_owned()), ..tick.clone() };
        for (tick, health, why) in [
            (None, Some(&health), "the monitor has not ticked yet"),
            (Some(&TaskStatus::default()), Some(&health), "the monitor has not ticked yet"),
            (Some(&failed), Some(&health), "the monitor's last turn failed"),
            (Some(&ticking(69_999)), Some(&health), "the monitor is stuck"),
            (Some(&tick), None, "it is not known how the house is"),
            (Some(&tick), Some(&known(89_999)), "it is not known how the house is"),
        ] {
            assert_eq!(alive(tick, health, now), Err(why));
        }
    }
}
