//! The desk over which every write goes: it runs to its end whatever becomes of the caller, and
//! what it revoked leaves the caches before anybody is told of it.

use std::sync::Arc;

use galen_core::model::{Delivered, EndedSession, User};
use galen_core::{
    Bus, Cx, Fut, Ledger, SessionId, Signal, Store, StoreError, StoreResult, TokenHash, UserId,
};

use crate::Caller;
use crate::exact::ExactCache;
use crate::held::Held;

/// The store with the caches in front of it, and the bus behind it.
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    pub(crate) sessions: ExactCache<TokenHash, Arc<Held>>,
    pub(crate) users: ExactCache<UserId, Arc<User>>,
}

impl Desk {
    pub(crate) fn new(store: Arc<dyn Store>, bus: Arc<dyn Bus>, capacity: u32) -> Self {
        let (sessions, users) = (ExactCache::new(capacity), ExactCache::new(capacity));
        Self { store, bus, sessions, users }
    }

    /// Users were told something: what memory holds of their counts is not so any more. This and
    /// what follows are to be called inside [`Desk::write`], after the commit.
    pub(crate) fn told(&self, delivered: &[Delivered]) {
        let users: Vec<UserId> = delivered
            .iter()
            .filter_map(|one| match one {
                Delivered::To { user, .. } => Some(*user),
                Delivered::Nobody => None,
            })
            .collect();
        if !users.is_empty() {
            self.users.revoke(&users);
            self.bus.tell(Signal::Published);
        }
    }

    /// Anybody's counts may have changed.
    pub(crate) fn told_many(&self, signal: Signal) {
        self.users.revoke_all();
        self.bus.tell(signal);
    }

    /// A user's notifications took a step.
    pub(crate) fn marked(&self, signal: Signal) {
        if let Signal::Marked { user_id, .. } = &signal {
            self.users.revoke(&[*user_id]);
        }
        self.bus.tell(signal);
    }

    /// A session was opened.
    pub(crate) fn opened(&self, user_id: UserId, session: SessionId) {
        self.bus.tell(Signal::SessionOpened { user_id, session });
    }

    /// The counts of these users changed.
    pub(crate) fn counts_changed(&self, users: Vec<UserId>) {
        self.users.revoke(&users);
        self.bus.tell(Signal::CountsChanged(users));
    }

    /// Forgets sessions that ended and a user who changed. To be called inside [`Desk::write`],
    /// after the commit.
    pub(crate) fn forget(&self, ended: &[EndedSession], user: UserId) {
        self.forget_sessions(ended, Some(user));
        self.users.revoke(&[user]);
    }

    /// The same of a user who was told of it in the inbox.
    pub(crate) fn warned(&self, ended: &[EndedSession], user: UserId) {
        self.forget(ended, user);
        self.bus.tell(Signal::Published);
    }

    /// Forgets sessions that ended; `user_id` when all are one user's.
    pub(crate) fn forget_sessions(&self, ended: &[EndedSession], user_id: Option<UserId>) {
        if !ended.is_empty() {
            self.sessions.revoke(ended.iter().map(|session| &session.token_hash));
            let sessions = ended.iter().map(|session| session.id).collect();
            self.bus.tell(Signal::SessionsEnded { user_id, sessions });
        }
    }

    /// Runs a command and, after its commit, what it owes the caches, as a task of its own: a client
    /// that hangs up or a request that runs past its deadline drops its future, but a command that
    /// was handed to the store commits all the same, and a revoked session that stayed in the cache
    /// would go on to open doors. What the command spent is counted in the caller's ledger.
    ///
    /// # Errors
    /// Those of the store. When it is not known whether the command was committed, every cache is
    /// emptied, so that the next request asks the store.
    pub(crate) async fn write<T, F>(self: &Arc<Self>, cx: &Cx, command: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a Desk, &'a Cx) -> Fut<'a, StoreResult<T>> + Send + 'static,
    {
        self.write_for(cx, None, command).await
    }

    /// The same for a command on the right of a caller's session. When the store says that this
    /// right is gone, memory forgets the session and its user: what it held was not so any more.
    ///
    /// # Errors
    /// The same, and [`StoreError::SessionEnded`] and [`StoreError::NotAdmin`].
    pub(crate) async fn write_by<T, F>(
        self: &Arc<Self>,
        cx: &Cx,
        caller: &Caller,
        command: F,
    ) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a Desk, &'a Cx) -> Fut<'a, StoreResult<T>> + Send + 'static,
    {
        self.write_for(cx, Some(caller), command).await
    }

    /// Either: for a caller, or for nobody who is signed in.
    pub(crate) async fn write_for<T, F>(
        self: &Arc<Self>,
        cx: &Cx,
        caller: Option<&Caller>,
        command: F,
    ) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a Desk, &'a Cx) -> Fut<'a, StoreResult<T>> + Send + 'static,
    {
        let own = Cx {
            request_id: cx.request_id,
            ledger: Ledger::new(),
            deadline: cx.deadline,
            urgency: cx.urgency,
            address: cx.address,
            language: cx.language,
        };
        let desk = Arc::clone(self);
        let by = caller.map(|caller| (caller.token_hash, caller.user.id));
        let task = tokio::spawn(async move {
            let outcome = command(&desk, &own).await;
            match (&outcome, by) {
                (Err(StoreError::Lost(_) | StoreError::Engine(_)), _) => desk.forget_everything(),
                (Err(StoreError::SessionEnded | StoreError::NotAdmin), Some((hash, user))) => {
                    desk.sessions.revoke(&[hash]);
                    desk.users.revoke(&[user]);
                }
                _ => {}
            }
            (outcome, own.ledger.snapshot(0))
        });
        match task.await {
            Ok((outcome, spent)) => {
                for (phase, ns) in spent.spent() {
                    cx.ledger.add(phase, ns);
                }
                outcome
            }
            Err(stopped) => {
                self.forget_everything();
                Err(StoreError::Lost(stopped.to_string()))
            }
        }
    }

    fn forget_everything(&self) {
        self.sessions.revoke_all();
        self.users.revoke_all();
        self.bus.tell(Signal::Unknown);
    }
}
