//! Webhooks against real sockets: what is sent, what an answer means, and where nothing is sent to.

use galen_core::post::LetterCode;
use galen_testkit::HandClock;

use super::*;
use crate::outward::Reach;
use crate::samples;
use crate::stranger::Stranger;

fn courier(allowed: &[&str]) -> Webhooks {
    let allowed = allowed.iter().map(|network| network.parse().unwrap()).collect();
    let outward = Outward::new(Reach::new(allowed), None).unwrap();
    let clock = HandClock::new();
    clock.jump_to(samples::AT);
    Webhooks::new(Arc::new(outward), Arc::new(clock))
}

fn parcel(url: String) -> Parcel {
    let secrets = vec![Secret::new(vec![1; 32]), Secret::new(vec![2; 32])];
    Parcel { destination: Destination::Webhook { url, secrets }, ..samples::parcel() }
}

/// Delivers to a stranger that gives this answer, and gives what came of it and what was received.
async fn deliver(answer: &str) -> (Result<Receipt, DeliveryFailure>, String) {
    let stranger = Stranger::answering(answer).await;
    let outcome = courier(&["127.0.0.0/8"]).deliver(&parcel(stranger.url("/hook?x=1"))).await;
    (outcome, stranger.received().await)
}

#[tokio::test]
async fn a_webhook_is_json_signed_with_every_secret_of_this_moment() {
    let (outcome, received) = deliver("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(outcome.unwrap().says, "204 No Content");
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let id = samples::parcel().id.to_string();
    let timestamp_s = samples::AT.0 / 1_000;
    let secrets = [Secret::new(vec![1; 32]), Secret::new(vec![2; 32])];
    let signature = signature::sign(&secrets, &id, timestamp_s, body.as_bytes());
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{head}");
    for line in [
        "content-type: application/json".to_owned(),
        format!("webhook-id: {id}"),
        format!("webhook-timestamp: {timestamp_s}"),
        format!("webhook-signature: {signature}"),
        format!("traceparent: 00-{}-", id.replace('-', "")),
    ] {
        assert!(head.contains(&format!("\r\n{line}")), "{line}: {head}");
    }
    let payload: Value = serde_json::from_str(body).unwrap();
    assert_eq!(payload["type"], LetterCode::Notification.text());
    assert_eq!(payload["timestamp"], "2026-11-28T04:00:00Z");
    assert_eq!(payload["data"]["title"], "Your export is ready");
    assert_eq!(payload["data"]["link"], "https://example.org/exports/7");
    assert!(!body.contains("k3y"), "a link that opens something was posted: {body}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_forgotten_and_every_other_refusal_is_tried_again() {
    let (gone, _) = deliver("HTTP/1.1 410 Gone\r\nContent-Length: 3\r\n\r\nbye").await;
    assert_eq!(gone, Err(DeliveryFailure::Gone { says: "410 Gone bye".to_owned() }));
    for answer in ["404 Not Found", "400 Bad Request", "500 Internal Server Error"] {
        let (outcome, _) =
            deliver(&format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")).await;
        let failure = DeliveryFailure::Transient { retry_after_ms: None, says: answer.to_owned() };
        assert_eq!(outcome, Err(failure));
    }
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let (outcome, _) = deliver(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: 4\r\n\r\nslow",
    )
    .await;
    let says = "429 Too Many Requests slow".to_owned();
    assert_eq!(outcome, Err(DeliveryFailure::Transient { retry_after_ms: Some(90_000), says }));
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let elsewhere = Stranger::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url("/")
    );
    let (outcome, _) = deliver(&answer).await;
    assert!(matches!(outcome, Err(DeliveryFailure::Transient { .. })), "{outcome:?}");
    assert!(!elsewhere.was_called());
}

#[tokio::test]
async fn of_an_endless_answer_only_the_start_is_read_and_shown() {
    let endless = format!("HTTP/1.1 500 Oops\r\n\r\n{}", "\u{1b}[2Jabc\n".repeat(200_000));
    let (outcome, _) = deliver(&endless).await;
    let says = outcome.unwrap_err().to_string();
    assert!(says.len() <= 500 && says.starts_with("500 Internal Server Error"), "{says}");
    assert!(!says.contains(char::is_control), "{says}");
}

#[tokio::test]
async fn nothing_is_sent_home_unless_the_operator_named_it() {
    let home = Stranger::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let by_name = home.url("/").replace("127.0.0.1", "localhost");
    for url in [home.url("/"), by_name.clone(), home.url("/").replace("127.0.0.1", "127.1")] {
        let failure = courier(&[]).deliver(&parcel(url.clone())).await.unwrap_err();
        assert!(failure.to_string().contains("private network"), "{url}: {failure}");
    }
    let other = courier(&["10.0.0.0/8"]).deliver(&parcel(by_name.clone())).await;
    assert!(other.is_err());
    assert!(!home.was_called());
    courier(&["127.0.0.0/8"]).deliver(&parcel(by_name)).await.unwrap();
}

#[tokio::test]
async fn a_webhook_without_a_secret_is_never_sent_unsigned() {
    let stranger = Stranger::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let mut parcel = parcel(stranger.url("/"));
    parcel.destination = Destination::Webhook { url: stranger.url("/"), secrets: Vec::new() };
    let outcome = courier(&["127.0.0.0/8"]).deliver(&parcel).await;
    assert!(matches!(outcome, Err(DeliveryFailure::Permanent { .. })), "{outcome:?}");
    assert!(!stranger.was_called());
}
