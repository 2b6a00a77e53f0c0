//! Tokens: 256 random bits as text, and the hash under which they are kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use galen_core::{Entropy, Secret, TokenHash};
use sha2::{Digest as _, Sha256};

/// How many random bytes a token has: 256 bits, twice what ASVS 5.0 7.2.3 asks for.
const TOKEN_BYTES: usize = 32;
/// How many characters a token has as text.
const TOKEN_CHARS: usize = 43;

/// Makes a token: its text, which is given away once, and its hash, which is kept. A plain SHA-256
/// is enough for 256 random bits, and lets a stolen database open nothing.
pub(crate) fn mint(entropy: &dyn Entropy) -> (Secret<String>, TokenHash) {
    let mut bytes = [0_u8; TOKEN_BYTES];
    entropy.fill(&mut bytes);
    of(&bytes)
}

/// A token whose bytes are known: its text and its hash.
pub(crate) fn of(bytes: &[u8; TOKEN_BYTES]) -> (Secret<String>, TokenHash) {
    let text = URL_SAFE_NO_PAD.encode(bytes);
    (Secret::new(text), TokenHash(Sha256::digest(bytes).into()))
}

/// The hash of a token that came back; `None` when the text is no token of ours. Only the one
/// spelling that [`mint`] gives is taken.
pub(crate) fn hash_of(text: &str) -> Option<TokenHash> {
    if text.len() != TOKEN_CHARS {
        return None;
    }
    let mut bytes = [0_u8; TOKEN_BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == TOKEN_BYTES).then(|| TokenHash(Sha256::digest(bytes).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_testkit::SeededEntropy;

    #[test]
    fn a_token_leads_to_the_hash_it_was_kept_under() {
        let (token, hash) = mint(&SeededEntropy::new(1));
        assert_eq!(token.reveal().len(), TOKEN_CHARS);
        assert!(hash_of(token.reveal()) == Some(hash));
        assert!(mint(&SeededEntropy::new(2)).1 != hash);
    }

    #[test]
    fn what_is_no_token_of_ours_leads_nowhere() {
        let (token, _) = mint(&SeededEntropy::new(1));
        let token = token.reveal();
        for text in [
            String::new(),
            "x".to_owned(),
            format!("{token}="),
            format!("{}!", &token[..42]),
            // The last character carries two unused bits, which must be zero.
            "_".repeat(43),
            "é".repeat(21) + "a",
            "A".repeat(10_000),
        ] {
            assert!(hash_of(&text).is_none(), "{text:.60}");
        }
    }
}
