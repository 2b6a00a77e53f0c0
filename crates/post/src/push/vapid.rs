//! How a push service knows the house: a signed, short-lived word for one service (VAPID, RFC 8292).

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use galen_core::{Secret, UnixMs};
use serde::Serialize;
use url::Url;

use super::base64url;

/// How long a word counts, in seconds: RFC 8292 section 2 allows a day at the most.
const LIFE_S: i64 = 12 * 3_600;
/// The head of every word.
const HEAD: &str = r#"{"typ":"JWT","alg":"ES256"}"#;

/// The house's key towards push services. Browsers subscribe to its public half, so that a new key
/// ends every subscription.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    subject: String,
}

/// The number or the contact cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key of P-256, or no contact such as mailto:admin@example.org or an https URL")]
pub struct VapidKeyError;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

impl VapidKey {
    /// The key of this secret number, and whom a push service may write to when something is amiss
    /// (RFC 8292 section 2.1).
    ///
    /// # Errors
    /// When the number is no key, which one in 2^32 is not, or the contact is none.
    pub fn new(number: &Secret<[u8; 32]>, subject: &str) -> Result<Self, VapidKeyError> {
        if !(subject.starts_with("mailto:") || subject.starts_with("https://")) {
            return Err(VapidKeyError);
        }
        let pair = pair(number.reveal()).map_err(|_| VapidKeyError)?;
        Ok(Self { pair, subject: subject.to_owned() })
    }

    /// The public half as a browser takes it (`applicationServerKey`).
    #[must_use]
    pub fn public(&self) -> String {
        base64url::show(self.pair.public_key().as_ref())
    }

    /// The value of `Authorization` for a request to the service behind this endpoint.
    pub(super) fn authorization(&self, endpoint: &Url, now: UnixMs) -> Result<String, Unspecified> {
        let audience = endpoint.origin().ascii_serialization();
        let expires_s = now.0.div_euclid(1_000).saturating_add(LIFE_S);
        let claims = Claims { aud: &audience, exp: expires_s, sub: &self.subject };
        let word = word(&claims)?;
        let signature = self.pair.sign(&SystemRandom::new(), word.as_bytes())?;
        let signature = base64url::show(signature.as_ref());
        Ok(format!("vapid t={word}.{signature}, k={}", self.public()))
    }
}

fn pair(number: &[u8]) -> Result<EcdsaKeyPair, Unspecified> {
    let public = PrivateKey::from_private_key(&ECDH_P256, number)
        .map_err(|_| Unspecified)?
        .compute_public_key()?;
    EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        number,
        public.as_ref(),
    )
    .map_err(|_| Unspecified)
}

/// What is signed (RFC 7515 section 5.1).
fn word(claims: &Claims<'_>) -> Result<String, Unspecified> {
    let claims = serde_json::to_vec(claims).map_err(|_| Unspecified)?;
    Ok(format!("{}.{}", base64url::show(HEAD.as_bytes()), base64url::show(&claims)))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// The example of RFC 8292 section 2.4, line ends removed.
    const PUBLIC: &str =
        "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
    const WORD: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0";
    const SIGNATURE: &str =
        "i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";

    fn verifies(public: &str, word: &str, signature: &str) -> bool {
        let public = base64url::read(public).unwrap();
        let signature = base64url::read(signature).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
        key.verify(word.as_bytes(), &signature).is_ok()
    }

    #[test]
    fn the_example_of_rfc_8292_is_worded_alike_and_verifies() {
        let (aud, sub) = ("https://push.example.net", "mailto:push@example.com");
        assert_eq!(word(&Claims { aud, exp: 1_453_523_768, sub }).unwrap(), WORD);
        assert!(verifies(PUBLIC, WORD, SIGNATURE));
    }

    #[test]
    fn a_word_is_for_one_service_for_half_a_day_and_is_signed() {
        let key = VapidKey::new(&Secret::new([7; 32]), "mailto:admin@example.org").unwrap();
        let endpoint = Url::parse("https://push.example.net:8443/send/abc?x=1").unwrap();
        let value = key.authorization(&endpoint, UnixMs(1_000_000)).unwrap();
        let (word, public) = value.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let (signed, signature) = word.rsplit_once('.').unwrap();
        assert_eq!(public, key.public());
        assert!(verifies(public, signed, signature));
        let claims = base64url::read(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example.net:8443");
        assert_eq!(claims["exp"], 1_000 + 43_200);
        assert_eq!(claims["sub"], "mailto:admin@example.org");
    }

    #[test]
    fn a_number_off_the_curve_and_a_contact_nobody_can_write_to_are_refused() {
        let contact = "mailto:admin@example.org";
        assert!(VapidKey::new(&Secret::new([0; 32]), contact).is_err());
        assert!(VapidKey::new(&Secret::new([0xFF; 32]), contact).is_err());
        assert!(VapidKey::new(&Secret::new([7; 32]), "admin").is_err());
    }
}
