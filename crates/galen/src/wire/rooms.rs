//! Opens the rooms below HTTP: the store by its one match, the accounts on top, the recorder beside.

use std::sync::Arc;

use galen_account::{Accounts, Keys, Ports};
use galen_core::{Clock, Cx, Entropy, Observer, RequestId};
use galen_monitor::Recorder;

use super::clock::RealClock;
use super::entropy::RealEntropy;
use super::keyring::Keyring;
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
    /// What happened since the start.
    pub recorder: Arc<Recorder>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Rooms {
    /// Opens them. To be called under the instance lock only.
    ///
    /// # Errors
    /// When the keys or the database cannot be opened.
    pub fn open(place: &Place, config: &Config) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(RealEntropy);
        let recorder = Arc::new(Recorder::new(Arc::clone(&clock)));
        let keyring = Keyring::open(place, &*entropy)?;
        let observer: Arc<dyn Observer> = Arc::clone(&recorder) as Arc<dyn Observer>;
        let store = Kept::open(place, config, Arc::clone(&clock), observer)?;
        let ports =
            Ports { store: store.port(), clock: Arc::clone(&clock), entropy: Arc::clone(&entropy) };
        let keys = Keys { csrf: keyring.csrf };
        let accounts = Arc::new(Accounts::new(ports, settings::policy(config), keys));
        Ok(Self { store, accounts, recorder, clock, entropy })
    }

    /// Closes the database. Blocks until all of it is committed.
    pub fn close(&self) {
        self.store.close();
    }

    /// A context for a verb's own work.
    pub fn live(&self) -> Cx {
        let request_id = RequestId::mint(&*self.clock, &*self.entropy);
        Cx::live(request_id, &*self.clock, VERB_TIMEOUT_NS)
    }
}
