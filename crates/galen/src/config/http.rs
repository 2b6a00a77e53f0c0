//! `[http]`: what the HTTP side takes, from whom, and for how long.

use galen_core::{Network, NetworkError};
use galen_http::Origin;

use super::quantity::{Lapse, Size};
use super::section::section;
use super::value::{Given, Setting};

section! {
    /// What the HTTP side takes, from whom, and for how long.
    Http = "http" {
        /// Origins of other web pages that may use this API with the user's session, exactly as
        /// browsers send them. One's own (`server.public_url`) needs no entry.
        allowed_origins: Vec<AllowedOrigin> = Vec::new();
        /// Reverse proxies whose `X-Forwarded-For` is believed: addresses or networks.
        trusted_proxies: Vec<NetworkRange> = Vec::new();
        /// How long a request's head may take to arrive.
        header_timeout: Lapse = Lapse::s(10);
        /// How long a request's body may take to arrive.
        body_timeout: Lapse = Lapse::s(30);
        /// How long a connection may be silent between requests.
        idle_timeout: Lapse = Lapse::s(75);
        /// How long a client may take to receive an answer.
        write_timeout: Lapse = Lapse::s(30);
        /// How long a request may be worked on before it is answered 503; longer than `body_timeout`.
        deadline: Lapse = Lapse::s(40);
        /// The largest head of a request.
        max_header: Size = Size::kib(32);
        /// The largest body of a request.
        max_body: Size = Size::kib(64);
        /// Connections at the same time, as far as the limit of open files allows; one more is
        /// closed at once.
        max_connections: u32 = 16_384;
        /// Connections at the same time from one address; trusted proxies are exempt.
        max_connections_per_address: u32 = 1_024;
        /// From this time on a request is worth a line in the log.
        slow_request: Lapse = Lapse::s(1);
    }
}

/// An origin on the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin(pub Origin);

impl Setting for AllowedOrigin {
    const EXPECTED: &'static str = "an origin such as `https://app.example.org`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = String::read(given)?;
        Origin::parse(&text).map(Self).map_err(|error| error.to_string())
    }

    fn print(&self) -> Option<String> {
        self.0.as_str().to_owned().print()
    }
}

/// An address or a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkRange(pub Network);

impl Setting for NetworkRange {
    const EXPECTED: &'static str = "an address or network such as `10.0.0.2` or `10.0.0.0/8`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = String::read(given)?;
        text.trim().parse().map(Self).map_err(|error: NetworkError| error.to_string())
    }

    fn print(&self) -> Option<String> {
        self.0.to_string().print()
    }
}
