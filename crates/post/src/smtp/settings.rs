//! How the mail server is reached, and what is refused before the first mail.

use std::net::IpAddr;
use std::time::Duration;

use galen_core::Secret;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 section 3.3; port 465).
    Tls,
    /// STARTTLS before anything else; a server that does not offer it gets nothing (RFC 3207; port
    /// 587).
    StartTls,
    /// No encryption, and only to this machine.
    PlainLoopback,
    /// No encryption, to any machine: because somebody asked for just that.
    PlainAnywhere,
}

/// Who signs in to the mail server, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpLogin {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

/// How the mail server is reached.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name or address; with TLS, what its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who signs in; without it nobody does.
    pub login: Option<SmtpLogin>,
    /// Who the mails are from: `galen@example.org` or `Galen <galen@example.org>`.
    pub from: String,
    /// What this machine calls itself (EHLO, RFC 5321 section 4.1.1.1): a domain name.
    pub hello: String,
    /// Certificates that are trusted beside the machine's own, in PEM.
    pub roots_pem: Option<Vec<u8>>,
    /// How long one delivery may take in all, connecting included.
    pub timeout: Duration,
}

/// Why a mail server's settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSettingsError {
    /// A mail over an open line can be read by everybody on the way, links included.
    #[error("mail to {0} would be sent unencrypted: use TLS or STARTTLS")]
    PlainRemote(String),
    /// A password over an open line is everybody's.
    #[error("the password for {0} would be sent unencrypted: use TLS or STARTTLS")]
    PlainPassword(String),
    /// The sender is no mailbox.
    #[error("the sender is not of the form `galen@example.org` or `Galen <galen@example.org>`")]
    From,
    /// The name for EHLO is no domain name.
    #[error("`{0}` is not a domain name this machine can call itself")]
    Hello(String),
    /// The certificates cannot be read.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl SmtpSettings {
    /// Whether nothing that is to be kept from others can be read on the way.
    pub(super) fn judge(&self) -> Result<(), SmtpSettingsError> {
        let is_local = is_loopback(&self.host);
        match self.security {
            Security::PlainLoopback if !is_local => {
                return Err(SmtpSettingsError::PlainRemote(self.host.clone()));
            }
            Security::PlainAnywhere if !is_local && self.login.is_some() => {
                return Err(SmtpSettingsError::PlainPassword(self.host.clone()));
            }
            _ => {}
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if self.hello.is_empty() || self.hello.len() > 253 || !self.hello.chars().all(is_name) {
            return Err(SmtpSettingsError::Hello(self.hello.clone()));
        }
        Ok(())
    }
}

/// Whether a host is this machine, by its own word: no name is looked up.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
