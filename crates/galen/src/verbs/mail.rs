//! `galen mail`: what waits to leave, what became of it, and captured mail to be read.

use clap::{Args, Subcommand};
use galen_core::ParcelId;
use galen_core::outbox::ParcelState;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::cli::{Common, place};
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::wire::clock::rfc3339;
use crate::wire::control::Ask;
use crate::wire::control::client::Client;
use crate::wire::mailed::{MailRow, MailRows, MailShown};

/// Read and steer the mail that leaves this installation.
///
/// Without a mail server (`mail.host`) mail is captured: `show` prints it with its links whole. All of
/// it is asked of the running server.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  galen mail list\n  galen mail list --state failed\n  \
                        galen mail show 01900000-0000-7000-8000-000000000000\n  \
                        galen mail test me@example.org")]
pub enum Mail {
    List(List),
    Show(Show),
    Resend(Resend),
    Cancel(Cancel),
    Test(Test),
}

/// List mails, newest first.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen mail list\n  galen mail list --state captured --limit 5 --json"
)]
pub struct List {
    /// Only those in this state: queued, sending, sent, failed, captured, cancelled.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<ParcelState>,
    /// The most mails to print.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Print a mail as its reader sees it.
///
/// Links that open something are whole only while the mail is captured; that it was read stands in the
/// audit trail.
#[derive(Debug, Args)]
pub struct Show {
    /// The mail, as `galen mail list` prints it.
    #[arg(value_name = "ID")]
    id: ParcelId,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Queue a mail once more that failed, was captured or taken back.
#[derive(Debug, Args)]
pub struct Resend {
    /// The mail, as `galen mail list` prints it.
    #[arg(value_name = "ID")]
    id: ParcelId,
}

/// Take a mail back that waits for its next attempt.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The mail, as `galen mail list` prints it.
    #[arg(value_name = "ID")]
    id: ParcelId,
}

/// Send a test mail by the same way as every other.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  galen mail test me@example.org && galen mail list --limit 1")]
pub struct Test {
    /// To whom.
    #[arg(value_name = "EMAIL")]
    email: String,
}

fn state(text: &str) -> Result<ParcelState, String> {
    let known = ParcelState::ALL.into_iter().find(|state| state.name() == text);
    known.ok_or_else(|| {
        let all: Vec<&str> = ParcelState::ALL.into_iter().map(ParcelState::name).collect();
        format!("expected one of {}", all.join(", "))
    })
}

impl Mail {
    /// Does what was asked, through the running server.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run(common),
            Self::Show(show) => show.run(common),
            Self::Resend(resend) => {
                let () = ask(common, &Ask::MailResend { id: resend.id })?;
                terminal::line("the mail waits to leave");
                Ok(Exit::Success)
            }
            Self::Cancel(cancel) => {
                let () = ask(common, &Ask::MailCancel { id: cancel.id })?;
                terminal::line("the mail will not be sent");
                Ok(Exit::Success)
            }
            Self::Test(test) => {
                let id: ParcelId = ask(common, &Ask::MailTest { email: test.email })?;
                terminal::line(format_args!("{id} waits to leave: `galen mail show {id}`"));
                Ok(Exit::Success)
            }
        }
    }
}

impl List {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let question = Ask::MailList { state: self.state, limit: self.limit };
        let found: MailRows = ask(common, &question)?;
        if self.json {
            terminal::line(format_args!("{:#}", json!(found)));
            return Ok(Exit::Success);
        }
        for queue in found.queues.iter().filter(|queue| queue.waiting > 0) {
            let since = queue.oldest_at.map(rfc3339).unwrap_or_default();
            let name = queue.channel.name();
            terminal::line(format_args!(
                "{} wait by {name}, the oldest since {since}",
                queue.waiting
            ));
        }
        if !found.carried {
            terminal::line("no mail leaves: it is captured, because `mail.host` is not set");
        }
        let rows = found.mails.iter().map(row).collect();
        terminal::table(&["id", "state", "to", "what", "when", "says"], rows);
        Ok(Exit::Success)
    }
}

fn row(mail: &MailRow) -> Vec<String> {
    let state = match mail.attempts {
        0 | 1 => mail.state.name().to_owned(),
        attempts => format!("{} ({attempts} attempts)", mail.state.name()),
    };
    vec![
        mail.id.to_string(),
        state,
        mail.to.clone(),
        mail.code.clone(),
        rfc3339(mail.ended_at.unwrap_or(mail.created_at)),
        mail.says.clone().unwrap_or_default(),
    ]
}

impl Show {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let shown: MailShown = ask(common, &Ask::MailShow { id: self.id })?;
        if self.json {
            terminal::line(format_args!("{:#}", json!(shown)));
            return Ok(Exit::Success);
        }
        let mail = &shown.mail;
        let state = mail.state.name();
        terminal::line(format_args!("to       {}", terminal::plain(&mail.to)));
        terminal::line(format_args!("state    {state}, {} attempts", mail.attempts));
        if let Some(says) = &mail.says {
            terminal::line(format_args!("says     {}", terminal::plain(says)));
        }
        match &shown.error {
            Some(error) => {
                terminal::line(format_args!(
                    "it cannot be written out: {}",
                    terminal::plain(error)
                ));
                return Ok(Exit::Failed);
            }
            None => terminal::line(format_args!("subject  {}", terminal::plain(&shown.subject))),
        }
        terminal::line("");
        for line in shown.text.lines() {
            terminal::line(terminal::plain(line));
        }
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
