//! How messages leave the house: letters written out, and a courier for every channel.
//!
//! Vocabulary and ports are core's (`galen_core::post`); the queue with its retries is the store's.
//! A courier tries once, within its own time limit, and says what the other side said. Nothing here
//! keeps anything, and no courier waits for another.

mod letters;
mod ntfy;
mod outward;
mod push;
#[cfg(test)]
mod samples;
mod says;
mod smtp;
#[cfg(test)]
mod stranger;
mod webhook;

pub use letters::{LayoutError, Letters};
pub use ntfy::Ntfy;
pub use outward::{Outward, OutwardError, Reach, ReachError};
pub use push::{Push, VapidKey, VapidKeyError};
pub use smtp::{Security, Smtp, SmtpLogin, SmtpSettings, SmtpSettingsError};
pub use webhook::Webhooks;
