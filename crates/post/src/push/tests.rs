//! Web Push against a real socket: what is sent, what can be read of it, and what an answer means.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use galen_core::Secret;
use galen_testkit::{HandClock, SeededEntropy};

use super::*;
use crate::outward::Reach;
use crate::samples;
use crate::stranger::Stranger;

fn courier() -> Push {
    let clock = HandClock::new();
    clock.jump_to(samples::AT);
    Push {
        outward: Arc::new(
            Outward::new(Reach::new(vec!["127.0.0.0/8".parse().unwrap()]), None).unwrap(),
        ),
        letters: Arc::new(Letters::new().unwrap()),
        key: VapidKey::new(&Secret::new([7; 32]), "mailto:admin@example.org").unwrap(),
        clock: Arc::new(clock),
        entropy: Arc::new(SeededEntropy::new(1)),
    }
}

fn parcel(endpoint: String) -> Parcel {
    let private = PrivateKey::from_private_key(&ECDH_P256, &[9; 32]).unwrap();
    let p256dh = private.compute_public_key().unwrap().as_ref().to_vec();
    let (endpoint, auth) = (Secret::new(endpoint), Secret::new(vec![3; 16]));
    Parcel { destination: Destination::Push { endpoint, p256dh, auth }, ..samples::parcel() }
}

async fn deliver(answer: &str) -> (Result<Receipt, DeliveryFailure>, Vec<u8>) {
    let stranger = Stranger::answering(answer).await;
    let outcome = courier().deliver(&parcel(stranger.url("/send/hush"))).await;
    (outcome, stranger.received_bytes().await)
}

#[tokio::test]
async fn a_message_is_encrypted_signed_and_has_a_life() {
    let (outcome, received) = deliver("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(outcome.unwrap().says, "201 Created");
    let end = received.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    let (head, body) = (String::from_utf8_lossy(&received[..end]), &received[end + 4..]);
    for line in
        ["content-encoding: aes128gcm", "ttl: 86400", "urgency: normal", "authorization: vapid t="]
    {
        assert!(head.contains(&format!("\r\n{line}")), "{line}: {head}");
    }
    assert!(!head.contains("\r\ntopic:"), "{head}");
    assert_eq!(&body[16..21], &[0, 0, 16, 0, 65], "record size and the length of the key");
    assert!(!body.windows(6).any(|part| part == b"export"), "the message can be read on the way");
}

#[tokio::test]
async fn a_subscription_that_is_over_is_gone_and_its_endpoint_is_not_told() {
    for status in ["404 Not Found", "410 Gone"] {
        let (outcome, _) =
            deliver(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(outcome, Err(DeliveryFailure::Gone { says: status.to_owned() }));
    }
    let (outcome, _) = deliver("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(outcome, Err(DeliveryFailure::Permanent { .. })), "{outcome:?}");
    let (outcome, _) =
        deliver("HTTP/1.1 429 Slow Down\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n").await;
    let Err(DeliveryFailure::Transient { retry_after_ms, says }) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(retry_after_ms == Some(5_000) && !says.contains("hush"), "{says}");
    let nobody = courier().deliver(&parcel("http://127.0.0.1:1/send/hush".to_owned())).await;
    assert!(!nobody.unwrap_err().to_string().contains("hush"));
}

#[test]
fn a_long_text_is_cut_until_it_fits() {
    let brief = Brief {
        title: "سلام".to_owned(),
        body: "\"گالن\"\n".repeat(2_000),
        open: Some("https://example.org/exports/7".to_owned()),
    };
    let json = message(&samples::parcel(), &brief).unwrap();
    assert!(json.len() <= MESSAGE_BYTES_MAX && json.len() > MESSAGE_BYTES_MAX / 2);
    let told: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(brief.body.starts_with(told["body"].as_str().unwrap()));
    let endless = Brief { title: "x".repeat(MESSAGE_BYTES_MAX), ..brief };
    assert!(message(&samples::parcel(), &endless).is_err());
}

#[test]
fn that_an_alert_is_over_replaces_that_it_began() {
    let began = topic(&samples::letter(LetterCode::AlertFiring));
    assert_eq!(began, topic(&samples::letter(LetterCode::AlertResolved)));
    assert_eq!(began.map(|topic| topic.len()), Some(32));
    assert_eq!(topic(&samples::letter(LetterCode::Notification)), None);
    assert_eq!(urgency(&samples::letter(LetterCode::AlertFiring)), "high");
}
