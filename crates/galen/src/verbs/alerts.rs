//! `galen alerts`: what fires and what did, and silences with a reason and an end.

use clap::{Args, Subcommand};
use galen_core::SilenceId;
use galen_core::model::Silence;
use galen_monitor::{Alert, AlertState};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::cli::{Common, place};
use crate::config::quantity::Lapse;
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::units;
use crate::wire::clock::rfc3339;
use crate::wire::control::Ask;
use crate::wire::control::client::Client;
use crate::wire::remembered::AlertsNow;
use crate::wire::words;

/// Print alerts that are open and the last that are over, or silence some.
///
/// Exit code 0 when nothing fires, 1 when something does or no server runs.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  galen alerts\n  \
                  galen alerts silence writer_lock --for 2h --reason \"backup window\"\n  \
                  galen alerts unsilence 01900000-0000-7000-8000-000000000000"
)]
pub struct Alerts {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    Silence(Hush),
    Unsilence(Unhush),
}

/// Keep alerts from being told of for a while. That they are over is told all the same.
#[derive(Debug, Args)]
struct Hush {
    /// A cause (`writer_lock`, `query:user.by_id`), a rule's code, or `*` for everything.
    #[arg(value_name = "MATCH")]
    matches: String,
    /// For how long: 30s, 2h, 1d.
    #[arg(long = "for", value_name = "TIME")]
    lasts: Lapse,
    /// Why: whoever is on duty reads it.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// End a silence now.
#[derive(Debug, Args)]
struct Unhush {
    /// Its identifier, as `galen alerts` prints it.
    #[arg(value_name = "ID")]
    id: SilenceId,
}

impl Alerts {
    /// Prints or changes them, through the running server.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        match self.what {
            None => {
                let now: AlertsNow = ask(common, &Ask::Alerts {})?;
                if self.json {
                    terminal::line(format_args!("{:#}", json!(now)));
                } else {
                    print(&now);
                }
                let fires = now.open.iter().any(|alert| alert.state == AlertState::Firing);
                Ok(if fires { Exit::Failed } else { Exit::Success })
            }
            Some(What::Silence(hush)) => hush.run(common),
            Some(What::Unsilence(unhush)) => unhush.run(common),
        }
    }
}

impl Hush {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let question =
            Ask::Silence { matches: self.matches, for_ms: self.lasts.as_ms(), reason: self.reason };
        let silence: Silence = ask(common, &question)?;
        if self.json {
            terminal::line(format_args!("{:#}", json!(silence)));
        } else {
            terminal::line(format_args!(
                "{} is silenced until {} ({})",
                terminal::plain(&silence.matches),
                rfc3339(silence.ends_at),
                silence.id
            ));
        }
        Ok(Exit::Success)
    }
}

impl Unhush {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let was_there: bool = ask(common, &Ask::Unsilence { id: self.id })?;
        if !was_there {
            return Err(Failure::new(format!("there is no silence {}", self.id))
                .fix("`galen alerts` lists those in force"));
        }
        terminal::line("the silence is over");
        Ok(Exit::Success)
    }
}

fn ask<T: DeserializeOwned>(common: &Common, question: &Ask) -> Result<T, Failure> {
    let loaded = common.load(Vec::new())?;
    let place = place(&loaded.config)?;
    let client = Client::connect(&place)?.ok_or_else(|| {
        Failure::new(format!("no Galen serves {}", place.database.display()))
            .fix("start it with `galen serve`")
    })?;
    client.ask(question)
}

fn print(now: &AlertsNow) {
    if now.open.is_empty() {
        terminal::line("nothing fires");
    }
    for alert in &now.open {
        open(alert);
    }
    if !now.past.is_empty() {
        terminal::line("");
        let row = |alert: &Alert| {
            let over = alert.resolved_at.unwrap_or(alert.fired_at);
            let lasted_ms = u64::try_from(over.since_ms(alert.began_at)).unwrap_or(0);
            vec![
                rfc3339(alert.began_at),
                units::stretch(lasted_ms.max(1_000)),
                words::headline(alert),
                alert.symptoms.len().to_string(),
            ]
        };
        let rows = now.past.iter().map(row).collect();
        terminal::table(&["began", "lasted", "what", "symptoms"], rows);
    }
    if !now.silences.is_empty() {
        terminal::line("");
        let row = |silence: &Silence| {
            vec![
                silence.id.to_string(),
                silence.matches.clone(),
                rfc3339(silence.ends_at),
                silence.reason.clone(),
            ]
        };
        terminal::table(
            &["silence", "matches", "until", "reason"],
            now.silences.iter().map(row).collect(),
        );
    }
}

/// One open alert with its symptoms; `galen status` prints them alike.
pub fn open(alert: &Alert) {
    let state = match alert.state {
        AlertState::Normal => "normal",
        AlertState::Pending => "pending",
        AlertState::Firing => "FIRING",
        AlertState::Recovering => "recovering",
    };
    let silenced = alert.silenced_until;
    let silenced =
        silenced.map_or_else(String::new, |until| format!(", silenced until {}", rfc3339(until)));
    terminal::line(format_args!(
        "{}  {} (since {}{silenced})",
        terminal::bold(format_args!("{state:<11}")),
        terminal::plain(&words::headline(alert)),
        rfc3339(alert.began_at)
    ));
    for symptom in &alert.symptoms {
        terminal::line(format_args!("             {}", terminal::plain(&words::symptom(symptom))));
    }
}
