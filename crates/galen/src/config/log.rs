//! `[log]`: what is written to standard error while Galen serves.

use super::quantity::Lapse;
use super::section::section;
use super::value::{Given, Setting, choice};

section! {
    /// What is written to standard error while Galen serves. Secrets never are.
    Log = "log" {
        /// `"human"` for people, `"json"` for programs (one object a line), `"auto"`: human on a
        /// terminal, JSON otherwise.
        format: Format = Format::Auto;
        /// The least important level that is written: `error`, `warn`, `info`, `debug` or `trace`.
        /// Rooms can differ: `"info,galen_store=debug"`.
        level: Level = Level("info".to_owned());
        /// Which requests have a line of their own: `"notable"` (slow, answered with 5xx or past
        /// their deadline; at most a hundred a second), `"all"` or `"none"`.
        requests: Requests = Requests::Notable;
        /// How long lines are kept in the history for `galen logs` and the panel, at the most: they
        /// name users. What does not fit `monitor.history_cap` goes before.
        keep: Lapse = Lapse::days(30);
    }
}

choice! {
    /// How a line of the log looks.
    Format, "`\"auto\"`, `\"human\"` or `\"json\"`" {
        /// Human on a terminal, JSON otherwise.
        Auto = "auto",
        /// For people.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
}

choice! {
    /// Which requests have a line of their own in the log.
    Requests, "`\"notable\"`, `\"all\"` or `\"none\"`" {
        /// Slow ones and those the server failed.
        Notable = "notable",
        /// Every one.
        All = "all",
        /// None.
        None = "none",
    }
}

/// A level, or levels by room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level(pub String);

impl Setting for Level {
    const EXPECTED: &'static str =
        "a level such as `\"info\"` or levels by room such as `\"info,galen_store=debug\"`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        levels(&String::read(given)?).map(Self)
    }

    fn print(&self) -> Option<String> {
        self.0.print()
    }
}

fn levels(text: &str) -> Result<String, String> {
    let known =
        |level: &str| matches!(level, "error" | "warn" | "info" | "debug" | "trace" | "off");
    for part in text.split(',') {
        let level = part.split_once('=').map_or(part, |(_, level)| level).trim();
        if !known(level) {
            return Err(format!("`{level}` is not a level"));
        }
    }
    Ok(text.to_owned())
}
