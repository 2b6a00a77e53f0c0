//! Signatures of Standard Webhooks: who gets one knows that it is ours, unchanged, and of this moment.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use galen_core::Secret;

/// Signatures in one header: one secret in use, and those being retired.
const SIGNATURES_MAX: usize = 4;

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

    /// The vector that the reference libraries of Standard Webhooks share; the secret is what stands
    /// behind `whsec_`.
    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn secret() -> Secret<Vec<u8>> {
        Secret::new(STANDARD.decode(SECRET).unwrap())
    }

    #[test]
    fn the_reference_vector_is_signed_alike() {
        assert_eq!(sign(&[secret()], ID, 1_614_265_330, BODY), SIGNATURE);
    }

    #[test]
    fn while_secrets_rotate_there_is_one_signature_for_each() {
        let (new, old) = (Secret::new(vec![7; 32]), secret());
        let signed = sign(&[new, old], ID, 1_614_265_330, BODY);
        let signatures: Vec<&str> = signed.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert_eq!(signatures[1], SIGNATURE);
        assert_ne!(signatures[0], SIGNATURE);
    }
}
