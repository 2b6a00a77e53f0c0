//! Live: who listens, and what they are told. One task reads what was published, in its order, out of
//! the store, encodes each event once, and hands the same bytes to every stream it is for.
//!
//! Invariant: no stream holds a database connection, and none is waited for: what waits for a slow
//! one has a limit, beyond which it is cut and resumes from the store.

mod body;
mod client;
mod event;
mod run;
mod topics;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use galen_account::Caller;
use galen_core::{Bus, Code, Refusal, SessionId, Signal, UserId};
use tokio::sync::Notify;

pub(crate) use body::StreamBody;
pub(crate) use client::Client;
pub(crate) use event::{Bye, ready};
pub(crate) use run::{missed, run};
pub(crate) use topics::{Topic, Topics, read as read_topics};

use client::Event;

/// How many streams one session may have open; the oldest gives way.
const PER_SESSION_MAX: usize = 4;

/// How long whoever finds no place should wait, in milliseconds.
const RETRY_MS: u64 = 5_000;

/// All open streams. It is the bus on which the other rooms say what has just happened.
pub struct Hub {
    max: usize,
    open: Mutex<Open>,
    numbers: AtomicU64,
    /// Something was published.
    published: Notify,
}

#[derive(Default)]
struct Open {
    by_user: HashMap<UserId, Vec<Arc<Client>>>,
    all: usize,
    is_closed: bool,
}

impl Hub {
    /// A hub for so many streams at the most.
    #[must_use]
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            open: Mutex::default(),
            numbers: AtomicU64::new(0),
            published: Notify::new(),
        })
    }

    /// A thread that panicked while it held the lock left plain values.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many streams are open.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.open().all
    }

    /// Opens a stream. When the session has as many as it may, its oldest one is told to close.
    ///
    /// # Errors
    /// [`Code::Overloaded`] when there is no place; [`Code::ShuttingDown`].
    pub(crate) fn enter(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        topics: Topics,
    ) -> Result<Place, Refusal> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let client = Arc::new(Client::new(Arc::clone(caller), topics, number));
        let mut open = self.open();
        if open.is_closed {
            return Err(Refusal::new(Code::ShuttingDown).retry_after_ms(1_000));
        }
        let session = caller.session.id;
        let of_user = open.by_user.get(&caller.user.id).map_or(&[][..], Vec::as_slice);
        let own = || of_user.iter().filter(|one| one.caller.session.id == session);
        let crowded = (own().count() >= PER_SESSION_MAX)
            .then(|| own().min_by_key(|one| one.number).cloned())
            .flatten();
        if open.all >= self.max && crowded.is_none() {
            return Err(Refusal::new(Code::Overloaded).retry_after_ms(RETRY_MS));
        }
        if let Some(oldest) = crowded {
            oldest.end(Bye::TooMany);
            open.remove(&oldest);
        }
        open.by_user.entry(caller.user.id).or_default().push(Arc::clone(&client));
        open.all += 1;
        drop(open);
        Ok(Place { hub: Arc::clone(self), client })
    }

    /// Every stream.
    fn everybody(&self) -> Vec<Arc<Client>> {
        self.open().by_user.values().flatten().cloned().collect()
    }

    /// The streams of a user.
    fn of_user(&self, user_id: UserId) -> Vec<Arc<Client>> {
        self.open().by_user.get(&user_id).cloned().unwrap_or_default()
    }

    fn tell(&self, clients: &[Arc<Client>], topic: Topic, event: &Event) {
        for client in clients.iter().filter(|client| client.hears(topic)) {
            if !client.push(event) {
                self.open().remove(client);
            }
        }
    }

    fn end(&self, client: &Arc<Client>, bye: Bye) {
        client.end(bye);
        self.open().remove(client);
    }

    fn end_sessions(&self, user_id: Option<UserId>, sessions: &[SessionId]) {
        let clients = user_id.map_or_else(|| self.everybody(), |user_id| self.of_user(user_id));
        let (ended, left): (Vec<_>, Vec<_>) =
            clients.into_iter().partition(|one| sessions.contains(&one.caller.session.id));
        for client in &ended {
            self.end(client, Bye::SessionEnded);
        }
        if user_id.is_some() {
            let event = Event { seq: None, bytes: event::sessions(&[], sessions) };
            self.tell(&left, Topic::Sessions, &event);
        }
    }

    /// Tells admins something, under the name of its topic.
    fn tell_admins(&self, topic: Topic, name: &str, data: &serde_json::Value) {
        let event = Event { seq: None, bytes: event::told(name, data) };
        self.tell(&self.everybody(), topic, &event);
    }

    /// Tells the admins who listen of an alert that fires or is over.
    pub fn tell_alert(&self, data: &serde_json::Value) {
        self.tell_admins(Topic::Alerts, "alert", data);
    }

    /// Tells the admins who listen how an examination goes on, or how it ended.
    pub fn tell_examination(&self, data: &serde_json::Value) {
        self.tell_admins(Topic::Examinations, "examination", data);
    }

    /// Tells the admins who listen whether the server is ready.
    pub(crate) fn tell_health(&self, data: &serde_json::Value) {
        self.tell_admins(Topic::Health, "health", data);
    }

    /// Lets nobody in any more, and ends every stream.
    fn close(&self) {
        self.open().is_closed = true;
        for client in self.everybody() {
            self.end(&client, Bye::ShuttingDown);
        }
    }
}

impl Open {
    /// Takes a stream out, if it is still there.
    fn remove(&mut self, client: &Arc<Client>) {
        let user_id = client.caller.user.id;
        let Some(of_user) = self.by_user.get_mut(&user_id) else { return };
        let before = of_user.len();
        of_user.retain(|one| !Arc::ptr_eq(one, client));
        self.all -= before - of_user.len();
        if of_user.is_empty() {
            self.by_user.remove(&user_id);
        }
    }
}

impl Bus for Hub {
    fn tell(&self, signal: Signal) {
        match signal {
            Signal::Published => self.published.notify_one(),
            Signal::Marked { user_id, ids, step, counts } => {
                let event = Event { seq: None, bytes: event::marked(&ids, step, counts) };
                self.tell(&self.of_user(user_id), Topic::Notifications, &event);
            }
            Signal::Recalled(id) => {
                let event = Event { seq: None, bytes: event::recalled(id) };
                self.tell(&self.everybody(), Topic::Notifications, &event);
            }
            // When anybody's may have changed, a broadcast ended: its event said when it would.
            Signal::CountsChanged(users) => {
                let event = Event { seq: None, bytes: event::refresh() };
                for user_id in users {
                    self.tell(&self.of_user(user_id), Topic::Notifications, &event);
                }
            }
            Signal::SessionOpened { user_id, session } => {
                let event = Event { seq: None, bytes: event::sessions(&[session], &[]) };
                self.tell(&self.of_user(user_id), Topic::Sessions, &event);
            }
            Signal::SessionsEnded { user_id, sessions } => self.end_sessions(user_id, &sessions),
            Signal::Unknown => {
                for client in self.everybody() {
                    client.look_at(galen_core::UnixMs(0));
                }
                self.published.notify_one();
            }
        }
    }
}

/// The place of an open stream; it is given back when it is dropped.
pub(crate) struct Place {
    hub: Arc<Hub>,
    client: Arc<Client>,
}

impl Place {
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.open().remove(&self.client);
    }
}
