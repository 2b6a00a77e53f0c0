//! The control protocol: how the command line asks a running Galen. One JSON object a line, one
//! question a connection, over a Unix socket of mode 0600.

pub mod client;
pub mod server;

use galen_core::outbox::ParcelState;
use galen_core::{ApiKeyId, LogAsk, ParcelId, Refusal, SilenceId, UnixMs, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api_keys::NewKey;

/// The longest question, in bytes.
pub const ASK_BYTES_MAX: usize = 64 << 10;
/// The longest answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;
/// How long a question may take to arrive, in seconds.
pub const ASK_TIMEOUT_S: u64 = 5;
/// How long an answer may take, in seconds: a repair runs inside it.
pub const ANSWER_TIMEOUT_S: u64 = 120;

/// What can be asked. It carries passwords, so it is never printed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// How the server is.
    Status {},
    /// Make a user.
    UserAdd {
        /// Its address.
        email: String,
        /// What it is called; may be empty.
        name: String,
        /// Its password.
        password: String,
        /// Whether it becomes an admin.
        admin: bool,
    },
    /// A page of the users, newest first.
    UserList {
        /// The last user of the page before.
        after: Option<UserId>,
        /// How many at the most.
        limit: u32,
    },
    /// Make an API key.
    KeyAdd {
        /// The key.
        key: NewKey,
    },
    /// Every API key, newest first.
    KeyList {},
    /// Revoke an API key.
    KeyRevoke {
        /// Which.
        id: ApiKeyId,
    },
    /// Whether it is ready, which resource is not, and who holds it.
    Health {},
    /// Alerts that are open, those of the past, and silences.
    Alerts {},
    /// Silence alerts.
    Silence {
        /// What it matches: a cause, a rule's code, or `*`.
        matches: String,
        /// For how long, in milliseconds.
        for_ms: u64,
        /// Why.
        reason: String,
    },
    /// End a silence.
    Unsilence {
        /// Which.
        id: SilenceId,
    },
    /// A page of the log.
    Logs {
        /// Which lines.
        ask: LogAsk,
    },
    /// Errors of a range, in groups.
    Errors {
        /// From this moment on.
        from: UnixMs,
        /// Up to, and without, this moment.
        until: UnixMs,
    },
    /// What the history holds of a range.
    History {
        /// From this moment on.
        from: UnixMs,
        /// Up to, and without, this moment.
        until: UnixMs,
    },
    /// Mails, newest first.
    MailList {
        /// Only those in this state.
        state: Option<ParcelState>,
        /// How many at the most.
        limit: u32,
    },
    /// A mail, written out.
    MailShow {
        /// Which.
        id: ParcelId,
    },
    /// Queue a mail once more.
    MailResend {
        /// Which.
        id: ParcelId,
    },
    /// Take a mail back that waits.
    MailCancel {
        /// Which.
        id: ParcelId,
    },
    /// Send a test mail.
    MailTest {
        /// To whom.
        email: String,
    },
    /// Run one of the safe repairs.
    Repair {
        /// Which.
        repair: Repair,
        /// Only say what it would change.
        dry_run: bool,
    },
}

/// The repairs that can be asked for: bounded, idempotent, without loss of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Remove expired sessions.
    Sweep,
    /// Refresh the planner's statistics where they are stale.
    Optimize,
    /// Move the write-ahead log into the database.
    Checkpoint,
}

/// What is answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done; the value's shape belongs to the question.
    Done(Value),
    /// It was not.
    Refused(Refused),
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// A stable code: one of core's, or `control.…`.
    pub code: String,
    /// What was wrong.
    pub detail: String,
    /// What to do.
    pub fix: Option<String>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let mut detail = refusal.detail;
        for field in &refusal.fields {
            detail = format!("{}: {}", field.pointer.trim_start_matches('/'), field.detail);
        }
        let code = refusal.fields.first().map_or(refusal.code, |field| field.code);
        Self { code: code.text().to_owned(), detail, fix: Some(code.fix().to_owned()) }
    }
}

impl Refused {
    /// A refusal of the protocol's own.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), detail: detail.into(), fix: None }
    }
}

impl From<Refused> for crate::failure::Failure {
    fn from(refused: Refused) -> Self {
        let failure = Self::new(refused.detail.clone());
        // A code whose detail is its own way out needs no second line.
        match refused.fix {
            Some(fix) if fix != refused.detail => failure.fix(fix),
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_core::Code;

    #[test]
    fn a_question_with_an_unknown_field_is_refused() {
        let asked = serde_json::from_str::<Ask>(r#"{"verb":"status","more":1}"#);
        assert!(asked.is_err());
        assert!(serde_json::from_str::<Ask>(r#"{"verb":"status"}"#).is_ok());
    }

    #[test]
    fn a_refused_field_is_named_with_its_way_out() {
        let refusal = Refusal::field("/password", Code::PasswordTooShort, "at least 15 characters");
        let refused = Refused::from(refusal);
        assert_eq!(refused.detail, "password: at least 15 characters");
        assert_eq!(refused.fix.as_deref(), Some(Code::PasswordTooShort.fix()));
    }
}
