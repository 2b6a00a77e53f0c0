//! `GET /assets/{file}` and its like: files that were packed when the program was built.

use axum::response::Response;
use bytes::Bytes;
use galen_core::Code;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH,
    VARY,
};
use http::{HeaderValue, StatusCode, Uri};

use crate::answer::Answer;
use crate::caller::Anybody;
use crate::fault::Fault;

include!(concat!(env!("OUT_DIR"), "/dist.rs"));

/// A year, and never asked for again in between (RFC 8246).
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for each time, and then usually found unchanged.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("public, no-cache");
const VARIES: HeaderValue = HeaderValue::from_static("Origin, Accept-Encoding");

/// A file in the three forms it is sent in.
pub(super) struct Asset {
    /// The path it is asked for under.
    path: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
    media_type: &'static str,
    /// The SHA-256 of the plain form, as an entity tag. It is weak, because it stands for all three
    /// (RFC 9110 §8.8.1).
    etag: &'static str,
    never_changes: bool,
}

impl Asset {
    /// The form that goes with what the client takes, and what that is called.
    fn form(&self, takes: &str) -> (&'static [u8], Option<&'static str>) {
        if takes_coding(takes, "br") {
            (self.brotli, Some("br"))
        } else if takes_coding(takes, "gzip") {
            // Browsers take brotli over TLS and from loopback only.
            (self.gzip, Some("gzip"))
        } else {
            (self.plain, None)
        }
    }
}

/// The paths of the files that are not below `/assets`.
pub(super) fn at_the_root() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|asset| asset.path).filter(|path| !path.starts_with("/assets/"))
}

/// Whether an `Accept-Encoding` names a coding without a weight of 0 (RFC 9110 §12.5.3).
fn takes_coding(takes: &str, coding: &str) -> bool {
    takes.split(',').take(16).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight.trim().trim_start_matches("q=").trim_matches(['0', '.']).is_empty();
        name.trim().eq_ignore_ascii_case(coding) && (weight.is_empty() || !refused)
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Gives a file. A client that has it already is told so.
pub(super) async fn asset(_: Anybody, uri: Uri, asked: HeaderMap) -> Answer {
    let found = ALL.iter().find(|asset| asset.path == uri.path());
    let asset = found.ok_or_else(|| Fault::new(Code::NotFound))?;
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(VARY, VARIES);
    headers.insert(CACHE_CONTROL, if asset.never_changes { FOR_GOOD } else { ASK_AGAIN });
    let known = text(&asked, &IF_NONE_MATCH);
    if known.split(',').any(|tag| tag.trim() == asset.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    let (bytes, coding) = asset.form(text(&asked, &ACCEPT_ENCODING));
    headers.extend(coding.map(|name| (CONTENT_ENCODING, HeaderValue::from_static(name))));
    *response.body_mut() = Bytes::from_static(bytes).into();
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_when_it_is_named_and_not_refused() {
        assert!(takes_coding("gzip, deflate, br, zstd", "br"));
        assert!(takes_coding("br;q=0.5", "br"));
        assert!(takes_coding("BR; q=0.001", "br"));
        assert!(!takes_coding("br;q=0", "br"));
        assert!(!takes_coding("br; q=0.000", "br"));
        assert!(!takes_coding("gzip, deflate", "br"));
        assert!(!takes_coding("brotli", "br"));
    }

    #[test]
    fn every_file_is_smaller_packed_than_plain_if_it_is_text_of_some_length() {
        assert!(ALL.len() > 3);
        for asset in ALL.iter().filter(|asset| asset.plain.len() > 1_000) {
            assert!(asset.brotli.len() < asset.plain.len(), "{}", asset.path);
            assert!(asset.gzip.len() < asset.plain.len(), "{}", asset.path);
        }
    }
}
