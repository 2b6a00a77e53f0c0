//! The history on real files: what is kept, searched, let go, damaged and killed.

mod caps;
mod crash;
mod damage;
mod kept;
mod search;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use galen_core::{
    AlertId, Annotation, Clock, Frame, FrameAsk, HistoryBatch, KeptAlert, LogAsk, LogLevel,
    LogLine, Tier, UnixMs,
};
use galen_testkit::HandClock;

use super::{HistorySettings, SqliteHistory};

const DAY_MS: i64 = 86_400_000;

/// Where the hand clock begins.
fn begin() -> UnixMs {
    HandClock::new().now()
}

fn open(path: &Path) -> SqliteHistory {
    open_with(HistorySettings::at(path))
}

/// A history whose clock the test moves.
fn open_at(path: &Path, clock: &Arc<HandClock>) -> SqliteHistory {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    SqliteHistory::open(HistorySettings::at(path), clock).unwrap()
}

/// Lets time pass; the clock takes a month at a time.
fn pass(clock: &HandClock, mut ms: i64) {
    while ms > 0 {
        let step = ms.min(30 * DAY_MS);
        clock.advance_ms(u32::try_from(step).unwrap());
        ms -= step;
    }
}

fn open_with(settings: HistorySettings) -> SqliteHistory {
    SqliteHistory::open(settings, Arc::new(HandClock::new())).unwrap()
}

/// A window of `objects` points of `bytes` bytes each; the bytes tell the moment.
fn frame(metric: &str, at: UnixMs, (objects, bytes): (usize, usize)) -> Frame {
    let point = |n: usize| {
        let name: Arc<str> = format!("GET /api/{n} ok").into();
        (name, vec![(at.0 / 10_000 % 251) as u8; bytes])
    };
    Frame {
        tier: Tier::Fine,
        at,
        metric: metric.to_owned().into(),
        is_detail: metric.starts_with("detail"),
        points: (0..objects).map(point).collect(),
    }
}

fn ask(tier: Tier, metric: &str) -> FrameAsk {
    FrameAsk {
        tier,
        metric: metric.to_owned().into(),
        object: None,
        from: UnixMs(0),
        until: UnixMs(i64::MAX),
        limit: 100_000,
    }
}

fn frames(frames: Vec<Frame>) -> HistoryBatch {
    HistoryBatch { frames, ..HistoryBatch::default() }
}

fn line(at: UnixMs, level: LogLevel, message: &str) -> LogLine {
    LogLine {
        at,
        level,
        room: "http".to_owned(),
        message: message.to_owned(),
        code: None,
        route: None,
        status: None,
        user_id: None,
        request_id: None,
        trace_id: None,
        fields: "{}".to_owned(),
    }
}

/// Lines that nobody handed over before.
fn logs(lines: Vec<LogLine>) -> HistoryBatch {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let place = || NEXT.fetch_add(1, Ordering::Relaxed);
    let logs = lines.into_iter().map(|line| (place(), line)).collect();
    HistoryBatch { logs, ..HistoryBatch::default() }
}

fn any_log() -> LogAsk {
    LogAsk { limit: 1_000, ..LogAsk::default() }
}

fn annotation(at: UnixMs, code: &str) -> Annotation {
    Annotation { at, code: code.to_owned(), params: "{\"n\":1}".to_owned() }
}

fn alert(n: u8, fired_at: UnixMs) -> KeptAlert {
    KeptAlert {
        id: AlertId::from_bytes([n; 16]),
        cause: "writer_lock".to_owned(),
        began_at: fired_at.plus_ms(-1_000),
        fired_at,
        resolved_at: None,
        body: "{\"told_firing\":true}".to_owned(),
    }
}

/// What the file and everything SQLite keeps beside it take on disk.
fn on_disk(path: &Path) -> u64 {
    let size = |ending: &str| {
        let path = crate::drivers::sqlite::beside(path, ending);
        std::fs::metadata(path).map_or(0, |found| found.len())
    };
    ["", "-wal", "-shm", "-journal"].into_iter().map(size).sum()
}
