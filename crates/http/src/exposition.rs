//! `/metrics` as it is served: rendered at most once a second, and opened by a token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use galen_core::Secret;
use galen_monitor::Monitor;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The media type of the text format
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long what was rendered is served.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// The monitor's figures as they were written last.
pub(crate) struct Exposition {
    monitor: Arc<Monitor>,
    kept: Kept,
}

/// A text and when it was rendered.
#[derive(Default)]
struct Kept(Mutex<Option<(Instant, Bytes)>>);

impl Exposition {
    pub(crate) fn new(monitor: Arc<Monitor>) -> Self {
        Self { monitor, kept: Kept::default() }
    }

    /// The figures. Whoever asks while they are rendered waits for them instead of rendering again.
    pub(crate) fn text(&self) -> Bytes {
        self.kept.text_at(Instant::now(), || self.monitor.exposition())
    }
}

impl Kept {
    fn text_at(&self, now: Instant, render: impl FnOnce() -> String) -> Bytes {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, text)) = &*kept
            && now.saturating_duration_since(*at) < KEPT_FOR
        {
            return text.clone();
        }
        let text = Bytes::from(render());
        *kept = Some((now, text.clone()));
        text
    }
}

/// A bearer token (RFC 6750 §2.1), kept as its hash: comparing two hashes says nothing about the
/// token by the time it takes, its length included.
pub(crate) struct BearerToken([u8; 32]);

impl BearerToken {
    pub(crate) fn new(token: &Secret<String>) -> Self {
        Self(Sha256::digest(token.reveal().as_bytes()).into())
    }

    /// Whether this `Authorization` header brings the token.
    pub(crate) fn opens(&self, header: &[u8]) -> bool {
        let Some((scheme, token)) = header.split_at_checked("Bearer ".len()) else {
            return false;
        };
        // The name of a scheme may be written in any case (RFC 9110 §11.1).
        let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
        let hash: [u8; 32] = Sha256::digest(token).into();
        is_bearer && bool::from(hash.ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rendered_once_a_second_at_the_most() {
        let kept = Kept::default();
        let begun = Instant::now();
        for (ms, text) in [(0, "a"), (1, "b"), (999, "c"), (1_000, "d"), (1_999, "e"), (2_000, "f")]
        {
            let now = begun + Duration::from_millis(ms);
            let served = kept.text_at(now, || text.to_owned());
            let expected = match ms {
                0..1_000 => "a",
                1_000..2_000 => "d",
                _ => "f",
            };
            assert_eq!(served, expected, "{ms}");
        }
    }

    #[test]
    fn only_the_token_itself_opens() {
        let token = BearerToken::new(&Secret::new("a-token".to_owned()));
        assert!(token.opens(b"Bearer a-token"));
        assert!(token.opens(b"bearer a-token"));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a-toke",
            "Bearer a-token ",
            "Basic a-token",
            "a-token",
        ] {
            assert!(!token.opens(wrong.as_bytes()), "{wrong}");
        }
    }
}
