//! The mail itself: MIME with a plain and an HTML part, under a name that is the same at every attempt.

use std::time::{Duration, SystemTime};

use galen_core::UnixMs;
use galen_core::post::{LinkName, Parcel, Rendered};
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use url::Url;

/// That nobody's holiday reply answers (RFC 3834 section 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
/// Where letters of this kind are ended (RFC 2369 section 3.2).
const LIST_UNSUBSCRIBE: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe");
/// That a POST there ends them at once (RFC 8058 section 3.1).
const ONE_CLICK: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
/// In which language it is written (RFC 3282).
const LANGUAGE: HeaderName = HeaderName::new_from_ascii_str("Content-Language");

/// A mail on its way to one mailbox.
pub(super) struct Mail {
    pub(super) to: Address,
    pub(super) message: Message,
}

/// Puts a rendered letter into a mail.
///
/// # Errors
/// When the address is none, the subject is not one line, or the link is no link.
pub(super) fn compose(
    from: &Mailbox,
    address: &str,
    parcel: &Parcel,
    rendered: &Rendered,
) -> Result<Mail, String> {
    let to: Address =
        address.parse().map_err(|error| format!("the address is not one: {error}"))?;
    if rendered.subject.chars().any(char::is_control) {
        return Err("the subject is not one line".to_owned());
    }
    // The parcel's own boundary makes every attempt the same to the byte. Nobody who writes a
    // parameter knows it before the parcel is there.
    let body = MultiPart::alternative()
        .boundary(format!("galen-{}", parcel.id))
        .singlepart(SinglePart::plain(rendered.text.reveal().clone()))
        .singlepart(SinglePart::html(rendered.html.reveal().clone()));
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(rendered.subject.clone())
        .date(date(parcel.created_at))
        .message_id(Some(format!("<{}@{}>", parcel.id, from.email.domain())))
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(LANGUAGE, parcel.letter.language.tag().to_owned()));
    if let Some(link) = parcel.letter.link(LinkName::Unsubscribe) {
        let url =
            web(link.url.reveal()).ok_or("the link that ends such letters is no https URL")?;
        builder = builder
            .raw_header(HeaderValue::new(LIST_UNSUBSCRIBE, format!("<{url}>")))
            .raw_header(HeaderValue::new(ONE_CLICK, "List-Unsubscribe=One-Click".to_owned()));
    }
    let message = builder.multipart(body).map_err(|error| format!("the mail: {error}"))?;
    Ok(Mail { to, message })
}

/// A URL of the web in its normal spelling: ASCII, without spaces and line ends.
fn web(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))
}

fn date(at: UnixMs) -> SystemTime {
    let ms = u64::try_from(at.0).unwrap_or(0);
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms)).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn bytes(address: &str, subject: &str) -> Result<String, String> {
        let from = "Galen <galen@example.org>".parse().unwrap();
        let rendered = Rendered { subject: subject.to_owned(), ..samples::rendered() };
        let mail = compose(&from, address, &samples::parcel(), &rendered)?;
        Ok(String::from_utf8(mail.message.formatted()).unwrap())
    }

    #[test]
    fn every_attempt_sends_the_same_bytes_under_the_same_name() {
        let mail = bytes("sara@example.org", "Hello").unwrap();
        assert_eq!(mail, bytes("sara@example.org", "Hello").unwrap());
        let id = samples::parcel().id;
        assert!(mail.contains(&format!("Message-ID: <{id}@example.org>\r\n")), "{mail}");
        assert!(mail.contains("Date: Sat, 28 Nov 2026 04:00:00 +0000\r\n"), "{mail}");
        assert!(mail.contains("Content-Type: multipart/alternative;"), "{mail}");
    }

    #[test]
    fn a_link_that_ends_such_letters_is_one_click() {
        let mail = bytes("sara@example.org", "Hello").unwrap();
        let unfolded = mail.replace("\r\n ", " ");
        assert!(unfolded.contains("List-Unsubscribe: <https://example.org/u/k3y>\r\n"), "{mail}");
        assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{mail}");
    }

    #[test]
    fn no_header_can_be_smuggled_in() {
        for address in [
            "sara@example.org\r\nBcc: eve@example.org",
            "sara@example.org, eve@example.org",
            "\"a\r\nBcc: eve@example.org\"@example.org",
            "sara@example.org>\r\nRCPT TO:<eve@example.org",
            "",
        ] {
            assert!(bytes(address, "Hello").is_err(), "{address:?}");
        }
        assert!(bytes("sara@example.org", "Hello\r\nBcc: eve@example.org").is_err());
        let mail = bytes("sara@example.org", "سلام =?utf-8?q?x=0d=0aBcc:_eve?=").unwrap();
        assert!(!mail.to_lowercase().contains("\r\nbcc:"), "{mail}");
    }
}
