//! The log: people's lines or JSON on standard error, with control characters made visible.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Config, Format};
use crate::failure::{Exit, Failure};
use crate::terminal::{errors_are_read_by_a_person, plain};

/// Starts the log of this process.
///
/// # Errors
/// When the levels cannot be read, or a log was started before.
pub fn start(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log.level.0).map_err(|error| {
        Failure::new(format!("`log.level` cannot be read: {error}")).exit(Exit::Config)
    })?;
    let is_human = match config.log.format {
        Format::Human => true,
        Format::Json => false,
        Format::Auto => errors_are_read_by_a_person(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let outcome = if is_human {
        let colours = anstream::AutoStream::choice(&std::io::stderr());
        let colours = !matches!(colours, anstream::ColorChoice::Never);
        builder.event_format(Human { colours }).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    outcome.map_err(|error| Failure::new(format!("the log cannot be started: {error}")))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // What the panic says can hold a value of a request; the place is enough to find it.
        tracing::error!(place, "a fault of ours: something broke");
    }));
    Ok(())
}

/// A line for people: time, level, what happened, and its fields.
struct Human {
    colours: bool,
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
        let mut line = Line::default();
        event.record(&mut line);
        let room = event.metadata().target().split("::").next().unwrap_or_default();
        let room = room.strip_prefix("galen_").unwrap_or(room);
        writeln!(writer, " {style}{level:5}{style:#} {room}: {}{}", line.message, line.fields)
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

/// What an event says, with nothing in it that could act on a terminal.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn add(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = plain(value);
        } else {
            let _ = write!(self.fields, " {}={}", field.name(), plain(value));
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        // A text with a space is quoted, so that it cannot pass for another field.
        if field.name() != "message" && value.contains([' ', '=', '"']) {
            self.add(field, &format!("{value:?}"));
        } else {
            self.add(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}
