//! Opens the rooms below HTTP: the history and its monitor, the store by its one match, the accounts.

use std::sync::Arc;

use galen_account::{Accounts, Keys, Ports};
use galen_core::model::Act;
use galen_core::{AuditId, Bus, Clock, Cx, Entropy, History, RequestId};
use galen_http::Hub;
use galen_monitor::{Monitor, MonitorParts, MonitorSettings};
use galen_store::{HistorySettings, SqliteHistory};

use super::clock::RealClock;
use super::entropy::RealEntropy;
use super::keyring::Keyring;
use super::nowhere::Nowhere;
use super::place::Place;
use super::settings;
use super::store::Kept;
use crate::config::Config;
use crate::failure::Failure;

/// How long a verb that opens the database itself waits for it, in nanoseconds.
const VERB_TIMEOUT_NS: u64 = 60_000_000_000;

/// The rooms below HTTP.
pub struct Rooms {
    /// The data.
    pub store: Kept,
    /// Who may be whom.
    pub accounts: Arc<Accounts>,
    /// Who listens to what happens.
    pub hub: Arc<Hub>,
    /// What happened, now and before.
    pub monitor: Arc<Monitor>,
    /// The monitor's file, when it is open.
    history: Option<Arc<SqliteHistory>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Rooms {
    /// Opens them for one verb's work, which nobody watches. To be called under the instance lock
    /// only.
    ///
    /// # Errors
    /// When the keys or the database cannot be opened.
    pub fn open(place: &Place, config: &Config) -> Result<Self, Failure> {
        let nowhere = Nowhere::because("the history is open only while Galen serves");
        Self::with(place, config, |_| (None, Arc::new(nowhere)))
    }

    /// Opens them to be served, with the history beside the database. To be called under the
    /// instance lock only.
    ///
    /// # Errors
    /// When the keys or the database cannot be opened. Without a history it goes on and says so.
    pub fn watched(place: &Place, config: &Config) -> Result<Self, Failure> {
        Self::with(place, config, |clock| remember(place, config, clock))
    }

    fn with(
        place: &Place,
        config: &Config,
        history: impl FnOnce(&Arc<dyn Clock>) -> (Option<Arc<SqliteHistory>>, Arc<dyn History>),
    ) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(RealEntropy);
        let keyring = Keyring::open(place, &*entropy)?;
        let (kept, history) = history(&clock);
        let monitor = Monitor::new(MonitorParts {
            history,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            settings: MonitorSettings {
                enabled: config.monitor.enabled,
                cpu_percent_max: config.monitor.cpu_percent_max,
                slow_ns: config.monitor.slow.as_ms().saturating_mul(1_000_000),
            },
        });
        let store = Kept::open(place, config, Arc::clone(&clock), monitor.observer())?;
        let hub = Hub::new(config.notifications.max_streams as usize);
        let ports = Ports {
            store: store.port(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            bus: Arc::clone(&hub) as Arc<dyn Bus>,
        };
        let keys = Keys { csrf: keyring.csrf, links: keyring.links };
        let accounts = Arc::new(Accounts::new(ports, settings::policy(config), keys));
        Ok(Self { store, accounts, hub, monitor, history: kept, clock, entropy })
    }

    /// Closes the database, and then the history, which heard of its last work. Blocks until all of
    /// it is committed.
    pub fn close(&self) {
        self.store.close();
        if let Some(history) = &self.history {
            history.close();
        }
    }

    /// What nobody in particular does: a measurement asked for it, or the command line of this machine.
    pub fn act(&self, cx: &Cx) -> Act {
        Act {
            id: AuditId::mint(&*self.clock, &*self.entropy),
            at: self.clock.now(),
            actor: None,
            address: None,
            request_id: cx.request_id,
            warrant: None,
        }
    }

    /// A context for a verb's own work.
    pub fn live(&self) -> Cx {
        self.live_for(VERB_TIMEOUT_NS)
    }

    /// A context for work that somebody waits for so long, in nanoseconds.
    pub fn live_for(&self, timeout_ns: u64) -> Cx {
        let request_id = RequestId::mint(&*self.clock, &*self.entropy);
        Cx::live(request_id, &*self.clock, timeout_ns)
    }

    /// A context for background work that is given up after so long, in nanoseconds.
    pub fn background_for(&self, timeout_ns: u64) -> Cx {
        let request_id = RequestId::mint(&*self.clock, &*self.entropy);
        Cx::background(request_id, &*self.clock, timeout_ns)
    }
}

/// Opens the history. A damaged one is moved aside by the store; one that cannot be had (somebody
/// else's file, a newer Galen's, no space) is done without, loudly.
fn remember(
    place: &Place,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> (Option<Arc<SqliteHistory>>, Arc<dyn History>) {
    let path = place.history();
    let cap_bytes = config.monitor.history_cap.as_bytes();
    let log_keep_ms = config.log.keep.as_ms();
    let settings = HistorySettings { cap_bytes, log_keep_ms, ..HistorySettings::at(&path) };
    match SqliteHistory::open(settings, Arc::clone(clock)) {
        Ok(history) => {
            let history = Arc::new(history);
            (Some(Arc::clone(&history)), history)
        }
        Err(error) => {
            tracing::error!(%error, file = %path.display(), "the history cannot be opened: nothing is remembered beyond this run");
            (None, Arc::new(Nowhere::because(error.to_string())))
        }
    }
}
