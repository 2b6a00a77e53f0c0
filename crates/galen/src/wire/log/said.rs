//! What an event says: bounded, without secrets, with nothing in it that could act on a terminal.

use std::fmt::{self, Write as _};

use galen_doctor::evidence::redact;
use serde_json::Value;
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::terminal::plain;

/// The longest message and the longest text of a field, in bytes; what is beyond is cut.
pub const TEXT_BYTES_MAX: usize = 2 << 10;
/// What stands where something was cut.
pub const CUT: &str = "…[cut]";
/// How many fields of an event are kept; tracing allows 32 in its macros.
const FIELDS_MAX: usize = 64;

/// An event's message and fields, cleaned.
#[derive(Debug, Default, PartialEq)]
pub struct Said {
    /// The message.
    pub message: String,
    /// The fields in their order.
    pub fields: Vec<(&'static str, Value)>,
}

impl Said {
    /// Reads an event.
    pub fn by(event: &Event<'_>) -> Self {
        let mut said = Self::default();
        event.record(&mut said);
        said
    }

    /// Takes a field's text out, if it is there and `read` understands it.
    pub fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let at = self.fields.iter().position(|(known, _)| *known == name)?;
        let found = read(&self.fields.get(at)?.1)?;
        self.fields.remove(at);
        Some(found)
    }

    fn add(&mut self, field: &Field, value: Value) {
        if self.fields.len() < FIELDS_MAX {
            self.fields.push((field.name(), value));
        }
    }

    fn text(&mut self, field: &Field, raw: &str) {
        match field.name() {
            "message" => self.message = clean(raw),
            name if redact::names_a_secret(name) => self.add(field, redact::MASK.into()),
            _ => self.add(field, clean(raw).into()),
        }
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        let mut bounded = Bounded::default();
        // A full one refuses the rest, and that is what it is for.
        let _full = bounded.write_str(value);
        self.text(field, &bounded.text());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut bounded = Bounded::default();
        // A full one refuses the rest, and that is what it is for.
        let _full = write!(bounded, "{value:?}");
        self.text(field, &bounded.text());
    }

    // Numbers are never secrets, whatever the field is called: `session_ms` is a time.
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

/// Text from anywhere, fit for a line: secrets masked first, while their names still stand before
/// them, then everything made visible that could start a new line or act on a terminal.
fn clean(raw: &str) -> String {
    let visible = plain(&redact::secrets(raw));
    // Separators of lines for some readers, though no control characters (Unicode, §5.8).
    let visible = visible.replace('\u{2028}', "\\u{2028}").replace('\u{2029}', "\\u{2029}");
    cut(visible)
}

/// Text of at most [`TEXT_BYTES_MAX`] bytes, with a mark where something is missing.
fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        let room = TEXT_BYTES_MAX - CUT.len();
        text.truncate(text.floor_char_boundary(room));
        text.push_str(CUT);
    }
    text
}

/// A text that takes only so much, so that a value of any size costs no more than its bound.
#[derive(Default)]
struct Bounded {
    text: String,
    is_full: bool,
}

impl Bounded {
    /// The text; one more byte than fits marks what is missing, so that it is cut once more.
    fn text(mut self) -> String {
        if self.is_full {
            self.text.push_str(CUT);
        }
        self.text
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = TEXT_BYTES_MAX - self.text.len().min(TEXT_BYTES_MAX);
        let fits = part.floor_char_boundary(room);
        self.text.push_str(&part[..fits]);
        self.is_full |= fits < part.len();
        if self.is_full { Err(fmt::Error) } else { Ok(()) }
    }
}
