//! Signatures of Standard Webhooks: who gets one knows that it is ours, unchanged, and of this moment.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use galen_core::Secret;

/// How a secret is shown (specification, "Signature scheme").
const PREFIX: &str = "whsec_";
/// Bytes of a secret: the specification wants 24 to 64.
const BYTES_MIN: usize = 24;
const BYTES_MAX: usize = 64;
/// Signatures in one header: one secret in use, and those being retired.
const SIGNATURES_MAX: usize = 4;

/// The text is not a webhook's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a webhook's secret: `whsec_` and 24 to 64 bytes in base64 are expected")]
pub struct WebhookSecretError;

/// The secret of a webhook, as its owner sees it once.
#[must_use]
pub fn show_webhook_secret(secret: &Secret<Vec<u8>>) -> Secret<String> {
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(secret.reveal())))
}

/// Reads a secret that somebody brings from elsewhere.
///
/// # Errors
/// When it has another form or is too short to be a secret.
pub fn read_webhook_secret(text: &str) -> Result<Secret<Vec<u8>>, WebhookSecretError> {
    let encoded = text.strip_prefix(PREFIX).ok_or(WebhookSecretError)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| WebhookSecretError)?;
    let is_fit = (BYTES_MIN..=BYTES_MAX).contains(&bytes.len());
    is_fit.then(|| Secret::new(bytes)).ok_or(WebhookSecretError)
}

/// The value of `webhook-signature`: one signature for each secret, so that whoever receives it may
/// know the old one or the new one while they rotate.
pub(super) fn sign(secrets: &[Secret<Vec<u8>>], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let mut signatures = String::new();
    for secret in secrets.iter().take(SIGNATURES_MAX) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal());
        let mut signing = hmac::Context::with_key(&key);
        signing.update(format!("{id}.{timestamp_s}.").as_bytes());
        signing.update(body);
        if !signatures.is_empty() {
            signatures.push(' ');
        }
        signatures.push_str("v1,");
        signatures.push_str(&STANDARD.encode(signing.sign().as_ref()));
    }
    signatures
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the reference libraries of Standard Webhooks share.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    #[test]
    fn the_reference_vector_is_signed_alike() {
        let secret = read_webhook_secret(SECRET).unwrap();
        assert_eq!(sign(&[secret], ID, 1_614_265_330, BODY), SIGNATURE);
    }

    #[test]
    fn while_secrets_rotate_there_is_one_signature_for_each() {
        let (new, old) = (Secret::new(vec![7; 32]), read_webhook_secret(SECRET).unwrap());
        let signed = sign(&[new, old], ID, 1_614_265_330, BODY);
        let signatures: Vec<&str> = signed.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert_eq!(signatures[1], SIGNATURE);
        assert_ne!(signatures[0], SIGNATURE);
    }

    #[test]
    fn a_secret_survives_its_text_and_a_short_one_is_none() {
        let secret = read_webhook_secret(SECRET).unwrap();
        assert_eq!(show_webhook_secret(&secret).reveal(), SECRET);
        for text in ["", "whsec_", "whsec_MfKQ9r8G", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"]
        {
            assert_eq!(read_webhook_secret(text), Err(WebhookSecretError), "{text}");
        }
    }
}
