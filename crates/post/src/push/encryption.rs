//! Messages only the browser can read: aes128gcm (RFC 8188) under a key agreed with it (RFC 8291).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use galen_core::Entropy;

/// Size of the one record, as the header states it (RFC 8188 section 2.1).
const RECORD_BYTES: u32 = 4_096;
/// Bytes of a public key, an uncompressed point of P-256.
const POINT_BYTES: usize = 65;
/// Bytes of salt, record size, key's length and key before the record.
const HEADER_BYTES: usize = 16 + 4 + 1 + POINT_BYTES;
/// The delimiter of the last record (RFC 8188 section 2), and the tag of AES-GCM.
const LAST: u8 = 0x02;
const TAG_BYTES: usize = 16;
/// Bytes of a message: a push service need not take more than 4,096 in all (RFC 8030 section 7.2).
pub(super) const MESSAGE_BYTES_MAX: usize = RECORD_BYTES as usize - HEADER_BYTES - 1 - TAG_BYTES;

/// The browser's half of a subscription (RFC 8291 section 3.2).
pub(super) struct Browser<'a> {
    pub(super) p256dh: &'a [u8],
    pub(super) auth: &'a [u8],
}

/// What is new for every message.
pub(super) struct Fresh {
    private: PrivateKey,
    salt: [u8; 16],
}

impl Fresh {
    /// A new key and a new salt.
    pub(super) fn mint(entropy: &dyn Entropy) -> Self {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        loop {
            // One in 2^32 numbers is no key of the curve; the next one is.
            let mut number = [0; 32];
            entropy.fill(&mut number);
            if let Ok(private) = PrivateKey::from_private_key(&ECDH_P256, &number) {
                return Self { private, salt };
            }
        }
    }
}

/// Encrypts a message for a browser (RFC 8291 section 3.4).
///
/// # Errors
/// When the browser's key is no point of the curve, or the message is too long.
pub(super) fn encrypt(
    browser: &Browser<'_>,
    fresh: &Fresh,
    message: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(Unspecified);
    }
    let ours = fresh.private.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, browser.p256dh);
    let info = [b"WebPush: info\0", browser.p256dh, ours.as_ref()];
    let mut ikm = [0; 32];
    agree(&fresh.private, theirs, Unspecified, |secret| {
        Salt::new(HKDF_SHA256, browser.auth)
            .extract(secret)
            .expand(&info, HKDF_SHA256)?
            .fill(&mut ikm)
    })?;
    seal(&ikm, fresh.salt, ours.as_ref(), message)
}

/// One record after its header (RFC 8188 section 2).
fn seal(ikm: &[u8], salt: [u8; 16], key_id: &[u8], message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let prk = Salt::new(HKDF_SHA256, &salt).extract(ikm);
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    prk.expand(&[b"Content-Encoding: aes128gcm\0"], Bytes(key.len()))?.fill(&mut key)?;
    prk.expand(&[b"Content-Encoding: nonce\0"], Bytes(nonce.len()))?.fill(&mut nonce)?;
    let mut record = [message, &[LAST]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    // The first record's nonce is the derived one: its number is nought.
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    let id_length = u8::try_from(key_id.len()).map_err(|_| Unspecified)?;
    Ok([&salt[..], &RECORD_BYTES.to_be_bytes(), &[id_length], key_id, &record].concat())
}

/// So many bytes of output.
#[derive(Clone, Copy)]
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::base64url;
    use super::*;

    fn read(text: &str) -> Vec<u8> {
        base64url::read(text).unwrap()
    }

    #[test]
    fn the_vector_of_rfc_8188_section_3_1_is_sealed_alike() {
        let salt = read("I1BsxtFttlv3u_Oo94xnmw").try_into().unwrap();
        let sealed = seal(&read("yqdlZ-tYemfogSmv7Ws5PQ"), salt, b"", b"I am the walrus").unwrap();
        let wanted = "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg";
        assert_eq!(base64url::show(&sealed), wanted);
    }

    /// The subscription of RFC 8291 appendix A.
    const P256DH: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn the_vector_of_rfc_8291_appendix_a_is_encrypted_alike() {
        let (p256dh, auth) = (read(P256DH), read(AUTH));
        let number = read("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let fresh = Fresh {
            private: PrivateKey::from_private_key(&ECDH_P256, &number).unwrap(),
            salt: read("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap(),
        };
        let browser = Browser { p256dh: &p256dh, auth: &auth };
        let message = b"When I grow up, I want to be a watermelon";
        let wanted = concat!(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc",
            "InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV",
            "WGNWQexSgSxsj_Qulcy4a-fN"
        );
        assert_eq!(base64url::show(&encrypt(&browser, &fresh, message).unwrap()), wanted);
    }

    #[test]
    fn the_longest_message_fills_a_record_and_a_longer_one_is_refused() {
        let (p256dh, auth) = (read(P256DH), read(AUTH));
        let browser = Browser { p256dh: &p256dh, auth: &auth };
        let fresh = Fresh::mint(&galen_testkit::SeededEntropy::new(1));
        let sealed = encrypt(&browser, &fresh, &vec![b'x'; MESSAGE_BYTES_MAX]).unwrap();
        assert_eq!(sealed.len(), RECORD_BYTES as usize);
        assert!(encrypt(&browser, &fresh, &vec![b'x'; MESSAGE_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn a_key_that_is_no_point_of_the_curve_is_refused() {
        let fresh = Fresh::mint(&galen_testkit::SeededEntropy::new(1));
        let mut off_the_curve = read(P256DH);
        off_the_curve[64] ^= 1;
        for p256dh in [&off_the_curve[..], &[], &[4; 65], &[0; 65]] {
            let browser = Browser { p256dh, auth: &[0; 16] };
            assert!(encrypt(&browser, &fresh, b"x").is_err());
        }
    }
}
