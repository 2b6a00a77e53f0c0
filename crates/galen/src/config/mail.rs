//! `[mail]`: how mail leaves the house.

use std::path::PathBuf;

use super::quantity::Lapse;
use super::section::section;
use super::value::choice;

section! {
    /// How mail leaves the house. Without a `host` nothing leaves: mail is captured, and read with
    /// `galen mail list` and `galen mail show`.
    Mail = "mail" {
        /// The SMTP server's name or address.
        host: Option<String> = None;
        /// Its port; 0 means the usual one: 465 with `tls`, 587 with `starttls`, 25 with `none`.
        port: u16 = 0;
        /// How the connection is protected. `"starttls"`: encrypted before anything is said, or
        /// nothing is. `"tls"`: from the first byte. `"none"`: not at all, and only to this machine.
        security: MailSecurity = MailSecurity::StartTls;
        /// The user name to sign in with, where the server wants one.
        user: Option<String> = None;
        /// A file whose first line is that user's password, readable by its owner only.
        password_file: Option<PathBuf> = None;
        /// Who mails are from: `galen@example.org` or `Galen <galen@example.org>`. Needed with a
        /// `host`.
        from: Option<String> = None;
        /// Certificates (PEM) that are trusted beside the machine's own, for a server of yours.
        trusted_certificates: Option<PathBuf> = None;
        /// How long the server may take for one mail, connecting included.
        timeout: Lapse = Lapse::s(30);
    }
}

choice! {
    /// How the connection to the mail server is protected.
    MailSecurity, "`\"starttls\"`, `\"tls\"` or `\"none\"`" {
        /// Encrypted before anything is said.
        StartTls = "starttls",
        /// Encrypted from the first byte.
        Tls = "tls",
        /// Not encrypted, and only to this machine.
        None = "none",
    }
}
