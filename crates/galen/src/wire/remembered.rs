//! What the monitor answers on the control socket: health, alerts, silences, the log and the past.

use galen_core::model::Silence;
use galen_core::{Health, LogAsk, SilenceId, UnixMs};
use galen_monitor::{Alert, LogPage, Metric, RouteCause, SeriesAsk, TopAsk, TopBy, TopRow};
use serde::{Deserialize, Serialize};

use super::answers::refused;
use super::control::Refused;
use super::running::Running;
use super::ticker;

/// How many past alerts are shown.
const PAST_MAX: u32 = 20;
/// How many rows of each kind an answer about the past has.
const ROWS_MAX: usize = 100;
/// How far back "just now" reaches, in milliseconds.
const RECENT_MS: i64 = 5 * 60_000;

/// Whether requests would be served, and what fires.
#[derive(Debug, Serialize, Deserialize)]
pub struct HealthNow {
    /// The word of the last canary.
    pub health: Option<Health>,
    /// Alerts that are not over, the worst first.
    pub alerts: Vec<Alert>,
}

/// Alerts and silences.
#[derive(Debug, Serialize, Deserialize)]
pub struct AlertsNow {
    /// Those that are not over, the worst first.
    pub open: Vec<Alert>,
    /// The last ones that are over, newest first.
    pub past: Vec<Alert>,
    /// Silences in force.
    pub silences: Vec<Silence>,
}

/// What the history holds of a range.
#[derive(Debug, Serialize, Deserialize)]
pub struct Remembered {
    /// From this moment on.
    pub from: UnixMs,
    /// Up to this moment.
    pub until: UnixMs,
    /// Requests by route and class, `GET /api/me ok`, with their quantiles in nanoseconds; the one
    /// with the slowest 95th percentile first.
    pub routes: Vec<TopRow>,
    /// Time of slow and failed requests by route and phase, `GET /api/me query`, in nanoseconds.
    pub phases: Vec<TopRow>,
    /// Where that time went: all together first, then by route.
    pub causes: Vec<RouteCause>,
    /// Alerts that touch the range, newest first.
    pub alerts: Vec<Alert>,
}

/// Whether it is ready, and what fires.
pub fn health(running: &Running) -> HealthNow {
    HealthNow { health: running.canary.health(), alerts: running.rooms.monitor.alerts() }
}

/// Alerts and silences.
///
/// # Errors
/// When the history or the store cannot be read.
pub async fn alerts(running: &Running) -> Result<AlertsNow, Refused> {
    let rooms = &running.rooms;
    let past = rooms.monitor.past_alerts(None, PAST_MAX).await?;
    let store = rooms.store.port();
    let silences = store.silences(&running.live(), rooms.clock.now()).await.map_err(refused)?;
    let past = past.into_iter().filter(|alert| alert.resolved_at.is_some()).collect();
    Ok(AlertsNow { open: rooms.monitor.alerts(), past, silences })
}

/// Silences alerts, from the command line.
///
/// # Errors
/// A silence without a reason, without an end or too long; what the store refuses.
pub async fn silence(
    running: &Running,
    matches: &str,
    for_ms: u64,
    reason: &str,
) -> Result<Silence, Refused> {
    let wrong = |says: &str| Refused::new("control.silence", says);
    let (matches, reason) = (matches.trim(), reason.trim());
    let fits = |text: &str, max: usize| {
        (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    if !fits(matches, Silence::MATCHES_CHARS_MAX) {
        return Err(wrong("a silence matches a cause, a rule's code, or `*`"));
    }
    if !fits(reason, Silence::REASON_CHARS_MAX) {
        return Err(wrong("a silence needs a reason of at most 500 characters"));
    }
    if !(1_000..=Silence::LASTS_MS_MAX.cast_unsigned()).contains(&for_ms) {
        return Err(wrong("a silence lasts from a second to thirty days"));
    }
    let rooms = &running.rooms;
    let now = rooms.clock.now();
    let silence = Silence {
        id: SilenceId::mint(&*rooms.clock, &*rooms.entropy),
        matches: matches.to_owned(),
        reason: reason.to_owned(),
        created_at: now,
        ends_at: now.plus_ms(for_ms.cast_signed()),
        created_by: None,
    };
    let (cx, store) = (running.live(), rooms.store.port());
    store.silence(&cx, running.rooms.act(&cx), silence.clone()).await.map_err(refused)?;
    ticker::refresh(running).await;
    Ok(silence)
}

/// Ends a silence. Gives whether it was there.
///
/// # Errors
/// What the store refuses.
pub async fn unsilence(running: &Running, id: SilenceId) -> Result<bool, Refused> {
    let (cx, store) = (running.live(), running.rooms.store.port());
    let was_there = store.end_silence(&cx, running.rooms.act(&cx), id).await.map_err(refused)?;
    ticker::refresh(running).await;
    Ok(was_there)
}

/// A page of the log.
///
/// # Errors
/// When the history cannot be read.
pub async fn logs(running: &Running, ask: LogAsk) -> Result<LogPage, Refused> {
    Ok(running.rooms.monitor.logs(ask).await?)
}

/// What the history holds of a range.
///
/// # Errors
/// A range that ends before it begins, or a history that cannot be read.
pub async fn past(running: &Running, from: UnixMs, until: UnixMs) -> Result<Remembered, Refused> {
    let monitor = &running.rooms.monitor;
    let top = |metric: Metric, by| TopAsk {
        metric: metric.text().to_owned(),
        from,
        until,
        by,
        limit: ROWS_MAX,
    };
    let mut alerts = monitor.alerts();
    alerts.extend(monitor.past_alerts(None, ROWS_MAX as u32).await?);
    alerts.retain(|alert| {
        alert.began_at < until && alert.resolved_at.is_none_or(|resolved| resolved >= from)
    });
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.id));
    alerts.dedup_by_key(|alert| alert.id);
    Ok(Remembered {
        from,
        until,
        routes: monitor.top(top(Metric::HttpRequestNs, TopBy::P95)).await?,
        phases: monitor.top(top(Metric::HttpSlowNs, TopBy::Sum)).await?,
        causes: monitor.causes(from, until).await?,
        alerts,
    })
}

/// Endpoints of the last five minutes, those with the most time first.
///
/// # Errors
/// When the history cannot be read.
pub async fn recent(running: &Running) -> Result<Vec<TopRow>, Refused> {
    let now = running.rooms.clock.now();
    let ask = TopAsk {
        metric: Metric::HttpRequestNs.text().to_owned(),
        from: now.plus_ms(-RECENT_MS),
        until: now.plus_ms(1),
        by: TopBy::Sum,
        limit: ROWS_MAX,
    };
    Ok(running.rooms.monitor.top(ask).await?)
}

/// The mean use of the readers over the last five minutes, from 0 to 1, weighted by time.
pub async fn pool_use(running: &Running) -> Option<f64> {
    let now = running.rooms.clock.now();
    let ask = SeriesAsk {
        metric: Metric::PoolUse.text().to_owned(),
        object: None,
        from: now.plus_ms(-RECENT_MS),
        until: now.plus_ms(1),
        step_ms: None,
    };
    let whole = running.rooms.monitor.series(ask).await.ok()?.whole?;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
    let mean = whole.sum / whole.count.max(1) as f64;
    Some(mean)
}
