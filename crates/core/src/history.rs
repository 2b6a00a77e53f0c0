//! The port to the monitor's memory: windows of measurements, log lines, annotations and alerts.
//!
//! It is kept apart from the accounts' data, so that watching never slows what is watched. The
//! store frames and bounds it; what a point means is the monitor's affair.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AlertId, Fut, RequestId, StoreResult, UnixMs, UserId};

/// How finely a stretch of history is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Windows of ten seconds, for six hours.
    Fine,
    /// Windows of a minute, for seven days.
    Minute,
    /// Windows of an hour, for four hundred days.
    Hour,
}

impl Tier {
    /// Every tier, the finest first.
    pub const ALL: [Self; 3] = [Self::Fine, Self::Minute, Self::Hour];

    /// The length of a window, in milliseconds.
    #[must_use]
    pub const fn step_ms(self) -> i64 {
        match self {
            Self::Fine => 10_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }

    /// How long its windows are kept, in milliseconds.
    #[must_use]
    pub const fn keep_ms(self) -> i64 {
        match self {
            Self::Fine => 6 * 3_600_000,
            Self::Minute => 7 * 86_400_000,
            Self::Hour => 400 * 86_400_000,
        }
    }

    /// The beginning of the window that holds `at`.
    #[must_use]
    pub const fn window_of(self, at: UnixMs) -> UnixMs {
        UnixMs(at.0.div_euclid(self.step_ms()) * self.step_ms())
    }

    /// The number under which it is stored; never changed.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Fine => 0,
            Self::Minute => 1,
            Self::Hour => 2,
        }
    }
}

/// All points of one metric in one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How fine.
    pub tier: Tier,
    /// When the window begins.
    pub at: UnixMs,
    /// The metric's name.
    pub metric: Cow<'static, str>,
    /// Whether it is let go first when the history must shrink.
    pub is_detail: bool,
    /// By object (a route, a statement; empty for the whole): the point, encoded by the monitor.
    pub points: Vec<(Arc<str>, Vec<u8>)>,
}

/// Which frames are wanted: those of one metric whose window begins in `[from, until)`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameAsk {
    /// How fine.
    pub tier: Tier,
    /// The metric's name.
    pub metric: Cow<'static, str>,
    /// Only this object's points; frames without it are left out.
    pub object: Option<Arc<str>>,
    /// From this moment on.
    pub from: UnixMs,
    /// Up to, and without, this moment.
    pub until: UnixMs,
    /// How many frames at the most.
    pub limit: u32,
}

/// How important a log line is; the order is that of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For whoever writes Galen.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What an operator should look at.
    Warn,
    /// What is broken.
    Error,
}

impl LogLevel {
    /// Every level, the least important first.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The level as it is printed.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One line of the log. Control characters in its texts were made visible before; secrets are never
/// in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: UnixMs,
    /// How important.
    pub level: LogLevel,
    /// The room that wrote it.
    pub room: String,
    /// What happened.
    pub message: String,
    /// The stable problem code, if there was one.
    pub code: Option<String>,
    /// The matched route with its method, `GET /api/me`.
    pub route: Option<String>,
    /// The status answered.
    pub status: Option<u16>,
    /// Whose request.
    pub user_id: Option<UserId>,
    /// Which request.
    pub request_id: Option<RequestId>,
    /// The trace it belongs to (W3C Trace Context), 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Everything else, a JSON object as text.
    pub fields: String,
}

/// A kept log line with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedLine {
    /// Its number; later lines have larger ones.
    pub number: i64,
    /// The line.
    #[serde(flatten)]
    pub line: LogLine,
}

/// Which log lines are wanted, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogAsk {
    /// From this moment on.
    pub from: Option<UnixMs>,
    /// Up to, and without, this moment.
    pub until: Option<UnixMs>,
    /// At least so important.
    pub level: Option<LogLevel>,
    /// With this problem code.
    pub code: Option<String>,
    /// Of this route, with or without its method.
    pub route: Option<String>,
    /// Of this user's requests.
    pub user_id: Option<UserId>,
    /// Of this request.
    pub request_id: Option<RequestId>,
    /// Of this trace, 32 lower-case hexadecimal digits.
    pub trace_id: Option<String>,
    /// With this text in the message or the fields; case does not matter for ASCII.
    pub text: Option<String>,
    /// Only lines with a smaller number: the next page.
    pub before: Option<i64>,
    /// Only lines with a larger number: what came since.
    pub after: Option<i64>,
    /// How many at the most.
    pub limit: u32,
}

/// Something that explains a step in a chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// When.
    pub at: UnixMs,
    /// What: `started`, `stopped`, `migrated`, `repaired`, `alert.firing`, `alert.resolved`,
    /// `configured`, `history.shed`.
    pub code: String,
    /// Typed parameters, a JSON object as text.
    pub params: String,
}

/// An alert as it is kept: one row a cause and occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAlert {
    /// Its name; newer ones sort later.
    pub id: AlertId,
    /// The cause, `writer_lock`, `query:user.by_email_key`, `rule:error_rate`.
    pub cause: String,
    /// When its first symptom crossed its threshold.
    pub began_at: UnixMs,
    /// When it began to fire.
    pub fired_at: UnixMs,
    /// When it was over.
    pub resolved_at: Option<UnixMs>,
    /// What the monitor makes of it: children, figures, what was told to whom. A JSON object.
    pub body: String,
}

/// What one flush hands over; it is kept as a whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryBatch {
    /// Windows; one that is there already is replaced.
    pub frames: Vec<Frame>,
    /// Log lines, oldest first, each with its place among the lines of this run: one that is handed
    /// over again, because nobody waited for the end of the flush before, is kept once.
    pub logs: Vec<(u64, LogLine)>,
    /// Annotations; one that is there already is left as it is.
    pub annotations: Vec<Annotation>,
    /// Alerts; one that is there already is replaced.
    pub alerts: Vec<KeptAlert>,
}

/// What a flush came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryReceipt {
    /// What was let go before its time to stay under the cap; nothing when all is well.
    pub shed: Vec<Shed>,
}

/// Something that was let go before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shed {
    /// What: `detail`, `frames`, `logs`.
    pub what: String,
    /// From which tier, when it was windows.
    pub tier: Option<Tier>,
    /// How many rows.
    pub rows: u64,
    /// How far back it reaches now.
    pub reaches_to: UnixMs,
}

/// Facts of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFacts {
    /// Where it is.
    pub location: String,
    /// What it takes on disk, its log included, in bytes.
    pub size_bytes: u64,
    /// What it may take, in bytes.
    pub cap_bytes: u64,
    /// By tier, the finest first: how far back it reaches, if it holds anything.
    pub reaches_to: [Option<UnixMs>; 3],
    /// By tier: the beginning of its newest window.
    pub newest: [Option<UnixMs>; 3],
    /// Log lines kept.
    pub log_lines: u64,
}

/// The port. It is called by the monitor's own task and by whoever looks at charts, never by a
/// request that is watched.
pub trait History: Send + Sync {
    /// Keeps what a flush gathered, in one transaction, and lets go of what is too old or too much.
    fn append(&self, batch: HistoryBatch) -> Fut<'_, StoreResult<HistoryReceipt>>;

    /// Windows of one metric, oldest first.
    fn frames(&self, ask: FrameAsk) -> Fut<'_, StoreResult<Vec<Frame>>>;

    /// The names of the metrics that a tier holds between two moments.
    fn metrics(&self, tier: Tier, from: UnixMs, until: UnixMs)
    -> Fut<'_, StoreResult<Vec<String>>>;

    /// Log lines, newest first; with `after` set, oldest first.
    fn logs(&self, ask: LogAsk) -> Fut<'_, StoreResult<Vec<LoggedLine>>>;

    /// Annotations in `[from, until)`, oldest first, at most a thousand: the newest ones.
    fn annotations(&self, from: UnixMs, until: UnixMs) -> Fut<'_, StoreResult<Vec<Annotation>>>;

    /// Alerts, newest first, older than `before`.
    fn alerts(&self, before: Option<AlertId>, limit: u32) -> Fut<'_, StoreResult<Vec<KeptAlert>>>;

    /// Alerts that were not over, or not told of to the end, when they were last kept.
    fn open_alerts(&self) -> Fut<'_, StoreResult<Vec<KeptAlert>>>;

    /// Facts of the history.
    fn facts(&self) -> Fut<'_, StoreResult<HistoryFacts>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_at_a_multiple_of_its_step_even_before_1970() {
        assert_eq!(Tier::Fine.window_of(UnixMs(19_999)), UnixMs(10_000));
        assert_eq!(Tier::Minute.window_of(UnixMs(-1)), UnixMs(-60_000));
        assert_eq!(Tier::Hour.window_of(UnixMs(3_600_000)), UnixMs(3_600_000));
    }
}
