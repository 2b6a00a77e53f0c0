//! Tokens against forged requests: an HMAC bound to the session, checked without looking anything up.
//!
//! The token goes into the `X-CSRF-Token` header of every unsafe request that carries the cookie
//! (OWASP Cross-Site Request Forgery Prevention, "signed double-submit", bound to the session). It
//! ends with its session, because the session's identifier is in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use galen_core::{SessionId, UnixMs};
use subtle::ConstantTimeEq as _;

use crate::accounts::CODE_BYTES;
use crate::{Accounts, Keys};

/// What the code of a session's token covers first, so that no other use of the key can be taken
/// for it.
const SESSION_LABEL: &[u8] = b"galen csrf v1";
/// What the code of an anonymous token covers first.
const ANONYMOUS_LABEL: &[u8] = b"galen csrf v1 anonymous";
const NONCE_BYTES: usize = 16;
/// How many characters a session's token has.
const TOKEN_CHARS: usize = (NONCE_BYTES + CODE_BYTES) / 3 * 4;

impl Accounts {
    /// A token for the session: base64url of a nonce and of
    /// `HMAC-SHA256(key, "galen csrf v1" ‖ session ‖ nonce)`. Without a session, a stateless token
    /// that is bound to nothing but the time it was made: it needs no cookie, proves nothing, and
    /// exists so that a client can ask for one before it signs in and send it all the same.
    #[must_use]
    pub fn csrf_token(&self, session: Option<SessionId>) -> String {
        let mut nonce = [0_u8; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        match session {
            Some(id) => session_token(&self.keys, id, nonce),
            None => anonymous_token(&self.keys, self.clock.now(), nonce),
        }
    }

    /// Whether `token` was made for this session. Takes the same time whatever is wrong with the
    /// code (RFC 2104; ASVS 5.0 11.2.4).
    #[must_use]
    pub fn check_csrf(&self, session: SessionId, token: &str) -> bool {
        is_of(&self.keys, session, token)
    }
}

fn session_token(keys: &Keys, session: SessionId, nonce: [u8; NONCE_BYTES]) -> String {
    let code = keys.code(&[SESSION_LABEL, session.as_bytes(), &nonce]);
    let mut token = Vec::with_capacity(NONCE_BYTES + CODE_BYTES);
    token.extend_from_slice(&nonce);
    token.extend_from_slice(&code);
    URL_SAFE_NO_PAD.encode(token)
}

fn anonymous_token(keys: &Keys, now: UnixMs, nonce: [u8; NONCE_BYTES]) -> String {
    let now = now.0.to_be_bytes();
    let code = keys.code(&[ANONYMOUS_LABEL, &now, &nonce]);
    let mut token = Vec::with_capacity(now.len() + NONCE_BYTES + CODE_BYTES);
    token.extend_from_slice(&now);
    token.extend_from_slice(&nonce);
    token.extend_from_slice(&code);
    URL_SAFE_NO_PAD.encode(token)
}

fn is_of(keys: &Keys, session: SessionId, token: &str) -> bool {
    let mut bytes = [0_u8; NONCE_BYTES + CODE_BYTES];
    if token.len() != TOKEN_CHARS
        || URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(bytes.len())
    {
        return false;
    }
    let (nonce, given) = bytes.split_at(NONCE_BYTES);
    let expected = keys.code(&[SESSION_LABEL, session.as_bytes(), nonce]);
    expected.ct_eq(given).into()
}

#[cfg(test)]
mod tests {
    use galen_core::{Id, Secret};

    use super::*;

    fn keys() -> Keys {
        Keys { csrf: Secret::new([7; 32]), links: Secret::new([9; 32]) }
    }

    fn session(byte: u8) -> SessionId {
        SessionId(Id::from_bytes([byte; 16]))
    }

    #[test]
    fn a_token_is_good_for_its_session_and_for_no_other() {
        let token = session_token(&keys(), session(1), [3; NONCE_BYTES]);
        assert!(is_of(&keys(), session(1), &token));
        assert!(!is_of(&keys(), session(2), &token));
        let other = Keys { csrf: Secret::new([8; 32]), links: Secret::new([9; 32]) };
        assert!(!is_of(&other, session(1), &token), "another installation");
    }

    #[test]
    fn an_anonymous_token_is_good_for_no_session() {
        let token = anonymous_token(&keys(), UnixMs(1), [3; NONCE_BYTES]);
        assert!(!is_of(&keys(), session(1), &token));
        assert!(!is_of(&keys(), session(1), ""));
    }

    #[test]
    fn a_token_with_any_bit_changed_is_refused() {
        let token = session_token(&keys(), session(1), [3; NONCE_BYTES]);
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64url");
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = URL_SAFE_NO_PAD.encode(forged);
            assert!(!is_of(&keys(), session(1), &forged), "bit {bit}");
        }
        assert!(!is_of(&keys(), session(1), &format!("{token}AAAA")));
    }
}
