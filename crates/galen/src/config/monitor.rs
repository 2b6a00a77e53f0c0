//! `[monitor]`: what Galen remembers of itself, to whom it shows it, and when it stops being ready.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde_json::Value;
use toml::de::DeValue;

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
        /// Where an OpenTelemetry collector takes OTLP over HTTP: spans of requests go to `/v1/traces`
        /// below it, all metrics to `/v1/metrics`. Only a build with the feature `otlp` has the export.
        otlp_endpoint: Option<Collector> = None;
        /// A file with headers for the collector, `Name: value` a line, to prove who we are: readable
        /// by its owner only.
        otlp_headers_file: Option<PathBuf> = None;
        /// Of the traces that begin here, how many are exported: from 0 to 1. Of these every slow and
        /// every failed request is exported besides; for a trace that a client began, its flag counts.
        otlp_sample: Share = Share(0.1);
        /// How often the metrics are exported.
        otlp_every: Lapse = Lapse::minutes(1);
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

/// The address of an OpenTelemetry collector, to which a signal's path is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector(WebUrl);

impl Collector {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether what is sent could be read on the way to another machine.
    pub fn is_readable_abroad(&self) -> bool {
        let Some(rest) = self.as_str().strip_prefix("http://") else { return false };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let is_loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        !is_loopback && host != "localhost"
    }
}

impl Setting for Collector {
    const EXPECTED: &'static str =
        "an http or https URL without a query such as `http://127.0.0.1:4318`";
    const EXAMPLE: &'static str = "\"http://127.0.0.1:4318\"";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let url = WebUrl::read(given)?;
        if url.as_str().contains(['?', '#']) {
            return Err("a path is added to it, so it has no query".to_owned());
        }
        Ok(Self(url))
    }

    fn print(&self) -> Option<String> {
        self.0.print()
    }
}

/// A share, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f64);

impl Setting for Share {
    const EXPECTED: &'static str = "a share from 0 to 1 such as `0.1`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let number = match given {
            Given::Toml(DeValue::Float(number)) => number.as_str().parse(),
            Given::Toml(DeValue::Integer(number)) => number.as_str().parse(),
            Given::Text(text) => text.trim().parse(),
            Given::Toml(_) => return Err(String::new()),
        };
        let share = number.ok().filter(|share| (0.0..=1.0).contains(share));
        share.map(Self).ok_or_else(String::new)
    }

    fn print(&self) -> Option<String> {
        // Always with its point: a share stays a float, whatever its value.
        Some(format!("{:?}", self.0))
    }

    fn json(&self) -> Value {
        Value::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_from_nothing_to_all_and_printed_as_it_is_read() {
        for (text, share) in [("0", 0.0), ("1", 1.0), ("0.25", 0.25)] {
            let read = Share::read(&Given::Text(text));
            assert_eq!(read, Ok(Share(share)), "{text}");
            let printed = Share(share).print().unwrap();
            assert_eq!(Share::read(&Given::Text(&printed)), Ok(Share(share)));
        }
        for text in ["", "1.1", "-0.1", "10%", "NaN", "inf"] {
            assert!(Share::read(&Given::Text(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_collector_has_no_query_and_is_far_away_or_not() {
        let read = |text: &str| Collector::read(&Given::Text(text));
        for wrong in ["c:4318", "http://c/?key=1", "grpc://c:4317", "http://u:p@c/"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for (text, is_readable) in [
            ("http://127.0.0.1:4318", false),
            ("http://[::1]:4318", false),
            ("http://localhost:4318", false),
            ("https://collector.example.org", false),
            ("http://collector:4318", true),
            ("http://192.0.2.1/otlp", true),
        ] {
            let collector = read(text).unwrap();
            assert_eq!(collector.is_readable_abroad(), is_readable, "{text}");
        }
    }

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
