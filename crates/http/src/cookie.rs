//! The session's cookie: read without trusting the browser, written so that nobody else can plant it.

use http::HeaderValue;
use http::header::{COOKIE, HeaderMap};

/// The cookie's name where it travels over TLS. Browsers take a `__Host-` cookie only with `Secure`,
/// for the whole host and without a domain (RFC 6265bis §4.1.3.2), so no other host can plant one.
pub(crate) const SECURE_NAME: &str = "__Host-galen_session";

/// The cookie's name on plain HTTP, which is served on loopback only.
pub(crate) const LOOPBACK_NAME: &str = "galen_session";

/// The most a browser keeps a cookie: 400 days (RFC 6265bis §5.5).
const MAX_AGE_CAP_S: i64 = 400 * 24 * 3_600;

/// The value of a cookie: a session's token, say. Two cookies of the same name with different values mean that somebody
/// planted one of them (cookie tossing), and which one is ours cannot be told: neither is taken.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found: Option<&[u8]> = None;
    for line in headers.get_all(COOKIE) {
        for pair in line.as_bytes().split(|b| *b == b';') {
            let pair = pair.trim_ascii();
            let Some(value) =
                pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
            else {
                continue;
            };
            match found {
                Some(earlier) if earlier != value => return None,
                _ => found = Some(value),
            }
        }
    }
    found.and_then(|value| std::str::from_utf8(value).ok())
}

/// How the cookie is written: decided once by the public URL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieStyle {
    secure: bool,
}

impl CookieStyle {
    pub(crate) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    pub(crate) const fn name(self) -> &'static str {
        if self.secure { SECURE_NAME } else { LOOPBACK_NAME }
    }

    /// The header that keeps `token` for `max_age_ms` milliseconds. `None` when the token has
    /// characters that no cookie may have, which the account room's tokens never do.
    pub(crate) fn keep(self, token: &str, max_age_ms: i64) -> Option<HeaderValue> {
        let seconds = (max_age_ms / 1_000).clamp(0, MAX_AGE_CAP_S);
        self.write(token, seconds)
    }

    /// The header that removes the cookie.
    pub(crate) fn forget(self) -> Option<HeaderValue> {
        self.write("", 0)
    }

    fn write(self, value: &str, seconds: i64) -> Option<HeaderValue> {
        let name = self.name();
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(lines: &[&[u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).expect("a header value"));
        }
        value(&headers, "galen_session").map(str::to_owned)
    }

    #[test]
    fn the_token_is_found_among_whatever_else_the_browser_sends() {
        assert_eq!(token(&[b"galen_session=abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&[b"a=1;galen_session=abc ; b"]).as_deref(), Some("abc"));
        assert_eq!(token(&[b"a=1", b"galen_session=abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&[b";;;=;= =;galen_session=abc;\xff=\xfe"]).as_deref(), Some("abc"));
        assert_eq!(token(&[b"xgalen_session=abc; galen_sessionx=1; galen_session"]), None);
        assert_eq!(token(&[b"galen_session=\xff\xfe"]), None);
        assert_eq!(token(&[]), None);
    }

    #[test]
    fn of_two_different_cookies_with_the_name_neither_is_taken() {
        assert_eq!(token(&[b"galen_session=a; galen_session=b"]), None);
        assert_eq!(token(&[b"galen_session=a", b"galen_session=b"]), None);
        assert_eq!(token(&[b"galen_session=a; galen_session=a"]).as_deref(), Some("a"));
    }

    #[test]
    fn the_cookie_over_tls_is_bound_to_its_host() {
        let kept = CookieStyle::new(true).keep("t", 90_500).expect("a header");
        assert_eq!(
            kept,
            "__Host-galen_session=t; Path=/; Max-Age=90; HttpOnly; SameSite=Lax; Secure"
        );
        let gone = CookieStyle::new(false).forget().expect("a header");
        assert_eq!(gone, "galen_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }
}
