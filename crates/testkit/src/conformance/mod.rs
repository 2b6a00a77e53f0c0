//! The suite every store passes: named behaviours, each run on a store of its own.

mod alerts;
mod api_keys;
mod audit;
mod bench;
mod broadcasts;
mod dispatch;
mod notifications;
mod pool;
mod preferences;
mod sessions;
mod setup;
mod upkeep;
mod users;
mod warrants;
mod webhooks;

use std::future::Future;
use std::pin::Pin;

pub use bench::Bench;

/// One behaviour of the port.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// What holds, as a sentence.
    pub name: &'static str,
    /// Shows it on a fresh, empty store; panics when it does not hold.
    pub show: fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// ALL behaviours, grouped by noun; a new one is added to the list of its noun.
pub const ALL: &[&[Behaviour]] = &[
    users::ALL,
    setup::ALL,
    sessions::ALL,
    notifications::ALL,
    broadcasts::ALL,
    api_keys::ALL,
    audit::ALL,
    upkeep::ALL,
    alerts::ALL,
    pool::ALL,
    warrants::ALL,
    webhooks::ALL,
    preferences::ALL,
    dispatch::ALL,
];

/// Every behaviour, one after the other.
pub fn each() -> impl Iterator<Item = &'static Behaviour> {
    ALL.iter().flat_map(|group| group.iter())
}

/// Names an async function as a behaviour.
macro_rules! behaviour {
    ($show:ident) => {
        $crate::conformance::Behaviour {
            name: stringify!($show),
            show: |bench| Box::pin($show(bench)),
        }
    };
}
use behaviour;
