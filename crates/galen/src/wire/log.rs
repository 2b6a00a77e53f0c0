//! The log: people's lines or JSON on standard error, and the same lines for the monitor to keep.

mod kept;
mod said;
mod written;

use std::sync::Arc;

use galen_monitor::Monitor;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use self::kept::{Keep, Keeper};
use self::written::{Human, Json};
use crate::config::{Config, Format};
use crate::failure::{Exit, Failure};
use crate::terminal::errors_are_read_by_a_person;

/// The one log of this process.
static KEEPER: Keeper = Keeper::new();

/// Starts the log of this process.
///
/// # Errors
/// When the levels cannot be read, or a log was started before.
pub fn start(config: &Config) -> Result<(), Failure> {
    let levels = || {
        EnvFilter::try_new(&config.log.level.0).map_err(|error| {
            Failure::new(format!("`log.level` cannot be read: {error}")).exit(Exit::Config)
        })
    };
    let is_human = match config.log.format {
        Format::Human => true,
        Format::Json => false,
        Format::Auto => errors_are_read_by_a_person(),
    };
    let written = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let written: Box<dyn Layer<Registry> + Send + Sync> = if is_human {
        let colours = anstream::AutoStream::choice(&std::io::stderr());
        let colours = !matches!(colours, anstream::ColorChoice::Never);
        written.event_format(Human { colours }).with_filter(levels()?).boxed()
    } else {
        written.event_format(Json).with_filter(levels()?).boxed()
    };
    // Whoever wants a quiet terminal still finds in the history what an operator may want to know.
    let kept = Keep::new(&KEEPER).with_filter(levels()?.or(LevelFilter::INFO));
    let outcome = tracing_subscriber::registry().with(written).with(kept).try_init();
    outcome.map_err(|error| Failure::new(format!("the log cannot be started: {error}")))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // What the panic says can hold a value of a request; the place is enough to find it.
        tracing::error!(place, "a fault of ours: something broke");
    }));
    Ok(())
}

/// Lets the monitor keep the log from now on, and hands it what was said before.
pub fn keep(monitor: Arc<Monitor>) {
    let missed = KEEPER.hand_to(Box::new(move |line| monitor.log(line)));
    if missed > 0 {
        tracing::warn!(missed, "lines before the monitor's start were not kept");
    }
}

#[cfg(test)]
mod tests;
