//! Web origins: scheme, host and port, written exactly as a browser writes them (RFC 6454 §6.2).

use std::net::IpAddr;

use http::HeaderValue;

/// Why a text is not an origin Galen can compare with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It does not begin with `https://` or `http://`.
    #[error("an origin begins with https:// or http://")]
    Scheme,
    /// There is no host, or it has characters no browser sends.
    #[error("the host is empty or not in the form browsers send (lower case, punycode)")]
    Host,
    /// The port is not a number from 1 to 65535, or it is the scheme's own and browsers leave it out.
    #[error(
        "the port is not a number from 1 to 65535, or is the scheme's default, which browsers leave out"
    )]
    Port,
    /// There is something behind the port: a path, a query, a fragment.
    #[error("an origin ends after the host and the port: no path, no trailing slash, no query")]
    Tail,
}

/// An origin: `https://app.example`, `http://127.0.0.1:8000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host_from: usize,
    header: HeaderValue,
}

impl Origin {
    /// Reads an origin that must be written exactly as a browser sends it.
    ///
    /// # Errors
    /// See [`OriginError`]; `null`, `*` and anything with a path are no origins.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (host_from, default_port) = if text.starts_with("https://") {
            (8, "443")
        } else if text.starts_with("http://") {
            (7, "80")
        } else {
            return Err(OriginError::Scheme);
        };
        let authority = &text[host_from..];
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(OriginError::Tail);
        }
        let (host, port) = split_port(authority);
        if !is_host(host) {
            return Err(OriginError::Host);
        }
        if let Some(port) = port {
            let number = port.parse::<u16>().map_err(|_| OriginError::Port)?;
            if number == 0 || port.starts_with(['0', '+']) || port == default_port {
                return Err(OriginError::Port);
            }
        }
        Ok(Self {
            text: text.to_owned(),
            host_from,
            header: HeaderValue::from_str(text).map_err(|_| OriginError::Host)?,
        })
    }

    /// Reads the origin of a base URL, which may end in one slash: `https://app.example/`.
    ///
    /// # Errors
    /// See [`OriginError`].
    pub fn of_url(url: &str) -> Result<Self, OriginError> {
        Self::parse(url.strip_suffix('/').unwrap_or(url))
    }

    /// The origin as browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.host_from == 8
    }

    /// Whether its host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(&self.text[self.host_from..])
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }
}

/// Splits `host:port`; an IPv6 address keeps its brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[host_end..].find(':') {
        Some(at) => (&authority[..host_end + at], Some(&authority[host_end + at + 1..])),
        None => (authority, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
}

/// Whether the host of a `Host` header or of an authority is this machine: `localhost`, a name under
/// it (RFC 6761 §6.3), 127.0.0.0/8 or `[::1]`.
pub(crate) fn is_loopback_host(authority: &str) -> bool {
    let (host, _) = split_port(authority);
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_only_in_the_form_browsers_send() {
        for good in [
            "https://example.com",
            "https://example.com:8080",
            "http://example.com",
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
        ] {
            assert_eq!(Origin::parse(good).map(|o| o.text), Ok(good.to_owned()));
        }
        for bad in [
            "example.com",
            "https://",
            "https://example.com/",
            "https://example.com/path",
            "https://example.com?query=value",
            "https://example.com#fragment",
            "https://ex ample.com",
            "",
            "null",
            "*",
            "https://*.example.com",
            "https://EXAMPLE.com",
            "https://user@example.com",
            "https://example.com:443",
            "https://example.com:0",
            "https://example.com:99999",
            "ftp://example.com",
            "https://exämple.com",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names_and_nothing_else_is() {
        for here in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "a.localhost"] {
            assert!(is_loopback_host(here), "{here}");
        }
        for elsewhere in ["localhost.example", "127.0.0.1.example:80", "10.0.0.1", "", "[::2]"] {
            assert!(!is_loopback_host(elsewhere), "{elsewhere}");
        }
    }
}
