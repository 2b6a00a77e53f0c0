//! One connection to the mail server, and what its refusals mean.

use std::error::Error as _;
use std::time::Duration;

use galen_core::post::{DeliveryFailure, Receipt};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Noop, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::message::Mail;
use crate::says::{permanent, says, transient};

/// How long a goodbye may take; nobody needs its answer.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// The server closes the connection (RFC 5321 section 3.8), whatever was asked.
const CLOSING: u16 = 421;
/// Ways to sign in, of those lettre knows the ones that are not obsolete.
const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];

/// How a connection is opened.
pub(super) struct Opening {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<TlsParameters>,
    pub(super) is_tls_at_once: bool,
    pub(super) login: Option<Credentials>,
    pub(super) hello: ClientId,
    pub(super) timeout: Duration,
}

/// An open connection on which whoever must sign in has signed in. Dropping it closes it, so that an
/// exchange that was given up is never taken up again by the next mail.
pub(super) struct Line(AsyncSmtpConnection);

impl Line {
    /// Connects, encrypts, signs in.
    ///
    /// # Errors
    /// Always transient: what the server has against the house (its address, its password) is no
    /// fault of the parcel, which waits until somebody has repaired it.
    pub(super) async fn open(opening: &Opening) -> Result<Self, DeliveryFailure> {
        let refused = |error: Error| transient(&format!("connecting: {}", words(&error)));
        let at_once = opening.tls.clone().filter(|_| opening.is_tls_at_once);
        let mut line = AsyncSmtpConnection::connect_tokio1(
            (opening.host.as_str(), opening.port),
            Some(opening.timeout),
            &opening.hello,
            at_once,
            None,
        )
        .await
        .map_err(refused)?;
        if let Some(tls) = opening.tls.clone().filter(|_| !opening.is_tls_at_once) {
            line.starttls(tls, &opening.hello).await.map_err(refused)?;
        }
        if let Some(login) = &opening.login {
            let denied = |error: Error| transient(&format!("signing in: {}", words(&error)));
            line.auth(MECHANISMS, login).await.map_err(denied)?;
        }
        Ok(Self(line))
    }

    /// Whether the server still listens on it.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.0.command(Noop).await.is_ok()
    }

    /// Hands one mail over. Only the answer to its last byte makes it the server's.
    ///
    /// # Errors
    /// Permanent when the server refuses the recipient or the content for good; everything else is
    /// transient, a sender it does not take included.
    pub(super) async fn send(&mut self, mail: &Mail) -> Result<Receipt, DeliveryFailure> {
        let bytes = mail.message.formatted();
        let options = self.options(mail, &bytes)?;
        let from = mail.message.envelope().from().cloned();
        let refused = |error: Error| transient(&format!("the sender: {}", words(&error)));
        self.0.command(MailFrom::new(from, options)).await.map_err(refused)?;
        let to = Rcpt::new(mail.to.clone(), Vec::new());
        self.0.command(to).await.map_err(|error| judged(&error))?;
        self.0.command(Data).await.map_err(|error| judged(&error))?;
        let taken = self.0.message(&bytes).await.map_err(|error| judged(&error))?;
        Ok(Receipt { says: receipt(&taken) })
    }

    /// What the server must be able to do for an address or a body beyond ASCII (RFC 6531, RFC 6152).
    fn options(&self, mail: &Mail, bytes: &[u8]) -> Result<Vec<MailParameter>, DeliveryFailure> {
        let can = |what| self.0.server_info().supports_feature(what);
        let mut options = Vec::new();
        if !AsRef::<str>::as_ref(&mail.to).is_ascii() {
            if !can(Extension::SmtpUtfEight) {
                return Err(permanent("the mail server takes no address beyond ASCII (SMTPUTF8)"));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() {
            if !can(Extension::EightBitMime) {
                return Err(permanent("the mail server takes no mail beyond ASCII (8BITMIME)"));
            }
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(options)
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        let _nobody_needs_its_answer =
            tokio::time::timeout(QUIT_TIMEOUT, self.0.command(Quit)).await;
    }
}

/// What a refusal of the recipient or of the content means.
fn judged(error: &Error) -> DeliveryFailure {
    let code = error.status().map(u16::from);
    match code {
        Some(CLOSING) => transient(&words(error)),
        Some(_) if error.is_permanent() => permanent(&words(error)),
        _ => transient(&words(error)),
    }
}

/// The server's code and words, or what went wrong on the way to it.
fn words(error: &Error) -> String {
    match (error.status(), error.source()) {
        (Some(code), Some(source)) => format!("{code} {source}"),
        (Some(code), None) => code.to_string(),
        (None, _) => error.to_string(),
    }
}

fn receipt(taken: &Response) -> String {
    let words: Vec<&str> = taken.message().collect();
    says(&format!("{} {}", taken.code(), words.join(" ")))
}
