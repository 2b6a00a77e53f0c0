//! Messages to a phone by an ntfy-compatible server (docs.ntfy.sh, "Publish as JSON").

use std::sync::Arc;

use galen_core::Fut;
use galen_core::post::{
    Channel, Courier, DeliveryFailure, Destination, Letter, LetterCode, Param, Parcel, Receipt,
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use url::Url;

use crate::letters::{Brief, Letters};
use crate::outward::{Outward, Request};
use crate::says::permanent;

/// Bytes of a message; ntfy turns longer ones into attachments.
const MESSAGE_BYTES_MAX: usize = 4_000;

/// The courier of ntfy.
pub struct Ntfy {
    outward: Arc<Outward>,
    letters: Arc<Letters>,
}

#[derive(Serialize)]
struct Message<'a> {
    topic: &'a str,
    title: &'a str,
    message: &'a str,
    priority: u8,
    tags: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<&'a str>,
}

impl Ntfy {
    /// A courier by this client.
    #[must_use]
    pub const fn new(outward: Arc<Outward>, letters: Arc<Letters>) -> Self {
        Self { outward, letters }
    }

    async fn publish(
        &self,
        topic: &str,
        token: Option<&str>,
        letter: &Letter,
    ) -> Result<Receipt, DeliveryFailure> {
        let brief = self.letters.brief(letter).map_err(|error| permanent(&error))?;
        let (server, topic) = split(topic)
            .ok_or_else(|| permanent("the topic is no URL such as https://ntfy.sh/x"))?;
        let body = serde_json::to_vec(&message(&topic, &brief, letter))
            .map_err(|error| permanent(&error.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| permanent("the token has characters a header must not have"))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let answer = self.outward.post(server.as_str(), Request { headers, body }).await?;
        if answer.is_taken() { Ok(answer.receipt()) } else { Err(answer.refusal()) }
    }
}

impl Courier for Ntfy {
    fn channel(&self) -> Channel {
        Channel::Ntfy
    }

    fn deliver<'a>(&'a self, parcel: &'a Parcel) -> Fut<'a, Result<Receipt, DeliveryFailure>> {
        Box::pin(async move {
            let Destination::Ntfy { topic, token } = &parcel.destination else {
                return Err(permanent("the courier of ntfy carries messages of ntfy only"));
            };
            let token = token.as_ref().map(|token| token.reveal().as_str());
            self.publish(topic.reveal(), token, &parcel.letter).await
        })
    }
}

/// A topic's URL taken apart: what messages are published as JSON to, and the topic's name.
fn split(topic: &str) -> Option<(Url, String)> {
    let mut url = Url::parse(topic).ok()?;
    let name = url.path_segments()?.next_back()?.to_owned();
    url.path_segments_mut().ok()?.pop().push("");
    (!name.is_empty()).then_some((url, name))
}

fn message<'a>(topic: &'a str, brief: &'a Brief, letter: &Letter) -> Message<'a> {
    let (priority, tags) = urgency(letter);
    let end = brief.body.floor_char_boundary(MESSAGE_BYTES_MAX);
    let message = &brief.body[..end];
    // A message without words would be shown as "triggered".
    let message = if message.is_empty() { &brief.title } else { message };
    Message { topic, title: &brief.title, message, priority, tags, click: brief.open.as_deref() }
}

/// How loud it is, from 1 to 5, and its picture.
fn urgency(letter: &Letter) -> (u8, &'static [&'static str]) {
    let level = match letter.param("level") {
        Some(Param::Machine(level)) => level.as_str(),
        _ => "",
    };
    match (letter.code, level) {
        (LetterCode::AlertFiring, _) => (5, &["rotating_light"]),
        (LetterCode::AlertResolved, _) | (_, "success") => (3, &["white_check_mark"]),
        (_, "error") => (5, &["x"]),
        (_, "warning") => (4, &["warning"]),
        _ => (3, &[]),
    }
}

#[cfg(test)]
mod tests {
    use galen_core::Secret;

    use super::*;
    use crate::outward::Reach;
    use crate::samples;
    use crate::stranger::Stranger;

    #[test]
    fn a_message_has_title_priority_picture_and_link() {
        let letter = samples::letter(LetterCode::Notification);
        let brief = Letters::new().unwrap().brief(&letter).unwrap();
        let json = serde_json::to_value(message("alerts", &brief, &letter)).unwrap();
        let wanted = serde_json::json!({
            "topic": "alerts",
            "title": "Your export is ready",
            "message": "It has 3 files.\nThey are kept for a week.",
            "priority": 3,
            "tags": ["white_check_mark"],
            "click": "https://example.org/exports/7",
        });
        assert_eq!(json, wanted);
        assert_eq!(urgency(&samples::letter(LetterCode::AlertFiring)).0, 5);
    }

    async fn deliver(answer: &str) -> (Result<Receipt, DeliveryFailure>, String) {
        let stranger = Stranger::answering(answer).await;
        let reach = Reach::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let outward = Arc::new(Outward::new(reach, None).unwrap());
        let courier = Ntfy::new(outward, Arc::new(Letters::new().unwrap()));
        let topic = Secret::new(stranger.url("/sub/hush-topic"));
        let token = Some(Secret::new("tk_hush".to_owned()));
        let destination = Destination::Ntfy { topic, token };
        let outcome = courier.deliver(&Parcel { destination, ..samples::parcel() }).await;
        (outcome, stranger.received().await)
    }

    #[tokio::test]
    async fn a_message_is_published_as_json_with_the_token() {
        let (outcome, received) = deliver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(outcome.unwrap().says, "200 OK");
        assert!(received.starts_with("POST /sub/ HTTP/1.1\r\n"), "{received}");
        assert!(received.contains("authorization: Bearer tk_hush\r\n"), "{received}");
        assert!(received.contains(r#""topic":"hush-topic""#), "{received}");
    }

    #[tokio::test]
    async fn a_refusal_tells_neither_topic_nor_token() {
        for (answer, is_final) in [("403 Forbidden", false), ("400 Bad Request", true)] {
            let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
            let failure = deliver(&answer).await.0.unwrap_err();
            let is_permanent = matches!(failure, DeliveryFailure::Permanent { .. });
            assert_eq!(is_permanent, is_final, "{failure:?}");
            assert!(!failure.to_string().contains("hush"), "{failure}");
        }
    }

    #[test]
    fn a_topic_is_the_last_part_of_its_url() {
        let taken = |url| split(url).map(|(server, topic)| (server.to_string(), topic));
        let whole = |server: &str, topic: &str| Some((server.to_owned(), topic.to_owned()));
        assert_eq!(taken("https://ntfy.sh/alerts"), whole("https://ntfy.sh/", "alerts"));
        assert_eq!(taken("https://a.b/ntfy/alerts"), whole("https://a.b/ntfy/", "alerts"));
        assert_eq!(taken("https://ntfy.sh/"), None);
        assert_eq!(taken("alerts"), None);
    }
}
