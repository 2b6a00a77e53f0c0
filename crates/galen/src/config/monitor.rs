//! `[monitor]`: what Galen remembers of itself, to whom it shows it, and when it stops being ready.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::quantity::{Lapse, Size};
use super::section::section;
use super::value::{Given, Setting};

section! {
    /// What Galen remembers of itself, to whom it shows it, and when it stops being ready.
    Monitor = "monitor" {
        /// `false` records no requests, statements and commands. Readiness, gauges and the log go on.
        enabled: bool = true;
        /// The most the history (the file `<database>.history`) takes on disk. It lets the oldest and
        /// finest go first, and says so.
        history_cap: Size = Size::mib(256);
        /// The most of one core the monitor takes, in percent, its work on the requests' path excluded.
        /// Beyond it does without detail, then without log lines below `warn`, then without most
        /// samples, and says so.
        cpu_percent_max: u32 = 5;
        /// From this time on a request is slow: where its time went is kept apart, to name the cause.
        slow: Lapse = Lapse::ms(250);
        /// A second address that serves `/metrics` (Prometheus) without a token, and nothing else: of
        /// this machine only. From elsewhere they are read with `metrics_token_file`.
        metrics_listen: Option<SocketAddr> = None;
        /// A file whose first line is the token with which `/metrics` is read on the public address
        /// (`Authorization: Bearer …`): at least 32 characters, readable by its owner only. Without
        /// it there is no `/metrics` there.
        metrics_token_file: Option<PathBuf> = None;
        /// A URL that is asked for as long as Galen works: whoever is behind it raises the alarm when
        /// the signs of life stop.
        heartbeat_url: Option<WebUrl> = None;
        /// How often it is asked for.
        heartbeat_every: Lapse = Lapse::minutes(1);
        /// With less free space than this on the database's disk Galen is not ready: writes are about
        /// to fail.
        disk_free_min: Size = Size::mib(64);
        /// How often a window is closed and the rules are judged.
        [hidden] tick: Lapse = Lapse::s(10);
    }
}

/// The longest URL that is taken, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// An `http` or `https` URL without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for WebUrl {
    const EXPECTED: &'static str = "an http or https URL such as `https://example.org/health`";
    const EXAMPLE: &'static str = "\"https://example.org/health\"";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = String::read(given)?;
        let text = text.trim();
        judge(text).map(|()| Self(text.to_owned()))
    }

    fn print(&self) -> Option<String> {
        self.0.print()
    }
}

fn judge(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| "it begins with http:// or https://".to_owned())?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("it must not carry a user name or password".to_owned());
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err("it names no host".to_owned());
    }
    if url.len() > URL_BYTES_MAX || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it is too long, or holds spaces or control characters".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_and_no_credentials() {
        let read = |text: &str| WebUrl::read(&Given::Text(text));
        assert!(read("https://example.org/ping?x=1").is_ok());
        assert!(read("http://127.0.0.1:9000").is_ok());
        for wrong in [
            "ftp://example.org",
            "https://",
            "https://u:p@example.org/",
            "https://a b/",
            "example.org",
            "http://:80/",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
