//! The mailroom: writes kept letters out, with their links whole, and hands them to whoever carries them.

mod courier;
mod destination;
mod post;

use std::sync::Arc;

use galen_account::Accounts;
use galen_core::outbox::{KeptParcel, LinkOrder, ParcelState, PostRoom};
use galen_core::post::{Channel, Courier, Letter, Link, LinkName, Rendered, Renderer};
use galen_core::{Clock, Entropy, Secret, Store};
use galen_post::{Letters, Reach, VapidKey};

use super::rooms::Rooms;
use crate::config::Config;
use crate::failure::{Failure, OrFail};

use courier::Phone;
pub use post::{dispatch, send, sweep, watch};

/// What stands in place of a secret where a letter is shown to somebody else than its reader.
const HIDDEN: &str = "hidden";

/// The mailroom.
pub struct Mailroom {
    store: Arc<dyn Store>,
    accounts: Arc<Accounts>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    renderer: Arc<Letters>,
    /// Who carries what; what nobody carries is captured.
    couriers: Vec<Arc<dyn Courier>>,
    /// Whom couriers may call.
    reach: Reach,
    /// The key browsers subscribe to.
    push_key: Option<String>,
    /// The phone that is told of alerts.
    phone: Option<Phone>,
    /// How long a claimed parcel is held, in milliseconds: longer than any courier tries.
    claim_ms: i64,
    /// The address in the browser's bar, below which every link begins: never what a request says
    /// (ZITADEL GHSA-2wmj-46rj-qm2w).
    url: String,
    /// Its host: what this installation is called in letters.
    house: String,
}

impl Mailroom {
    /// Opens the mailroom of an installation that is reached at `url`.
    ///
    /// # Errors
    /// When the mail server's settings cannot be used.
    pub fn open(config: &Config, rooms: &Rooms, url: &str) -> Result<Self, Failure> {
        let letters = Letters::new().or_fail(|| "the letters cannot be read".to_owned())?;
        let renderer = Arc::new(letters);
        let house = url.split_once("://").map_or(url, |(_, host)| host).to_owned();
        let networks = config.webhooks.networks.iter().map(|range| range.0).collect();
        let reach = Reach::new(networks);
        let phone = courier::phone(config)?;
        let mail = courier::of(config, &house, Arc::clone(&renderer) as Arc<dyn Renderer>)?;
        let key = courier::push_key(config, rooms, url);
        let push_key = key.as_ref().map(VapidKey::public);
        let abroad = courier::abroad(config, rooms, (&reach, &renderer), (phone.is_some(), key))?;
        Ok(Self {
            store: rooms.store.port(),
            accounts: Arc::clone(&rooms.accounts),
            clock: Arc::clone(&rooms.clock),
            entropy: Arc::clone(&rooms.entropy),
            renderer,
            couriers: mail.into_iter().chain(abroad).collect(),
            reach,
            push_key,
            phone,
            claim_ms: 2 * config.mail.timeout.as_signed_ms() + 60_000,
            url: url.to_owned(),
            house,
        })
    }

    /// The letter of a parcel. Its secrets are derived here and live as long as the letter does.
    fn letter(&self, parcel: &KeptParcel, is_whole: bool) -> Letter {
        let link = |order: &LinkOrder| match order {
            LinkOrder::Opens { name, purpose, id } => {
                let secret = is_whole.then(|| self.accounts.link_secret(*purpose, *id));
                let secret = secret.as_ref().map_or(HIDDEN, |secret| secret.reveal());
                // Behind the `#`: browsers send it nowhere, and no log has it.
                let url = format!("{}{}#token={secret}", self.url, purpose.page());
                Link { name: *name, url: Secret::new(url) }
            }
            LinkOrder::Leads { path } => {
                // An application's notification may lead out of the house: its link was checked.
                let is_path = path.starts_with('/');
                let url = if is_path { format!("{}{path}", self.url) } else { path.clone() };
                Link { name: LinkName::Open, url: Secret::new(url) }
            }
            LinkOrder::Ends { category } => {
                let token = parcel.user_id.filter(|_| is_whole);
                let token = token.map(|id| self.accounts.unsubscribe_token(id, category));
                let token = token.as_ref().map_or(HIDDEN, |token| token.reveal());
                let url = format!("{}/unsubscribe/{token}", self.url);
                Link { name: LinkName::Unsubscribe, url: Secret::new(url) }
            }
        };
        Letter {
            code: parcel.code,
            language: parcel.language,
            params: parcel.params.clone(),
            links: parcel.links.iter().map(link).collect(),
            house: self.house.clone(),
        }
    }

    /// Who carries this channel.
    fn courier(&self, channel: Channel) -> Option<&Arc<dyn Courier>> {
        self.couriers.iter().find(|courier| courier.channel() == channel)
    }
}

impl PostRoom for Mailroom {
    fn show(&self, parcel: &KeptParcel) -> Result<Rendered, String> {
        self.renderer.render(&self.letter(parcel, parcel.state == ParcelState::Captured))
    }

    fn judge_url(&self, url: &str) -> Result<(), String> {
        self.reach.judge(url).map(|_| ()).map_err(|error| error.to_string())
    }

    fn carries(&self, channel: Channel) -> bool {
        self.courier(channel).is_some()
    }

    fn push_key(&self) -> Option<String> {
        self.push_key.clone()
    }
}
