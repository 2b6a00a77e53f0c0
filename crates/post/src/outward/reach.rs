//! Whom a courier may call: the public internet, and of private networks those the operator named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use galen_core::Network;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Addresses a name may stand for; more are not looked at.
const ADDRESSES_MAX: usize = 16;

/// Ranges of IPv4 that are not the public internet, as first address and prefix (IANA IPv4
/// Special-Purpose Address Registry; multicast, RFC 5771).
const NOT_PUBLIC_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    // Link-local, and with it the metadata services of the clouds (169.254.169.254).
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// The one range of IPv6 that is handed out to the public internet (RFC 4291 section 2.4), and what
/// of it is not public or carries an IPv4 address inside: protocol assignments with Teredo, the
/// documentation's, 6to4 (IANA IPv6 Special-Purpose Address Registry). NAT64 (64:ff9b::/96) lies
/// outside of it.
const PUBLIC_V6: ([u16; 2], u32) = ([0x2000, 0], 3);
const NOT_PUBLIC_V6: &[([u16; 2], u32)] =
    &[([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// Why nothing is sent to a URL. The words are for operators and name no address that was looked up:
/// whoever owns a webhook could read a private network's names out of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// The text is no URL.
    #[error("it is not a URL")]
    NotAUrl,
    /// It is of no use to send there.
    #[error("it must be an https URL without user name, password and fragment")]
    Form,
    /// It leads into a network that is not the public internet.
    #[error("it leads into a private network that the configuration does not name")]
    Private,
}

/// Whom a courier may call.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    allowed: Vec<Network>,
}

impl Reach {
    /// The public internet, and these networks.
    #[must_use]
    pub const fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Reads a URL and refuses what can be refused before its name is looked up.
    ///
    /// # Errors
    /// When it is no URL of the web, or its host is an address nobody may call.
    pub fn judge(&self, text: &str) -> Result<Url, ReachError> {
        let url = Url::parse(text).map_err(|_| ReachError::NotAUrl)?;
        let is_web = matches!(url.scheme(), "https" | "http");
        let is_bare = url.username().is_empty() && url.password().is_none();
        if !is_web || !is_bare || url.fragment().is_some() {
            return Err(ReachError::Form);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            // Where a name leads is known when it is looked up, and judged then.
            Some(Host::Domain(_)) => return Ok(url),
            None => return Err(ReachError::Form),
        };
        if self.may_call(address, url.scheme() == "https") {
            Ok(url)
        } else if is_public(address) {
            Err(ReachError::Form)
        } else {
            Err(ReachError::Private)
        }
    }

    /// Whether an address may be called. Without TLS only what the operator named may: what is sent
    /// could be read on the way.
    fn may_call(&self, address: IpAddr, is_encrypted: bool) -> bool {
        let is_named = self.allowed.iter().any(|network| network.contains(address));
        is_named || (is_encrypted && is_public(address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|range| is_in_v4(address, range)),
        IpAddr::V6(address) => {
            is_in_v6(address, &PUBLIC_V6)
                && !NOT_PUBLIC_V6.iter().any(|range| is_in_v6(address, range))
        }
    }
}

fn is_in_v4(address: Ipv4Addr, (first, prefix): &([u8; 4], u32)) -> bool {
    let shift = 32 - prefix;
    u32::from(address) >> shift == u32::from_be_bytes(*first) >> shift
}

fn is_in_v6(address: Ipv6Addr, (first, prefix): &([u16; 2], u32)) -> bool {
    // No prefix of the table is longer than the first two groups.
    let [a, b, ..] = address.segments();
    let (address, first) =
        ((u32::from(a) << 16) | u32::from(b), (u32::from(first[0]) << 16) | u32::from(first[1]));
    let shift = 32 - prefix;
    address >> shift == first >> shift
}

/// Looks names up and gives only addresses that may be called: the connection goes to one of just
/// these, so that no second look-up can lead elsewhere.
pub(super) struct Judging {
    pub(super) reach: Reach,
    pub(super) is_encrypted: bool,
}

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, is_encrypted) = (self.reach.clone(), self.is_encrypted);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
            let mut may = found.clone();
            may.retain(|address| reach.may_call(address.ip(), is_encrypted));
            if may.is_empty() {
                let is_private = found.iter().any(|address| !is_public(address.ip()));
                return Err(if is_private { ReachError::Private } else { ReachError::Form }.into());
            }
            let addresses: Addrs = Box::new(may.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_private_address_may_be_called() {
        let reach = Reach::default();
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[::127.0.0.1]",
        ] {
            let judged = reach.judge(&format!("https://{host}/hook"));
            assert_eq!(judged, Err(ReachError::Private), "{host}");
        }
    }

    #[test]
    fn the_public_internet_may_be_called_over_tls() {
        let reach = Reach::default();
        for host in
            ["93.184.216.34", "172.15.0.1", "172.32.0.1", "[2606:4700::6810:84e5]", "example.org"]
        {
            assert!(reach.judge(&format!("https://{host}/hook?x=1")).is_ok(), "{host}");
        }
        assert_eq!(reach.judge("http://93.184.216.34/"), Err(ReachError::Form));
    }

    #[test]
    fn a_network_the_operator_named_may_be_called_and_its_neighbour_may_not() {
        let reach = Reach::new(vec!["10.1.0.0/16".parse().unwrap(), "::1".parse().unwrap()]);
        assert!(reach.judge("http://10.1.2.3:8080/hook").is_ok());
        assert!(reach.judge("http://[::1]/hook").is_ok());
        assert_eq!(reach.judge("http://10.2.0.1/hook"), Err(ReachError::Private));
        assert_eq!(reach.judge("https://[::2]/hook"), Err(ReachError::Private));
    }

    #[test]
    fn only_a_plain_url_of_the_web_is_taken() {
        let reach = Reach::default();
        for url in [
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://u:p@example.org/",
            "https://example.org/#x",
            "javascript:alert(1)",
        ] {
            assert_eq!(reach.judge(url), Err(ReachError::Form), "{url}");
        }
        for url in ["", "example.org", "https://", "https://[::1"] {
            assert_eq!(reach.judge(url), Err(ReachError::NotAUrl), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused_when_it_is_looked_up() {
        let ask = |reach, is_encrypted| async move {
            let found = Judging { reach, is_encrypted }.resolve("localhost".parse().unwrap()).await;
            found.map(Iterator::count).map_err(|error| error.to_string())
        };
        let private = ReachError::Private.to_string();
        assert_eq!(ask(Reach::default(), true).await, Err(private.clone()));
        assert_eq!(ask(Reach::default(), false).await, Err(private));
        let named = Reach::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(ask(named, false).await, Ok(1));
    }
}
