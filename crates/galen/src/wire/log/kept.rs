//! The log as the monitor keeps it: every event becomes a line, and no event waits for that.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use galen_core::{Clock, LogLevel, LogLine};
use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::said::Said;
use super::written::room;
use crate::wire::clock::RealClock;

/// How many lines wait for the monitor's start; the first ones, which say how it began.
const EARLY_MAX: usize = 256;
/// The longest text of the fields, in bytes; fields beyond it are left out, and a mark says so.
const FIELDS_BYTES_MAX: usize = 8 << 10;
/// The key of that mark.
const CUT_KEY: &str = "cut";

thread_local! {
    /// Whether this thread is keeping a line right now.
    static KEEPING: Cell<bool> = const { Cell::new(false) };
}

/// Where lines go.
type Sink = Box<dyn Fn(LogLine) + Send + Sync>;

/// Takes lines, first into a small buffer and then to its sink.
#[derive(Default)]
pub struct Keeper {
    sink: OnceLock<Sink>,
    early: Mutex<Vec<LogLine>>,
    /// Early lines that found no room.
    missed: AtomicU64,
}

impl Keeper {
    /// A keeper without a sink.
    pub const fn new() -> Self {
        Self { sink: OnceLock::new(), early: Mutex::new(Vec::new()), missed: AtomicU64::new(0) }
    }

    /// Hands everything to `sink` from now on, the early lines first. A second sink is not taken.
    /// Gives how many early lines were missed.
    pub fn hand_to(&self, sink: Sink) -> u64 {
        let early = {
            let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
            let _second_one_is_not_taken = self.sink.set(sink);
            std::mem::take(&mut *early)
        };
        if let Some(sink) = self.sink.get() {
            early.into_iter().for_each(sink);
        }
        self.missed.swap(0, Ordering::Relaxed)
    }

    fn take(&self, line: LogLine) {
        if let Some(sink) = self.sink.get() {
            return sink(line);
        }
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        // The sink may have come while we waited: what is added now would stay behind.
        if let Some(sink) = self.sink.get() {
            drop(early);
            return sink(line);
        }
        if early.len() < EARLY_MAX {
            early.push(line);
        } else {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The layer that feeds a keeper.
pub struct Keep<'a> {
    keeper: &'a Keeper,
    clock: RealClock,
}

impl<'a> Keep<'a> {
    /// A layer for this keeper.
    pub fn new(keeper: &'a Keeper) -> Self {
        Self { keeper, clock: RealClock::new() }
    }
}

impl<S: Subscriber> Layer<S> for Keep<'static> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // What is said while a line is being kept would be kept by saying it again, for ever.
        let Some(_guard) = Keeping::begin() else { return };
        self.keeper.take(line(event, &self.clock));
    }
}

/// Marks this thread as keeping a line, until dropped.
struct Keeping;

impl Keeping {
    fn begin() -> Option<Self> {
        // A thread that is ending has no such mark any more; its last words are not kept.
        let was_keeping = KEEPING.try_with(|keeping| keeping.replace(true)).unwrap_or(true);
        (!was_keeping).then_some(Self)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let _thread_may_be_ending = KEEPING.try_with(|keeping| keeping.set(false));
    }
}

/// An event as a line.
fn line(event: &Event<'_>, clock: &dyn Clock) -> LogLine {
    let mut said = Said::by(event);
    let metadata = event.metadata();
    LogLine {
        at: clock.now(),
        level: level(*metadata.level()),
        room: room(metadata).to_owned(),
        code: said.take("code", text),
        route: said.take("route", text),
        status: said.take("status", |value| u16::try_from(value.as_u64()?).ok()),
        user_id: said.take("user_id", |value| value.as_str()?.parse().ok()),
        request_id: said.take("request_id", |value| value.as_str()?.parse().ok()),
        trace_id: said.take("trace_id", |value| text(value).filter(|text| is_trace(text))),
        fields: fields(&said.fields),
        message: said.message,
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The name of a trace: 32 lower-case hexadecimal digits (W3C Trace Context level 1, §3.2.2.3).
fn is_trace(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

const fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// The fields as a JSON object of bounded length.
fn fields(said: &[(&'static str, Value)]) -> String {
    let mut map = Map::new();
    // The braces, and the mark with its comma.
    let mut bytes = 2 + r#","cut":true"#.len();
    for (name, value) in said {
        // Quotes, colon and comma; the texts were cleaned, so only quotes and backslashes grow.
        let needs = name.len() + value.to_string().len() + 4;
        if bytes + needs > FIELDS_BYTES_MAX {
            map.insert(CUT_KEY.to_owned(), true.into());
            continue;
        }
        bytes += needs;
        map.insert((*name).to_owned(), value.clone());
    }
    Value::Object(map).to_string()
}
