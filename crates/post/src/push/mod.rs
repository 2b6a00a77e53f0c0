//! Web Push: a few words to a browser that is not open, readable by nobody on the way.

mod base64url;
mod encryption;
mod vapid;

use std::sync::Arc;

use aws_lc_rs::digest;
use galen_core::post::{
    Channel, Courier, DeliveryFailure, Destination, Letter, LetterCode, Param, Parcel, Receipt,
};
use galen_core::{Clock, Entropy, Fut};
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use serde::Serialize;
use url::Url;

use crate::letters::{Brief, Letters};
use crate::outward::{Outward, Request};
use crate::says::{permanent, transient};
use encryption::{Browser, Fresh, MESSAGE_BYTES_MAX, encrypt};
pub use vapid::{VapidKey, VapidKeyError};

/// How long a push service keeps a message for a browser that is away (RFC 8030 section 5.2), in
/// seconds: a day. What is older is found in the inbox.
const TTL_S: u32 = 86_400;
const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");
/// Bytes of the hash that name a topic: 32 characters in base64url (RFC 8030 section 5.4).
const TOPIC_BYTES: usize = 24;

/// What the courier of Web Push works with.
pub struct Push {
    /// Who carries the requests.
    pub outward: Arc<Outward>,
    /// Who knows the words.
    pub letters: Arc<Letters>,
    /// The house's key towards push services.
    pub key: VapidKey,
    /// What the time is.
    pub clock: Arc<dyn Clock>,
    /// Where keys of messages come from.
    pub entropy: Arc<dyn Entropy>,
}

/// What the service worker is told.
#[derive(Serialize)]
struct Message<'a> {
    id: String,
    title: &'a str,
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    language: &'static str,
}

impl Push {
    async fn send(
        &self,
        endpoint: &str,
        browser: &Browser<'_>,
        parcel: &Parcel,
    ) -> Result<Receipt, DeliveryFailure> {
        let brief = self.letters.brief(&parcel.letter).map_err(|error| permanent(&error))?;
        let body = encrypt(browser, &Fresh::mint(&*self.entropy), &message(parcel, &brief)?)
            .map_err(|_| permanent("the browser's key is none"))?;
        let url = Url::parse(endpoint).map_err(|_| permanent("the endpoint is no URL"))?;
        let headers = self.headers(&url, &parcel.letter)?;
        let answer = self.outward.post(endpoint, Request { headers, body }).await?;
        match answer.status {
            _ if answer.is_taken() => Ok(answer.receipt()),
            // RFC 8030 section 7.3: the subscription is over.
            404 | 410 => Err(answer.gone()),
            _ => Err(answer.refusal()),
        }
    }

    fn headers(&self, endpoint: &Url, letter: &Letter) -> Result<HeaderMap, DeliveryFailure> {
        let broken = |_| transient("the word to the push service could not be signed");
        let word = self.key.authorization(endpoint, self.clock.now()).map_err(broken)?;
        let value = |text: String| {
            HeaderValue::try_from(text).map_err(|error| permanent(&error.to_string()))
        };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value(word)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
        headers.insert(TTL, HeaderValue::from(TTL_S));
        headers.insert(URGENCY, HeaderValue::from_static(urgency(letter)));
        if let Some(topic) = topic(letter) {
            headers.insert(TOPIC, value(topic)?);
        }
        Ok(headers)
    }
}

impl Courier for Push {
    fn channel(&self) -> Channel {
        Channel::Push
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Fut<'a, Result<Receipt, DeliveryFailure>> {
        Box::pin(async move {
            let Destination::Push { endpoint, p256dh, auth } = &parcel.destination else {
                return Err(permanent("the courier of Web Push carries messages of Web Push only"));
            };
            let browser = Browser { p256dh, auth: auth.reveal() };
            self.send(endpoint.reveal(), &browser, parcel).await
        })
    }
}

/// The message, its text cut until it fits into one record.
fn message(parcel: &Parcel, brief: &Brief) -> Result<Vec<u8>, DeliveryFailure> {
    let mut body = &brief.body[..brief.body.floor_char_boundary(MESSAGE_BYTES_MAX)];
    loop {
        let message = Message {
            id: parcel.id.to_string(),
            title: &brief.title,
            body,
            url: brief.open.as_deref(),
            language: parcel.letter.language.tag(),
        };
        let json = serde_json::to_vec(&message).map_err(|error| permanent(&error.to_string()))?;
        let excess = json.len().saturating_sub(MESSAGE_BYTES_MAX);
        if excess == 0 {
            return Ok(json);
        }
        if body.is_empty() {
            return Err(permanent("title and link alone are too long for a push message"));
        }
        // Escapes make JSON longer than its text, never shorter: each turn cuts at least a byte.
        body = &body[..body.floor_char_boundary(body.len().saturating_sub(excess))];
    }
}

/// Whether a phone is woken for it (RFC 8030 section 5.3).
fn urgency(letter: &Letter) -> &'static str {
    match (letter.code, letter.param("level")) {
        (LetterCode::AlertFiring, _) => "high",
        (_, Some(Param::Machine(level))) if level == "error" => "high",
        _ => "normal",
    }
}

/// Messages of one topic replace each other while the browser is away: that an alert is over
/// replaces that it began.
fn topic(letter: &Letter) -> Option<String> {
    let is_alert = matches!(letter.code, LetterCode::AlertFiring | LetterCode::AlertResolved);
    match letter.param("cause") {
        Some(Param::Machine(cause)) if is_alert => {
            let hash = digest::digest(&digest::SHA256, cause.as_bytes());
            Some(base64url::show(&hash.as_ref()[..TOPIC_BYTES]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
