//! The bench a behaviour is shown on: a fresh store, samples of one clock, and short ways to both.

use std::sync::Arc;

use galen_core::model::{
    Audience, Author, Broadcast, Broadcasting, Counts, Delivered, EndedSession, InboxAsk,
    Notification, NotificationPage, Published, Role, SessionOwner, Shelf, User, UserCreation,
};
use galen_core::{Cx, Id, PageRequest, Store, TokenHash, UserId};

use crate::samples::Samples;

/// A fresh store with the samples whose clock it was given.
#[derive(Clone)]
pub struct Bench {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The samples.
    pub samples: Samples,
}

impl Bench {
    /// A live context.
    #[must_use]
    pub fn cx(&self) -> Cx {
        self.samples.cx()
    }

    /// Makes a user.
    ///
    /// # Panics
    /// When the store does not.
    pub async fn user(&self, name: &str, role: Role) -> User {
        let new = self.samples.new_user(name, role);
        let made = self.store.create_user(&self.cx(), self.samples.act(), new, None).await;
        let UserCreation::Created(user) = made.expect("a user is made") else {
            unreachable!("the address was free");
        };
        user
    }

    /// Opens a session of this user and gives its token's hash with it.
    ///
    /// # Panics
    /// When the store does not.
    pub async fn session(&self, user_id: UserId) -> (TokenHash, SessionOwner) {
        let new = self.samples.new_session(user_id);
        let hash = new.token_hash;
        let open = self.samples.open(new);
        let opened = self.store.open_session(&self.cx(), self.samples.act_of(user_id), open).await;
        let opened = opened.expect("a session is opened").expect("the user may sign in");
        (hash, opened.owner)
    }

    /// The session under this hash.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn look_up(&self, hash: TokenHash) -> Option<SessionOwner> {
        self.store.session_by_token(&self.cx(), hash).await.expect("a look-up answers")
    }

    /// Publishes a sample to this user, and gives it as the user has it.
    ///
    /// # Panics
    /// When the store does not.
    pub async fn publish(&self, user_id: UserId) -> Notification {
        let publication = self.samples.publication(user_id);
        let content = publication.content.clone();
        let published = self.store.publish(&self.cx(), self.samples.act(), publication).await;
        let Published::Now(delivered) = published.expect("a publication is stored") else {
            unreachable!("it has no key");
        };
        let [Delivered::To { id, seq, .. }] = delivered[..] else {
            unreachable!("the user is there");
        };
        Notification {
            id,
            seq,
            is_broadcast: false,
            content,
            author: Author::System,
            created_at: self.samples.now(),
            is_seen: false,
            read_at: None,
            archived_at: None,
        }
    }

    /// Sends a broadcast to this audience.
    ///
    /// # Panics
    /// When the store does not.
    pub async fn broadcast(&self, audience: Audience) -> Broadcast {
        let broadcast = self.samples.broadcast(audience);
        let sent = self.store.broadcast(&self.cx(), self.samples.act(), broadcast).await;
        let Broadcasting::Now(sent) = sent.expect("a broadcast is stored") else {
            unreachable!("it has no key, and there is room");
        };
        *sent
    }

    /// Fifty of the user's notifications on a shelf.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn inbox(&self, user_id: UserId, shelf: Shelf) -> NotificationPage {
        let ask = InboxAsk { shelf, before: None, limit: 50 };
        self.store.notifications(&self.cx(), user_id, ask).await.expect("answers")
    }

    /// The counts, now.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn counts(&self) -> Counts {
        self.store.counts(&self.cx(), self.samples.now()).await.expect("counts are given")
    }

    /// The codes of the audit trail with their parameters, the oldest first.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn trail(&self) -> Vec<(String, String)> {
        let filter = galen_core::model::AuditFilter::default();
        let page = self.store.audit(&self.cx(), &filter, page(None, 200)).await;
        let entries = page.expect("the trail is given").items;
        entries.into_iter().rev().map(|entry| (entry.code, entry.params)).collect()
    }
}

/// A page of so many after this one.
#[must_use]
pub const fn page(after: Option<Id>, limit: u32) -> PageRequest {
    PageRequest { after, limit }
}

/// The hashes of ended sessions, sorted.
#[must_use]
pub fn hashes(ended: &[EndedSession]) -> Vec<[u8; 32]> {
    let mut hashes: Vec<[u8; 32]> = ended.iter().map(|one| one.token_hash.0).collect();
    hashes.sort_unstable();
    hashes
}
