//! Browsers that a user lets be told (Web Push), and the port to where they are kept.

use crate::model::Act;
use crate::{Cx, Fut, PushId, Secret, StoreResult, UnixMs, UserId};

/// How many browsers of a user are told at the most; one more takes the place of the oldest.
pub const BROWSERS_MAX: i64 = 10;
/// Bytes of an endpoint's URL.
pub const ENDPOINT_BYTES_MAX: usize = 1_024;
/// Bytes of a browser's public key: an uncompressed point of P-256 (RFC 8291 section 3.1).
pub const KEY_BYTES: usize = 65;
/// Bytes of the secret shared with a browser (RFC 8291 section 3.2).
pub const AUTH_BYTES: usize = 16;

/// A browser's subscription to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubscription {
    /// Its name.
    pub id: PushId,
    /// The push service's URL: whoever knows it can send.
    pub endpoint: Secret<String>,
    /// SHA-256 of that URL: one browser has one subscription, whoever is signed in.
    pub endpoint_hash: [u8; 32],
    /// The browser's public key, [`KEY_BYTES`].
    pub p256dh: Vec<u8>,
    /// The secret shared with it, [`AUTH_BYTES`].
    pub auth: Secret<Vec<u8>>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

/// A browser's subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its name.
    pub id: PushId,
    /// Whose it is.
    pub user_id: UserId,
    /// The push service's URL.
    pub endpoint: Secret<String>,
    /// The browser's public key.
    pub p256dh: Vec<u8>,
    /// The secret shared with it.
    pub auth: Secret<Vec<u8>>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// Since when it is told.
    pub created_at: UnixMs,
}

/// The port to where subscriptions are kept.
pub trait Subscriptions: Send + Sync {
    /// A user's subscriptions, the oldest first; there are at most [`BROWSERS_MAX`].
    fn subscriptions<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
    ) -> Fut<'a, StoreResult<Vec<Subscription>>>;

    /// The subscription of this name.
    fn subscription<'a>(
        &'a self,
        cx: &'a Cx,
        id: PushId,
    ) -> Fut<'a, StoreResult<Option<Subscription>>>;

    /// `push.subscribe`: keeps a subscription. One of the same endpoint keeps its name and gets the
    /// new keys; another user's of the same endpoint is forgotten, and a user's oldest beyond
    /// [`BROWSERS_MAX`]. Gives it as it is kept.
    fn subscribe<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        new: NewSubscription,
    ) -> Fut<'a, StoreResult<Subscription>>;

    /// `push.forget`: forgets a subscription; with a user, only when it is that user's. Gives whether
    /// there was one.
    fn forget_subscription<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: PushId,
        owner: Option<UserId>,
    ) -> Fut<'a, StoreResult<bool>>;
}
