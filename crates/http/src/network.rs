//! The client's address behind proxies that are trusted by configuration.

use std::net::IpAddr;

use galen_core::Network;
use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The most hops looked at; a longer chain is cut, so that its length costs nothing.
const HOPS_MAX: usize = 16;

/// Who really asks. Only a trusted peer may say so, and it is read from the right: each trusted hop
/// is passed over, the first one that is not trusted is the client. What a hop that is not trusted
/// wrote is never believed (compare Coder CVE-2026-111934), and a word that is no address ends the
/// walk at the last address known to be true.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer.to_canonical();
    if trusted.is_empty() || !is_trusted(client) {
        return client;
    }
    let lines: Vec<&[u8]> =
        headers.get_all(FORWARDED_FOR).iter().map(http::HeaderValue::as_bytes).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(|b| *b == b',')).take(HOPS_MAX);
    for hop in hops {
        let Some(ip) =
            std::str::from_utf8(hop).ok().and_then(|text| text.trim().parse::<IpAddr>().ok())
        else {
            return client;
        };
        client = ip.to_canonical();
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().expect("a header value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a range"), "::1".parse().expect("a range")];
        client_address(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_peer_may_name_the_client_and_it_is_read_from_the_right() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn a_forwarded_header_that_cannot_be_read_is_not_believed() {
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 10.9.9.9, ;drop"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}
