//! What Galen sends out of the house: letters by code, the parcels that carry them, and the port of those
//! who deliver.
//!
//! A letter is a code with typed parameters, never a finished sentence: it is rendered in its
//! reader's language when it is delivered. What opens an account is not kept either: a link's
//! secret is derived at the moment of delivery, so that no row of the outbox holds one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Fut, ParcelId, Secret, UnixMs};

/// Bounds of what is sent.
pub mod limits {
    /// Parameters a letter may have.
    pub const PARAMS_MAX: usize = 24;
    /// Characters of one text parameter.
    pub const PARAM_CHARS_MAX: usize = 4_000;
    /// Links a letter may have.
    pub const LINKS_MAX: usize = 4;
    /// Bytes of what a receipt or a failure says; longer words are cut.
    pub const SAYS_BYTES_MAX: usize = 500;
    /// Bytes of an address: RFC 5321 section 4.5.3.1.3 less the angle brackets.
    pub const ADDRESS_BYTES_MAX: usize = 254;
}

/// By which way something leaves the house. Channels never wait for one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A mail over SMTP (RFC 5321).
    Email,
    /// A signed HTTP request (Standard Webhooks).
    Webhook,
    /// A message to a browser (RFC 8030, encrypted after RFC 8291).
    Push,
    /// A message to a phone by an ntfy-compatible server.
    Ntfy,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Email, Self::Webhook, Self::Push, Self::Ntfy];

    /// The channel as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Push => "push",
            Self::Ntfy => "ntfy",
        }
    }
}

/// In which language a letter is written: a primary subtag of BCP 47.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Persian, written from right to left.
    Fa,
}

impl Language {
    /// Every language there are templates for.
    pub const ALL: [Self; 2] = [Self::En, Self::Fa];

    /// The one of them that an `Accept-Language` asks for first (RFC 9110 section 12.5.4); English when
    /// it asks for none of them. The order is the list's: browsers write it by preference.
    #[must_use]
    pub fn asked_for(header: &str) -> Self {
        let tags = header.split(',').take(8).map(|item| item.split([';', '-']).next());
        let known = |tag: Option<&str>| {
            let tag = tag.unwrap_or_default().trim();
            Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
        };
        tags.into_iter().find_map(known).unwrap_or_default()
    }

    /// The language's tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fa => "fa",
        }
    }
}

macro_rules! letters {
    ($($name:ident = $text:literal: $doc:literal;)*) => {
        /// What a letter says. Codes are never reused or renamed. Each line below names the
        /// parameters and links its templates may count on; `name` may be empty, and `address` and
        /// `device` may be missing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum LetterCode { $(#[doc = $doc] $name,)* }

        impl LetterCode {
            /// Every code. Add a line to the table to add one; each wants templates in every language.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is stored and printed.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

letters! {
    VerifyEmail = "account.verify_email": "Prove that this address is yours. Link `act`; `name`, `valid` (duration).";
    EmailInUse = "account.email_in_use": "Somebody, perhaps you, registered with an address that has an account: nothing was changed. Link `open` (the sign-in page); `name`, `address` (machine), `at` (moment).";
    ResetPassword = "account.reset_password": "Set a new password. Link `act`; `name`, `valid` (duration), `address` (machine), `at` (moment).";
    Invitation = "account.invitation": "An admin invites this address. Link `act`; `by` (the admin's name or address), `role`, `valid` (duration).";
    ConfirmEmail = "account.confirm_email": "To the new address: confirm that it shall be the account's. Link `act`; `name`, `old` and `new` (addresses), `valid` (duration).";
    EmailChangeAsked = "security.email_change_asked": "To the old address: somebody asked to change it. Link `not_me`, when the address was proven; `name`, `old`, `new`, `address` (machine), `at` (moment).";
    EmailChanged = "security.email_changed": "To the old address: it is no longer the account's. Link `not_me`, when the address was proven; `name`, `old`, `new`, `address` (machine), `at` (moment).";
    PasswordChanged = "security.password_changed": "The password was changed. Link `not_me`, when the address was proven; `name`, `address` (machine), `at` (moment).";
    NewDevice = "security.new_device": "Somebody signed in from a device that was not seen before. Link `not_me`, when the address was proven; `name`, `device` (machine), `address` (machine), `at` (moment).";
    SessionRevoked = "security.session_revoked": "An admin ended sessions. `name`, `count` (number), `at` (moment).";
    Notification = "notification": "A notification of the application. `title`, `body` (texts, as the application wrote them), `category` and `level` (machine); `notification_id`, and `user_id` when it is one user's (machine), for programs; link `open` when it leads somewhere.";
    Digest = "notification.digest": "Several notifications that were held back, in one letter. `count` (number), `items` (text, a line each, the newest last), `rest` (number of those that are not named); link `open` (the inbox).";
    AlertFiring = "monitor.alert_firing": "An alert began. `title` (text), `cause` (machine), `since` (moment); link `open`.";
    AlertResolved = "monitor.alert_resolved": "An alert is over. `title` (text), `cause` (machine), `since` and `until` (moments); link `open`.";
    Test = "mail.test": "An admin tests whether mail arrives. `by` (text), `at` (moment).";
}

/// A typed parameter of a letter; how it looks is the template's affair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Param {
    /// Words of a human: a name, a title. May be written in either direction.
    Text(String),
    /// Text of a machine: an address, a user agent, a cause. Always left to right.
    Machine(String),
    /// A number without a unit.
    Number(i64),
    /// A moment, in milliseconds since 1970, UTC.
    Moment(UnixMs),
    /// How long, in milliseconds.
    Duration(i64),
}

/// What a link of a letter is for; templates name links by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkName {
    /// Does what the letter is about: verify, reset, confirm, accept. Opens once.
    Act,
    /// "This was not me": starts the recovery of the account. Opens once.
    NotMe,
    /// Leads to a page and opens nothing.
    Open,
    /// Ends letters of this kind: a GET shows what would end, a POST ends it (RFC 8058).
    Unsubscribe,
}

impl LinkName {
    /// Every name.
    pub const ALL: [Self; 4] = [Self::Act, Self::NotMe, Self::Open, Self::Unsubscribe];

    /// The name templates know it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::NotMe => "not_me",
            Self::Open => "open",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// A link, whole. One that opens something has its secret in the fragment, which no server and no
/// log sees (RFC 3986 section 3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub name: LinkName,
    /// The absolute URL, below the configured public one.
    pub url: Secret<String>,
}

/// A letter, ready to be rendered. It lives from the moment of its delivery to the end of it, and is
/// never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it says.
    pub code: LetterCode,
    /// In which language.
    pub language: Language,
    /// Its parameters by name (`[a-z_]`), each name once, at most [`limits::PARAMS_MAX`].
    pub params: Vec<(String, Param)>,
    /// Its links, at most [`limits::LINKS_MAX`].
    pub links: Vec<Link>,
    /// What this installation is called, for subjects and greetings: the host of its public URL.
    pub house: String,
}

impl Letter {
    /// The parameter of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, param)| param)
    }

    /// The link of this name.
    #[must_use]
    pub fn link(&self, name: LinkName) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }
}

/// A letter as a reader sees it. It may hold a link that opens an account: never stored, never logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters, at most 200 characters.
    pub subject: String,
    /// The plain text, lines ended by `\n`.
    pub text: Secret<String>,
    /// The same as a self-contained HTML page.
    pub html: Secret<String>,
}

/// Where a parcel goes, with everything its courier needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A mailbox: the bare address, at most [`limits::ADDRESS_BYTES_MAX`] bytes, no control characters.
    Mailbox {
        /// The address as its owner wrote it.
        address: String,
    },
    /// A webhook.
    Webhook {
        /// Where it is posted to.
        url: String,
        /// The secrets it is signed with, the newest first; more than one while they rotate.
        secrets: Vec<Secret<Vec<u8>>>,
    },
    /// A browser's subscription (RFC 8030).
    Push {
        /// The push service's URL: whoever knows it can send.
        endpoint: Secret<String>,
        /// The browser's public key, an uncompressed point of P-256 (65 bytes).
        p256dh: Vec<u8>,
        /// The shared secret (16 bytes, RFC 8291 section 3.2).
        auth: Secret<Vec<u8>>,
    },
    /// A topic of an ntfy-compatible server.
    Ntfy {
        /// The topic's URL: whoever knows it can read, unless the server wants a token.
        topic: Secret<String>,
        /// The bearer token, when the server wants one.
        token: Option<Secret<String>>,
    },
}

impl Destination {
    /// By which channel it is reached.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Mailbox { .. } => Channel::Email,
            Self::Webhook { .. } => Channel::Webhook,
            Self::Push { .. } => Channel::Push,
            Self::Ntfy { .. } => Channel::Ntfy,
        }
    }
}

/// One letter to one destination: what a courier carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its name, the same at every attempt: the left side of a mail's Message-ID (RFC 5322 section
    /// 3.6.4), a webhook's `webhook-id`. Whoever gets a parcel twice knows it by this.
    pub id: ParcelId,
    /// Where it goes.
    pub destination: Destination,
    /// What it says.
    pub letter: Letter,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was put into the outbox: a mail's Date.
    pub created_at: UnixMs,
}

/// What the other side said when it took the parcel over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its words, cut to [`limits::SAYS_BYTES_MAX`]: `250 2.0.0 Ok: queued as 4F2A`. No secrets.
    pub says: String,
}

/// Why a parcel was not delivered. The words are for operators: cut to [`limits::SAYS_BYTES_MAX`],
/// without secrets and control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// Another attempt may succeed: no connection, a 4xx of SMTP, 408, 429, 5xx of HTTP.
    Transient {
        /// When the other side said to try again, in milliseconds from now.
        retry_after_ms: Option<u64>,
        /// What went wrong.
        says: String,
    },
    /// No attempt will: a 5xx of SMTP about the recipient or the content, a 4xx of HTTP, a letter
    /// that cannot be rendered.
    Permanent {
        /// What went wrong.
        says: String,
    },
    /// No attempt will, and no other parcel will reach this destination either: it is to be
    /// forgotten. A 410 of a webhook, a 404 or 410 of a push service (RFC 8030 section 7.3).
    Gone {
        /// What went wrong.
        says: String,
    },
}

impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transient { says, .. } | Self::Permanent { says } | Self::Gone { says } => {
                f.write_str(says)
            }
        }
    }
}

/// The port to whoever carries parcels of one channel. It tries once; when to try again is the
/// outbox's affair.
pub trait Courier: Send + Sync {
    /// Which channel it serves.
    fn channel(&self) -> Channel;

    /// Delivers one parcel, or says why not. It gives up by itself within its own time limit, and
    /// never reports success before the other side has taken the parcel over.
    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Fut<'a, Result<Receipt, DeliveryFailure>>;
}

/// The port to whoever writes a letter out.
pub trait Renderer: Send + Sync {
    /// The letter as its reader sees it.
    ///
    /// # Errors
    /// In the words of an operator, when a parameter or a link the letter needs is not there.
    fn render(&self, letter: &Letter) -> Result<Rendered, String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_the_first_language_there_are_templates_for() {
        for (header, language) in [
            ("fa-IR,fa;q=0.9,en;q=0.8", Language::Fa),
            ("de-DE, FA;q=0.5", Language::Fa),
            ("en-US,fa", Language::En),
            ("de, fr", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(Language::asked_for(header), language, "{header}");
        }
    }

    #[test]
    fn no_two_letters_are_spelled_alike() {
        let mut seen = std::collections::HashSet::new();
        for code in LetterCode::ALL {
            assert!(seen.insert(code.text()), "{} stands twice", code.text());
        }
    }

    #[test]
    fn a_letter_shows_none_of_its_links_in_a_log() {
        let link = Link { name: LinkName::Act, url: Secret::new("https://x/#token=hush".into()) };
        assert!(!format!("{link:?}").contains("hush"));
    }
}
