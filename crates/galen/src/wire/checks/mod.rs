//! Synthetic checks: own paths and foreign URLs are asked on a schedule, as a visitor would.

mod tracing_context;
mod visit;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use galen_core::{Clock, Cx, Entropy, Refusal};
use galen_doctor::http::{Client, Trust, Url};
use galen_http::CheckStatus;
use galen_monitor::Monitor;
use serde_json::{Value, json};
use tokio::task::JoinSet;

pub use tracing_context::traced;

use self::visit::{Slot, Target, Visit};
use super::meter::Meter;
use super::pulse::Pulse;
use super::running::Running;
use crate::config::Config;

/// How often what is due is looked for, in milliseconds; how often each is asked is configured.
pub const LOOK_EVERY_MS: u64 = 1_000;
/// How many are asked at the same time.
const AT_ONCE: usize = 8;
/// How many there may be; further ones are left out, loudly.
const CHECKS_MAX: usize = 64;
/// The first turns are spread over this long, in nanoseconds, so that a start is no burst.
const FIRST_WITHIN_NS: u64 = 5_000_000_000;
/// What we say we are.
const AGENT: &str = concat!("Galen/", env!("CARGO_PKG_VERSION"), " (check)");

/// All checks, how they stand, and those that are under way.
pub struct Checks {
    client: Arc<Client>,
    slots: Vec<Arc<Slot>>,
    every_ns: u64,
    timeout: Duration,
    /// Dropped with the rest of the server, which ends what is under way.
    under_way: Mutex<JoinSet<()>>,
    pulse: Pulse,
}

/// What the checks need of the house.
struct House<'a> {
    monitor: &'a Arc<Monitor>,
    clock: &'a Arc<dyn Clock>,
    entropy: &'a dyn Entropy,
    meter: &'a Meter,
    /// The address in the browser's bar.
    url: &'a str,
    /// Where we listen.
    listen: Option<SocketAddr>,
}

impl Checks {
    /// The checks of a configuration, none asked yet. When one of them is `https` the machine's
    /// trusted certificates are read, which blocks shortly.
    pub fn new(config: &Config) -> Self {
        let (own, foreign) = (&config.checks.own, &config.checks.foreign);
        let heartbeat = config.monitor.heartbeat_url.as_ref().map(|url| url.as_str());
        let mut urls = foreign.iter().map(|url| url.as_str()).chain(heartbeat);
        let is_secure = urls.any(|url| Url::parse(url).is_ok_and(|url| url.is_https()));
        let trust = if is_secure { Trust::Machine } else { Trust::Nobody };
        Self::with(
            config,
            Client::new(AGENT, trust),
            targets(own, foreign.iter().map(|url| url.as_str())),
        )
    }

    fn with(config: &Config, client: Client, targets: Vec<Target>) -> Self {
        let left_out = targets.len().saturating_sub(CHECKS_MAX);
        if left_out > 0 {
            tracing::warn!(left_out, limit = CHECKS_MAX, "there are more checks than are asked");
        }
        let mut slots: Vec<Arc<Slot>> = Vec::new();
        for target in targets.into_iter().take(CHECKS_MAX) {
            let wanted = target.name();
            let same = slots.iter().filter(|slot| slot.is_called(&wanted)).count();
            let name = if same == 0 { wanted } else { format!("{wanted}#{}", same + 1) };
            slots.push(Arc::new(Slot::new(name, target)));
        }
        Self {
            client: Arc::new(client),
            slots,
            every_ns: config.checks.every.as_ms().max(1_000).saturating_mul(1_000_000),
            timeout: config.checks.timeout.as_duration(),
            under_way: Mutex::default(),
            pulse: Pulse::default(),
        }
    }

    /// How all of them stand, in the order of the configuration, own ones first.
    pub fn statuses(&self) -> Vec<CheckStatus> {
        self.slots.iter().map(|slot| slot.status()).collect()
    }

    /// What asks, for other questions to the outside.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// How the signs of life stand.
    pub(super) const fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Starts what is due, as far as there are places, and gives how many were started.
    fn turn(&self, house: &House<'_>) -> usize {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // What broke has said so by the hook of panics, and its slot is free again.
        while under_way.try_join_next().is_some() {}
        let now_ns = house.clock.monotonic_ns();
        let mut due: Vec<(u64, &Arc<Slot>)> = self
            .slots
            .iter()
            .filter_map(|slot| {
                Some((slot.due_ns(now_ns, || share(house.entropy, FIRST_WITHIN_NS))?, slot))
            })
            .filter(|(due_ns, _)| *due_ns <= now_ns)
            .collect();
        due.sort_by_key(|(due_ns, _)| *due_ns);
        let places = AT_ONCE.saturating_sub(under_way.len());
        let mut started = 0;
        for (_, slot) in due.into_iter().take(places) {
            // A tenth of the interval to and fro, so that checks do not fall into step.
            let tenth_ns = self.every_ns / 10;
            let next_ns = now_ns + self.every_ns - tenth_ns + share(house.entropy, 2 * tenth_ns);
            let visit = Visit::begin(slot, next_ns, house, self.timeout);
            let work = visit.pay(Arc::clone(&self.client), Arc::clone(house.monitor));
            under_way.spawn(house.meter.measure(work));
            started += 1;
        }
        started
    }
}

/// A random share of `whole`.
fn share(entropy: &dyn Entropy, whole: u64) -> u64 {
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    whole / u64::from(u16::MAX) * u64::from(u16::from_le_bytes(bytes))
}

fn targets<'a>(own: &[String], foreign: impl Iterator<Item = &'a str>) -> Vec<Target> {
    let own = own.iter().map(|path| Target::own(path));
    own.chain(foreign.map(Target::foreign)).collect()
}

/// Starts the checks that are due. What they find is in the monitor and in [`Checks::statuses`].
///
/// # Errors
/// None: a check that fails is a finding, not a failure.
#[expect(clippy::unused_async, reason = "the schedule runs futures")]
pub async fn run(running: &Running, _cx: &Cx) -> Result<Value, Refusal> {
    let rooms = &running.rooms;
    let house = House {
        monitor: &rooms.monitor,
        clock: &rooms.clock,
        entropy: &*rooms.entropy,
        meter: &running.meter,
        url: &running.url,
        listen: running.holder.listen.as_deref().and_then(|listen| listen.parse().ok()),
    };
    let started = running.checks.turn(&house);
    Ok(json!({ "started": started, "checks": running.checks.slots.len() }))
}

#[cfg(test)]
mod tests;
