//! The port to whatever keeps the data: reads, and writes that are named commands.
//!
//! A command runs to its end inside the store, in its own savepoint, together with the audit rows
//! it owes; the future resolves after the commit is durable. No transaction spans an await of the
//! caller, because an interactive transaction would stall every other writer. Every call counts its
//! waits and its statements in the ledger of its [`Cx`].

use std::future::Future;
use std::pin::Pin;

use crate::dispatch::Dispatcher;
use crate::links::{Device, Links, Owed};
use crate::model::{
    Act, AuditCode, AuditEntry, AuditFilter, Counts, Credentials, EmailKey, EndReason,
    EndedSession, KeptOf, NewSession, NewUser, PoolUse, Pressure, ProfileChange, Recycled,
    Revocation, Revoked, RuleChange, Session, SessionFilter, SessionOwner, SessionTouch, Silence,
    StoreFacts, SweepSlice, SweepWork, Upkeep, UpkeepAdvice, UpkeepReceipt, User, UserChange,
    UserChangeOutcome, UserCreation, UserFilter,
};
use crate::outbox::Outbox;
use crate::preferences::PreferenceStore;
use crate::push::Subscriptions;
use crate::webhooks::Webhooks;
use crate::{
    Code, Cx, Page, PageRequest, Refusal, Secret, SessionId, SilenceId, TokenHash, UnixMs, UserId,
};

/// A boxed future, so that ports are object-safe.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a call to the store gives.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why the store did not do it. A write that failed so was not acknowledged; whether it happened is
/// known to be "no" except for [`StoreError::Lost`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A bounded queue is full.
    #[error("the {queue} queue is full")]
    Full {
        /// Which queue: `writer` or `readers`.
        queue: &'static str,
    },
    /// The deadline passed while the work waited; it was not begun.
    #[error("the deadline passed in the {queue} queue")]
    TooLate {
        /// Which queue.
        queue: &'static str,
    },
    /// Somebody else holds the database's lock.
    #[error("the database is locked by another process")]
    Locked,
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The engine reported a fault; the words are for the log, never for a client.
    #[error("the database failed: {0}")]
    Engine(String),
    /// The session on whose right the command acted has ended, or its user is gone or disabled.
    #[error("the session that acted has ended")]
    SessionEnded,
    /// The command wants an admin, and who acted is none any more.
    #[error("who acted is no admin any more")]
    NotAdmin,
    /// The API key on whose right the command acted works no more.
    #[error("the API key that acted works no more")]
    KeyEnded,
    /// The commit failed after it was begun, or the store stopped: the outcome is not known.
    #[error("the outcome of the write is not known: {0}")]
    Lost(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let (code, retry_after_ms) = match error {
            StoreError::Full { .. } => (Code::Overloaded, Some(1_000)),
            StoreError::TooLate { .. } => (Code::DeadlineExceeded, Some(1_000)),
            StoreError::Locked => (Code::DatabaseBusy, Some(2_000)),
            StoreError::DiskFull => (Code::DiskFull, Some(5_000)),
            StoreError::SessionEnded => (Code::SessionEnded, None),
            StoreError::NotAdmin => (Code::NotAdmin, None),
            StoreError::KeyEnded => (Code::ApiKeyInvalid, None),
            StoreError::Engine(_) | StoreError::Lost(_) => (Code::Internal, None),
        };
        Self { retry_after_ms, ..Self::new(code) }
    }
}

/// The port. One implementation a database; the conformance suite of the testkit runs on each. Some
/// nouns have traits of their own: what users are told, what they want to be told and by which
/// browsers, how it is carried on, links that open once, what waits to leave the house, and webhooks.
pub trait Store:
    crate::NoticeStore + PreferenceStore + Subscriptions + Dispatcher + Links + Outbox + Webhooks
{
    // Reads.

    /// The user with this canonical address, with its password hash.
    fn credentials_by_email<'a>(
        &'a self,
        cx: &'a Cx,
        email: &'a EmailKey,
    ) -> Fut<'a, StoreResult<Option<Credentials>>>;

    /// The user with this identifier, with its password hash.
    fn credentials_by_id<'a>(
        &'a self,
        cx: &'a Cx,
        id: UserId,
    ) -> Fut<'a, StoreResult<Option<Credentials>>>;

    /// The user with this identifier.
    fn user<'a>(&'a self, cx: &'a Cx, id: UserId) -> Fut<'a, StoreResult<Option<User>>>;

    /// Users, newest first.
    fn users<'a>(
        &'a self,
        cx: &'a Cx,
        filter: &'a UserFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<User>>>;

    /// The session under this hash with its user, expired or not, whatever the user's status.
    fn session_by_token<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
    ) -> Fut<'a, StoreResult<Option<SessionOwner>>>;

    /// A user's sessions that have not expired at `now`, newest first, at most 200.
    fn sessions_of<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<Vec<Session>>>;

    /// Sessions with their users, newest first, expired ones included.
    fn sessions<'a>(
        &'a self,
        cx: &'a Cx,
        filter: SessionFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<SessionOwner>>>;

    /// Rows of the audit trail, newest first.
    fn audit<'a>(
        &'a self,
        cx: &'a Cx,
        filter: &'a AuditFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<AuditEntry>>>;

    /// What is kept of a user beside what other reads give.
    fn kept_of<'a>(&'a self, cx: &'a Cx, id: UserId) -> Fut<'a, StoreResult<KeptOf>>;

    /// The counts that are kept; `now` divides active sessions from expired ones.
    fn counts<'a>(&'a self, cx: &'a Cx, now: UnixMs) -> Fut<'a, StoreResult<Counts>>;

    /// Whether this setup token would open just now: it waits, it has not expired at `now`, and no
    /// active admin exists. It reserves nothing; the command that redeems the token decides.
    fn setup_opens<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<bool>>;

    /// Facts of the database.
    fn facts<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<StoreFacts>>;

    /// How pressed the store is just now. Costs nothing and touches nothing.
    fn pressure(&self) -> Pressure;

    /// How the readers and the writer are used just now. Costs nothing and touches nothing.
    fn pool(&self) -> PoolUse;

    /// Rules that admins changed, at most a thousand.
    fn rule_changes<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<RuleChange>>>;

    /// Silences that end after `now`, at most a thousand, those that end first first.
    fn silences<'a>(&'a self, cx: &'a Cx, now: UnixMs) -> Fut<'a, StoreResult<Vec<Silence>>>;

    /// What maintenance would help just now; nothing is changed.
    fn advise<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<UpkeepAdvice>>;

    // Commands. Each that takes an act first looks at its warrant, if it has one, and is refused
    // with [`StoreError::SessionEnded`] or [`StoreError::NotAdmin`] before it changes anything.

    /// `account.create_user`: makes a user. With `setup` it also redeems that setup token, and
    /// succeeds only while no active admin exists.
    fn create_user<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user: NewUser,
        setup: Option<TokenHash>,
    ) -> Fut<'a, StoreResult<UserCreation>>;

    /// `account.offer_setup`: keeps the hash of a setup token until `expires_at`, in place of any
    /// earlier one. Gives `false`, and keeps nothing, when an active admin exists.
    fn offer_setup<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
        expires_at: UnixMs,
    ) -> Fut<'a, StoreResult<bool>>;

    /// `account.open_session`: opens a session, ends the one it replaces if any, and the user's
    /// oldest ones beyond `sessions_max`, a bounded number at a time; notes the sign-in.
    /// `rehash` replaces the password's hash when its parameters were out of date. Gives `None`,
    /// and opens nothing, when the user is gone or disabled or `password_hash` is no longer its
    /// hash: the password changed while it was being checked.
    fn open_session<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        open: OpenSession,
    ) -> Fut<'a, StoreResult<Option<OpenedSession>>>;

    /// `account.touch_sessions`: writes down uses of sessions; those that ended meanwhile stay ended.
    /// It needs no warrant: it changes rows that are there and have not expired, and nothing else.
    fn touch_sessions<'a>(
        &'a self,
        cx: &'a Cx,
        touches: Vec<SessionTouch>,
    ) -> Fut<'a, StoreResult<()>>;

    /// `account.end_session`: ends one session.
    fn end_session<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        ending: EndSession,
    ) -> Fut<'a, StoreResult<Option<EndedSession>>>;

    /// `account.end_sessions`: ends the sessions of a user.
    fn end_sessions<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        ending: EndSessions,
    ) -> Fut<'a, StoreResult<Vec<EndedSession>>>;

    /// `account.revoke_sessions`: one bounded slice of an admin's ending of sessions.
    fn revoke_sessions<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        revocation: Revocation,
    ) -> Fut<'a, StoreResult<Vec<Revoked>>>;

    /// `account.reauthenticate`: the session's user gave the right password just now; the session
    /// goes on under a new token (ASVS 7.2.4). Gives the session it was, when it still exists.
    fn reauthenticate<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: SessionId,
        token_hash: TokenHash,
    ) -> Fut<'a, StoreResult<Option<EndedSession>>>;

    /// `account.change_password`: sets a new hash if the old one is still `change.old_hash`, ends
    /// all the user's sessions and opens a new one. `None` when the hash or the user has changed.
    fn change_password<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        change: ChangePassword,
    ) -> Fut<'a, StoreResult<Option<Vec<EndedSession>>>>;

    /// `account.change_profile`: changes what a user may change of itself. `None`: no such user.
    fn change_profile<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: UserId,
        change: ProfileChange,
    ) -> Fut<'a, StoreResult<Option<User>>>;

    /// `account.change_user`: an admin's change. A change of role or a disabling ends all sessions.
    fn change_user<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: UserId,
        change: UserChange,
    ) -> Fut<'a, StoreResult<UserChangeOutcome>>;

    /// `account.delete_user`: deletes a user and its sessions at once; its notifications leave with
    /// later slices of the sweep.
    fn delete_user<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: UserId,
    ) -> Fut<'a, StoreResult<UserChangeOutcome>>;

    /// `account.note`: adds a row to the audit trail that no other command owes (a failed login).
    fn note<'a>(&'a self, cx: &'a Cx, act: Act, note: Note) -> Fut<'a, StoreResult<()>>;

    /// `upkeep.sweep`: one bounded slice of removing what has expired, through an index. The one
    /// command whose answer does not wait for the disk: what a power cut undoes is swept again.
    fn sweep<'a>(&'a self, cx: &'a Cx, work: SweepWork) -> Fut<'a, StoreResult<SweepSlice>>;

    /// `upkeep.canary`: changes one row, durably. It fails when writes fail: on a full disk, behind
    /// somebody else's lock.
    fn canary<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<()>>;

    /// `upkeep.probe_lock`: takes the lock for writing and gives it back, changing nothing on the disk.
    /// It waits as long as any command would, and tells whether commands would be served.
    fn probe_lock<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<()>>;

    /// `upkeep.recycle`: closes every reader's connection and opens it anew, one after the other, each
    /// when it is free; noted in the audit trail.
    fn recycle<'a>(&'a self, cx: &'a Cx, act: Act) -> Fut<'a, StoreResult<Recycled>>;

    /// `alert.change_rule`: keeps how an admin changed a rule, in place of an earlier change of the
    /// same rule and object.
    fn change_rule<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        change: RuleChange,
    ) -> Fut<'a, StoreResult<()>>;

    /// `alert.reset_rule`: forgets the change of a rule for an object. Gives whether there was one.
    fn reset_rule<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        rule: String,
        object: String,
    ) -> Fut<'a, StoreResult<bool>>;

    /// `alert.silence`: keeps a silence, and forgets those that ended more than a day ago.
    fn silence<'a>(&'a self, cx: &'a Cx, act: Act, silence: Silence) -> Fut<'a, StoreResult<()>>;

    /// `alert.end_silence`: ends a silence now. Gives whether it was there.
    fn end_silence<'a>(&'a self, cx: &'a Cx, act: Act, id: SilenceId)
    -> Fut<'a, StoreResult<bool>>;

    /// `upkeep.maintain`: one piece of maintenance, noted in the audit trail.
    fn maintain<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        upkeep: Upkeep,
    ) -> Fut<'a, StoreResult<UpkeepReceipt>>;
}

/// The input of `account.open_session`.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// The session to open.
    pub session: NewSession,
    /// The hash the password was checked against.
    pub password_hash: Secret<String>,
    /// A new hash of the same password, when the kept one's parameters are out of date.
    pub rehash: Option<Secret<String>>,
    /// The session the same browser had before, ended as `replaced`.
    pub replaces: Option<SessionId>,
    /// How many sessions the user may have with this one, at least 1; those that expired and were
    /// not swept yet count. The oldest beyond it end as `too_many`.
    pub sessions_max: u32,
    /// The device it is opened from; its user is told when it is a new one of several.
    pub device: Option<Device>,
}

/// What `account.open_session` gives.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// The session with its user.
    pub owner: SessionOwner,
    /// The session that was replaced, and those that were too many.
    pub ended: Vec<EndedSession>,
    /// Whether its user was told of it in the inbox.
    pub is_told: bool,
}

/// The input of `account.change_password`.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// Whose password.
    pub user_id: UserId,
    /// The hash the current password was checked against.
    pub old_hash: Secret<String>,
    /// The new password's hash.
    pub new_hash: Secret<String>,
    /// The session the user goes on with.
    pub session: NewSession,
    /// The letter that tells the user, when the user is to be told.
    pub owed: Option<Owed>,
}

/// The input of `account.end_session`.
#[derive(Clone, Copy, Debug)]
pub struct EndSession {
    /// Which session.
    pub id: SessionId,
    /// Only when it is this user's: what a user may end.
    pub owner: Option<UserId>,
    /// Why.
    pub reason: EndReason,
}

/// The input of `account.end_sessions`.
#[derive(Clone, Copy, Debug)]
pub struct EndSessions {
    /// Whose sessions.
    pub user_id: UserId,
    /// The one that goes on, if any.
    pub keep: Option<SessionId>,
    /// Why.
    pub reason: EndReason,
}

/// The input of `account.note`.
#[derive(Clone, Debug)]
pub struct Note {
    /// What happened.
    pub code: AuditCode,
    /// To whom or what: `user:…` or `session:…`.
    pub target: Option<String>,
    /// Typed parameters, a JSON object as text; never a secret.
    pub params: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_a_full_disk_and_not_as_a_lock() {
        let refusal = Refusal::from(StoreError::DiskFull);
        assert_eq!(refusal.code.text(), "server.disk_full");
        assert_eq!(refusal.code.kind(), crate::Kind::Unavailable);
        assert!(refusal.detail.contains("Make room"), "{}", refusal.detail);
        assert_eq!(Refusal::from(StoreError::Locked).code, Code::DatabaseBusy);
    }
}
