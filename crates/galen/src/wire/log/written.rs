//! How a line of the log is written to standard error: for people, or one JSON object a line.

use std::fmt;

use anstyle::{AnsiColor, Style};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::said::Said;

/// The room that an event comes from.
pub fn room<'a>(metadata: &Metadata<'a>) -> &'a str {
    let room = metadata.target().split("::").next().unwrap_or_default();
    room.strip_prefix("galen_").unwrap_or(room)
}

/// A line for people: time, level, what happened, and its fields.
pub struct Human {
    /// Whether the level has a colour.
    pub colours: bool,
}

impl<S, N> FormatEvent<S, N> for Human
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        SystemTime.format_time(&mut writer)?;
        let level = *event.metadata().level();
        let style = if self.colours { style_of(level) } else { Style::new() };
        let said = Said::by(event);
        let room = room(event.metadata());
        write!(writer, " {style}{level:5}{style:#} {room}: {}", said.message)?;
        for (name, value) in &said.fields {
            match value {
                // A text with a space is quoted, so that it cannot pass for another field; with its
                // backslashes, so that none of them ends the quotation.
                Value::String(text) if text.contains([' ', '=', '"']) => {
                    let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
                    write!(writer, " {name}=\"{quoted}\"")?;
                }
                Value::String(text) => write!(writer, " {name}={text}")?,
                other => write!(writer, " {name}={other}")?,
            }
        }
        writeln!(writer)
    }
}

const fn style_of(level: Level) -> Style {
    match level {
        Level::ERROR => AnsiColor::Red.on_default().bold(),
        Level::WARN => AnsiColor::Yellow.on_default(),
        Level::INFO => AnsiColor::Green.on_default(),
        Level::DEBUG | Level::TRACE => Style::new().dimmed(),
    }
}

/// A line for programs.
pub struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        let line = Line {
            timestamp: &timestamp,
            level: metadata.level().as_str(),
            said: &Said::by(event),
            target: metadata.target(),
        };
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

/// The object of a line, its keys in the order of reading.
struct Line<'a> {
    timestamp: &'a str,
    level: &'static str,
    said: &'a Said,
    target: &'a str,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", self.timestamp)?;
        map.serialize_entry("level", self.level)?;
        map.serialize_entry("message", &self.said.message)?;
        for (name, value) in &self.said.fields {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("target", self.target)?;
        map.end()
    }
}
