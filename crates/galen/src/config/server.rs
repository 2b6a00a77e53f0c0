//! `[server]`: where Galen listens and how browsers reach it.

use std::net::SocketAddr;

use galen_http::Origin;

use super::quantity::Lapse;
use super::section::section;
use super::value::{Given, Setting};

section! {
    /// Where Galen listens and how browsers reach it.
    Server = "server" {
        /// The address and port to listen on. Anything but loopback needs an `https` `public_url`,
        /// because passwords and session cookies must not cross a network in plain text.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8000));
        /// The address in the browser's bar: scheme, host and, if unusual, port. It decides the
        /// cookie's flags, links and the origin that is one's own. With `https`, a reverse proxy in
        /// front of Galen speaks TLS; plain `http` is for loopback only. When it is not set, it is
        /// `http://` and the address listened on.
        public_url: Option<PublicUrl> = None;
        /// How long a graceful stop waits for requests that are being answered.
        drain: Lapse = Lapse::s(10);
        /// Threads that serve requests; 0 means one a core.
        threads: u16 = 0;
    }
}

/// The address in the browser's bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(pub Origin);

impl Setting for PublicUrl {
    const EXPECTED: &'static str =
        "a URL of scheme, host and port only, such as `https://accounts.example.org`";
    const EXAMPLE: &'static str = "\"https://accounts.example.org\"";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = String::read(given)?;
        Origin::of_url(text.trim()).map(Self).map_err(|error| error.to_string())
    }

    fn print(&self) -> Option<String> {
        self.0.as_str().to_owned().print()
    }
}

/// The URL of an address that is listened on in plain HTTP, as a browser has it in its bar.
pub fn url_of(address: SocketAddr) -> String {
    let host = match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    match address.port() {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_an_address_names_its_port_unless_it_is_the_usual_one() {
        let url = |text: &str| text.parse().map(url_of);
        assert_eq!(url("127.0.0.1:8000").as_deref(), Ok("http://127.0.0.1:8000"));
        assert_eq!(url("[::1]:80").as_deref(), Ok("http://[::1]"));
    }

    #[test]
    fn a_public_url_may_end_in_a_slash_and_in_nothing_else() {
        let read = |text: &str| PublicUrl::read(&Given::Text(text));
        assert!(read("https://accounts.example.org/").is_ok());
        assert!(read("https://accounts.example.org/login").is_err());
    }
}
