//! One check: what is asked, what came of it, and how that is noted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use galen_core::{Clock, UnixMs};
use galen_doctor::evidence::redact;
use galen_doctor::http::{Answer, Ask, Client, HeaderName, HeaderValue, Outcome, Url};
use galen_http::CheckStatus;
use galen_monitor::{Metric, Monitor};

use super::{House, traced};

/// How much of an answer is read, in bytes. The rest of a longer one is not waited for.
const BODY_BYTES_MAX: u64 = 256 << 10;
/// The outcome of a check that went well.
const OK: &str = "ok";
/// The outcome of a check that cannot be asked at all.
const INVALID: &str = "invalid";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path of this server.
    Own(String),
    /// A URL of somebody else's.
    Foreign(Url),
    /// What the configuration says is neither.
    Invalid {
        /// What it says, without a query.
        name: String,
        /// Whether it stands among the own paths.
        own: bool,
        /// What is wrong with it.
        why: String,
    },
}

impl Target {
    /// A path of this server.
    pub fn own(path: &str) -> Self {
        // Read as part of a URL, so that nothing of it can end up elsewhere in the request.
        match Url::parse(&format!("http://localhost{path}")) {
            Ok(url) if path.starts_with('/') && url.host() == "localhost" => {
                Self::Own(path.to_owned())
            }
            _ => Self::invalid(path, true, "it is no path such as /readyz".to_owned()),
        }
    }

    /// A URL of somebody else's.
    pub fn foreign(text: &str) -> Self {
        match Url::parse(text) {
            Ok(url) => Self::Foreign(url),
            Err(error) => Self::invalid(text, false, error.to_string()),
        }
    }

    fn invalid(text: &str, own: bool, why: String) -> Self {
        // A user name and password may be what is wrong with it.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let shown = redact::printable(without_query(shown));
        let name = shown.split_whitespace().collect::<Vec<_>>().join("_");
        let name = if name.is_empty() { "(nothing)".to_owned() } else { name };
        Self::Invalid { name, own, why }
    }

    /// What it is called: without a query, which can hold a secret, and without spaces, which
    /// separate name and outcome.
    pub fn name(&self) -> String {
        match self {
            Self::Own(path) => without_query(path).to_owned(),
            Self::Foreign(url) => url.to_string(),
            Self::Invalid { name, .. } => name.clone(),
        }
    }

    const fn is_own(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Invalid { own: true, .. })
    }
}

fn without_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

/// One check and how it stands.
pub struct Slot {
    name: String,
    target: Target,
    state: Mutex<State>,
}

struct State {
    /// When it is due, on the monotonic clock; nothing before its first turn is drawn.
    due_ns: Option<u64>,
    under_way: bool,
    status: CheckStatus,
}

impl Slot {
    /// A check that was not asked yet.
    pub fn new(name: String, target: Target) -> Self {
        let status = CheckStatus {
            name: name.clone(),
            url: name.clone(),
            own: target.is_own(),
            ..CheckStatus::default()
        };
        let state = Mutex::new(State { due_ns: None, under_way: false, status });
        Self { name, target, state }
    }

    /// Whether this is its name, or its name before it was told apart from others.
    pub fn is_called(&self, name: &str) -> bool {
        self.target.name() == name
    }

    /// How it stands.
    pub fn status(&self) -> CheckStatus {
        self.note(|state| state.status.clone())
    }

    /// When it is due, unless it is under way; `first` draws how long after now its first turn is.
    pub fn due_ns(&self, now_ns: u64, first: impl FnOnce() -> u64) -> Option<u64> {
        self.note(|state| {
            let due_ns = *state.due_ns.get_or_insert_with(|| now_ns.saturating_add(first()));
            (!state.under_way).then_some(due_ns)
        })
    }

    fn note<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A check that is under way. However it ends, its slot is free afterwards.
pub struct Visit {
    slot: Arc<Slot>,
    clock: Arc<dyn Clock>,
    trace_id: String,
    traceparent: (HeaderName, HeaderValue),
    timeout: Duration,
    began_at: UnixMs,
    /// The URL that is asked and the address that is dialled; or why there is none.
    asked: Result<(Url, Option<SocketAddr>), String>,
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.slot.note(|state| state.under_way = false);
    }
}

impl Visit {
    /// Takes the slot; its next turn is at `next_ns`.
    pub(super) fn begin(
        slot: &Arc<Slot>,
        next_ns: u64,
        house: &House<'_>,
        timeout: Duration,
    ) -> Self {
        let (trace_id, traceparent) = traced(house.entropy);
        let asked = asked(&slot.target, house);
        slot.note(|state| {
            state.due_ns = Some(next_ns);
            state.under_way = true;
            if let Target::Own(path) = &slot.target {
                let page = house.url.trim_end_matches('/');
                state.status.url = format!("{page}{}", without_query(path));
            }
        });
        Self {
            slot: Arc::clone(slot),
            clock: Arc::clone(house.clock),
            trace_id,
            traceparent,
            timeout,
            began_at: house.clock.now(),
            asked,
        }
    }

    /// Asks, and notes what came of it.
    pub async fn pay(self, client: Arc<Client>, monitor: Arc<Monitor>) {
        let (url, dial) = match &self.asked {
            Ok(asked) => asked,
            Err(why) => return self.note(&monitor, INVALID.to_owned(), Some(why), None),
        };
        let ask = Ask {
            dial: *dial,
            headers: vec![self.traceparent.clone()],
            timeout: self.timeout,
            body_bytes_max: BODY_BYTES_MAX,
        };
        let answer = client.get(url, ask).await;
        let outcome = word(answer.outcome, self.slot.target.is_own());
        self.note(&monitor, outcome, answer.why.as_deref(), Some(&answer));
    }

    fn note(&self, monitor: &Monitor, outcome: String, why: Option<&str>, answer: Option<&Answer>) {
        let name = &self.slot.name;
        monitor.add(Metric::CheckRuns, &format!("{name} {outcome}"), 1);
        if let Some(answer) = answer {
            record(monitor, name, answer);
        }
        let is_ok = outcome == OK;
        let before = self.slot.note(|state| {
            let status = &mut state.status;
            status.runs += 1;
            status.failures += u64::from(!is_ok);
            status.last_at = Some(self.began_at);
            status.connect_ms = answer.and_then(Answer::connect).map(ms);
            status.first_byte_ms = answer.and_then(|answer| answer.first_byte).map(ms);
            status.total_ms = answer.map(|answer| ms(answer.total));
            status.last_outcome.replace(outcome.clone())
        });
        // Said when it changes: what fails every half minute would drown the log.
        let (check, trace_id) = (name.as_str(), self.trace_id.as_str());
        match before.as_deref() {
            Some(before) if before == outcome => {}
            None if is_ok => {}
            Some(before) if is_ok => {
                let at_ms = self.clock.now().since_ms(self.began_at);
                tracing::info!(check, before, took_ms = at_ms, "a check is well again");
            }
            _ => tracing::warn!(check, outcome, why, trace_id, "a check fails"),
        }
    }
}

/// What to ask and where to dial. Own paths are asked for under the public name at the address
/// where we listen: what stands between is somebody else's.
fn asked(target: &Target, house: &House<'_>) -> Result<(Url, Option<SocketAddr>), String> {
    match target {
        Target::Foreign(url) => Ok((url.clone(), None)),
        Target::Invalid { why, .. } => Err(why.clone()),
        Target::Own(path) => {
            let listen =
                house.listen.ok_or_else(|| "it is not known where we listen".to_owned())?;
            let (_, authority) = house.url.split_once("://").unwrap_or(("", house.url));
            let url = Url::parse(&format!("http://{}{path}", authority.trim_end_matches('/')));
            Ok((url.map_err(|error| error.to_string())?, Some(reachable(listen))))
        }
    }
}

/// The address under which a listener on all addresses is reached from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The outcome as a word. Redirects are answers. Of a foreign backend only what it blames on itself
/// is a failure; of our own also what it blames on us, but for the 401 of a path that wants a session.
fn word(outcome: Outcome, is_own: bool) -> String {
    match outcome {
        Outcome::Status(status) if status >= 500 || (is_own && status >= 400 && status != 401) => {
            format!("status_{status}")
        }
        Outcome::Status(_) => OK.to_owned(),
        other => other.label(),
    }
}

/// The times of a run. The whole is that of answers and of patience that ran out: how fast a
/// connection is refused says nothing about how fast the page is.
fn record(monitor: &Monitor, name: &str, answer: &Answer) {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    if let Some(connect) = answer.connect() {
        monitor.time(Metric::CheckConnectNs, name, ns(connect));
    }
    if let Some(first_byte) = answer.first_byte {
        monitor.time(Metric::CheckFirstByteNs, name, ns(first_byte));
    }
    if matches!(answer.outcome, Outcome::Status(_) | Outcome::Timeout) {
        monitor.time(Metric::CheckTotalNs, name, ns(answer.total));
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_means_depends_on_whose_it_is() {
        for (status, own, foreign) in [
            (200, "ok", "ok"),
            (302, "ok", "ok"),
            (401, "ok", "ok"),
            (404, "status_404", "ok"),
            (429, "status_429", "ok"),
            (500, "status_500", "status_500"),
            (503, "status_503", "status_503"),
        ] {
            assert_eq!(word(Outcome::Status(status), true), own, "{status}");
            assert_eq!(word(Outcome::Status(status), false), foreign, "{status}");
        }
        assert_eq!(word(Outcome::Timeout, true), "timeout");
        assert_eq!(word(Outcome::Tls, false), "tls");
    }

    #[test]
    fn a_target_is_named_without_its_query_and_what_is_none_is_told_apart() {
        assert_eq!(Target::own("/api/x?key=secret").name(), "/api/x");
        let foreign = Target::foreign("https://example.org/health?key=secret");
        assert_eq!(foreign.name(), "https://example.org/health");
        for path in ["", "livez", "@evil.example/", ":9000/", "/a b", "/a\r\nx: y"] {
            let target = Target::own(path);
            assert!(matches!(target, Target::Invalid { own: true, .. }), "{path}");
            assert!(!target.name().contains(char::is_whitespace), "{path}");
        }
        let target = Target::foreign("https://u:p@example.org/");
        assert!(matches!(target, Target::Invalid { own: false, .. }));
        assert_eq!(target.name(), "example.org/");
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_this_machine() {
        for (listen, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            let read = |text: &str| text.parse::<SocketAddr>().unwrap();
            assert_eq!(reachable(read(listen)), read(reached));
        }
    }
}
