//! The port on any engine: which read or command answers which call.

use std::future::Future;

use galen_core::model::{
    Act, AuditEntry, AuditFilter, Counts, Credentials, EmailKey, EndedSession, KeptOf, NewUser,
    PoolUse, Pressure, ProfileChange, Recycled, Revocation, Revoked, RuleChange, Session,
    SessionFilter, SessionOwner, SessionTouch, Silence, StoreFacts, SweepSlice, SweepWork, Upkeep,
    UpkeepAdvice, UpkeepReceipt, User, UserChange, UserChangeOutcome, UserCreation, UserFilter,
};
use galen_core::{
    ChangePassword, Cx, EndSession, EndSessions, Fut, Note, OpenSession, OpenedSession, Page,
    PageRequest, SessionId, SilenceId, Store, StoreResult, TokenHash, UnixMs, UserId,
};

use crate::commands::warrant::acting;
use crate::tx::Tx;
use crate::{commands, reads};

/// What a driver can do: run a read or a named command to its end, and tell of itself.
pub(crate) trait Engine: Send + Sync {
    /// Runs a read beside the writer.
    fn read<'a, T, F>(
        &'a self,
        cx: &'a Cx,
        work: F,
    ) -> impl Future<Output = StoreResult<T>> + Send + 'a
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static;

    /// Runs a command in its own savepoint; resolves after its commit is durable.
    fn command<'a, T, F>(
        &'a self,
        cx: &'a Cx,
        name: &'static str,
        work: F,
    ) -> impl Future<Output = StoreResult<T>> + Send + 'a
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static;

    /// The same for a command that a power cut may undo, because it would be done again: resolves
    /// after its commit, durable or not.
    fn redoable<'a, T, F>(
        &'a self,
        cx: &'a Cx,
        name: &'static str,
        work: F,
    ) -> impl Future<Output = StoreResult<T>> + Send + 'a
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static;

    /// Facts of the database.
    fn facts<'a>(&'a self, cx: &'a Cx)
    -> impl Future<Output = StoreResult<StoreFacts>> + Send + 'a;

    /// How pressed it is.
    fn pressure(&self) -> Pressure;

    /// How its readers and its writer are used.
    fn pool(&self) -> PoolUse;

    /// Takes the lock for writing and gives it back.
    fn probe_lock<'a>(&'a self, cx: &'a Cx) -> impl Future<Output = StoreResult<()>> + Send + 'a;

    /// Opens every reader's connection anew.
    fn recycle<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
    ) -> impl Future<Output = StoreResult<Recycled>> + Send + 'a;

    /// What maintenance would help.
    fn advise<'a>(
        &'a self,
        cx: &'a Cx,
    ) -> impl Future<Output = StoreResult<UpkeepAdvice>> + Send + 'a;

    /// One piece of maintenance.
    fn maintain<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        upkeep: Upkeep,
    ) -> impl Future<Output = StoreResult<UpkeepReceipt>> + Send + 'a;
}

/// The store on one engine; [`crate::SqliteStore`] names the one there is.
pub struct SqlStore<E>(pub(crate) E);

impl<E: Engine> Store for SqlStore<E> {
    fn credentials_by_email<'a>(
        &'a self,
        cx: &'a Cx,
        email: &'a EmailKey,
    ) -> Fut<'a, StoreResult<Option<Credentials>>> {
        let email = email.0.clone();
        Box::pin(self.0.read(cx, move |tx| reads::user::credentials_by_email(tx, &email)))
    }

    fn credentials_by_id<'a>(
        &'a self,
        cx: &'a Cx,
        id: UserId,
    ) -> Fut<'a, StoreResult<Option<Credentials>>> {
        Box::pin(self.0.read(cx, move |tx| reads::user::credentials_by_id(tx, id)))
    }

    fn user<'a>(&'a self, cx: &'a Cx, id: UserId) -> Fut<'a, StoreResult<Option<User>>> {
        Box::pin(self.0.read(cx, move |tx| reads::user::by_id(tx, id)))
    }

    fn users<'a>(
        &'a self,
        cx: &'a Cx,
        filter: &'a UserFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<User>>> {
        let filter = filter.clone();
        Box::pin(self.0.read(cx, move |tx| reads::user::page(tx, &filter, page)))
    }

    fn session_by_token<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
    ) -> Fut<'a, StoreResult<Option<SessionOwner>>> {
        Box::pin(self.0.read(cx, move |tx| reads::session::by_token(tx, &hash)))
    }

    fn sessions_of<'a>(
        &'a self,
        cx: &'a Cx,
        user_id: UserId,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<Vec<Session>>> {
        Box::pin(self.0.read(cx, move |tx| reads::session::of_user(tx, user_id, now)))
    }

    fn sessions<'a>(
        &'a self,
        cx: &'a Cx,
        filter: SessionFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<SessionOwner>>> {
        Box::pin(self.0.read(cx, move |tx| reads::session::page(tx, &filter, page)))
    }

    fn audit<'a>(
        &'a self,
        cx: &'a Cx,
        filter: &'a AuditFilter,
        page: PageRequest,
    ) -> Fut<'a, StoreResult<Page<AuditEntry>>> {
        let filter = filter.clone();
        Box::pin(self.0.read(cx, move |tx| reads::audit::page(tx, &filter, page)))
    }

    fn kept_of<'a>(&'a self, cx: &'a Cx, id: UserId) -> Fut<'a, StoreResult<KeptOf>> {
        Box::pin(self.0.read(cx, move |tx| reads::user::kept_of(tx, id)))
    }

    fn counts<'a>(&'a self, cx: &'a Cx, now: UnixMs) -> Fut<'a, StoreResult<Counts>> {
        Box::pin(self.0.read(cx, move |tx| reads::vitals::counts(tx, now)))
    }

    fn setup_opens<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
        now: UnixMs,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.read(cx, move |tx| commands::setup::opens(tx, &hash, now)))
    }

    fn facts<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<StoreFacts>> {
        Box::pin(Engine::facts(&self.0, cx))
    }

    fn pressure(&self) -> Pressure {
        self.0.pressure()
    }

    fn pool(&self) -> PoolUse {
        self.0.pool()
    }

    fn rule_changes<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<Vec<RuleChange>>> {
        Box::pin(self.0.read(cx, reads::alert::rule_changes))
    }

    fn silences<'a>(&'a self, cx: &'a Cx, now: UnixMs) -> Fut<'a, StoreResult<Vec<Silence>>> {
        Box::pin(self.0.read(cx, move |tx| reads::alert::silences(tx, now)))
    }

    fn advise<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<UpkeepAdvice>> {
        Box::pin(Engine::advise(&self.0, cx))
    }

    fn create_user<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user: NewUser,
        setup: Option<TokenHash>,
    ) -> Fut<'a, StoreResult<UserCreation>> {
        Box::pin(self.0.command(
            cx,
            "account.create_user",
            acting(act, move |tx, act| commands::user::create(tx, act, &user, setup.as_ref())),
        ))
    }

    fn offer_setup<'a>(
        &'a self,
        cx: &'a Cx,
        hash: TokenHash,
        expires_at: UnixMs,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(cx, "account.offer_setup", move |tx| {
            commands::setup::offer(tx, &hash, expires_at)
        }))
    }

    fn open_session<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        open: OpenSession,
    ) -> Fut<'a, StoreResult<Option<OpenedSession>>> {
        Box::pin(self.0.command(
            cx,
            "account.open_session",
            acting(act, move |tx, act| commands::session::open(tx, act, &open)),
        ))
    }

    fn touch_sessions<'a>(
        &'a self,
        cx: &'a Cx,
        touches: Vec<SessionTouch>,
    ) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(cx, "account.touch_sessions", move |tx| {
            commands::session::touch(tx, &touches)
        }))
    }

    fn end_session<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        ending: EndSession,
    ) -> Fut<'a, StoreResult<Option<EndedSession>>> {
        Box::pin(self.0.command(
            cx,
            "account.end_session",
            acting(act, move |tx, act| commands::ending::end_session(tx, act, ending)),
        ))
    }

    fn end_sessions<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        ending: EndSessions,
    ) -> Fut<'a, StoreResult<Vec<EndedSession>>> {
        Box::pin(self.0.command(
            cx,
            "account.end_sessions",
            acting(act, move |tx, act| commands::ending::end_sessions(tx, act, ending)),
        ))
    }

    fn revoke_sessions<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        revocation: Revocation,
    ) -> Fut<'a, StoreResult<Vec<Revoked>>> {
        Box::pin(self.0.command(
            cx,
            "account.revoke_sessions",
            acting(act, move |tx, act| commands::ending::revoke(tx, act, &revocation)),
        ))
    }

    fn reauthenticate<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: SessionId,
        token_hash: TokenHash,
    ) -> Fut<'a, StoreResult<Option<EndedSession>>> {
        Box::pin(self.0.command(
            cx,
            "account.reauthenticate",
            acting(act, move |tx, act| commands::session::reauthenticate(tx, act, id, &token_hash)),
        ))
    }

    fn change_password<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        change: ChangePassword,
    ) -> Fut<'a, StoreResult<Option<Vec<EndedSession>>>> {
        Box::pin(self.0.command(
            cx,
            "account.change_password",
            acting(act, move |tx, act| commands::password::change(tx, act, &change)),
        ))
    }

    fn change_profile<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: UserId,
        change: ProfileChange,
    ) -> Fut<'a, StoreResult<Option<User>>> {
        Box::pin(self.0.command(
            cx,
            "account.change_profile",
            acting(act, move |tx, act| commands::user::change_profile(tx, act, id, &change)),
        ))
    }

    fn change_user<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: UserId,
        change: UserChange,
    ) -> Fut<'a, StoreResult<UserChangeOutcome>> {
        Box::pin(self.0.command(
            cx,
            "account.change_user",
            acting(act, move |tx, act| commands::user::change(tx, act, id, &change)),
        ))
    }

    fn delete_user<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: UserId,
    ) -> Fut<'a, StoreResult<UserChangeOutcome>> {
        Box::pin(self.0.command(
            cx,
            "account.delete_user",
            acting(act, move |tx, act| commands::user::delete(tx, act, id)),
        ))
    }

    fn note<'a>(&'a self, cx: &'a Cx, act: Act, note: Note) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(
            cx,
            "account.note",
            acting(act, move |tx, act| commands::audit::note(tx, act, &note)),
        ))
    }

    fn sweep<'a>(&'a self, cx: &'a Cx, work: SweepWork) -> Fut<'a, StoreResult<SweepSlice>> {
        Box::pin(self.0.redoable(cx, "upkeep.sweep", move |tx| commands::sweep::slice(tx, work)))
    }

    fn canary<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(cx, "upkeep.canary", commands::canary::sing))
    }

    fn probe_lock<'a>(&'a self, cx: &'a Cx) -> Fut<'a, StoreResult<()>> {
        Box::pin(Engine::probe_lock(&self.0, cx))
    }

    fn recycle<'a>(&'a self, cx: &'a Cx, act: Act) -> Fut<'a, StoreResult<Recycled>> {
        Box::pin(Engine::recycle(&self.0, cx, act))
    }

    fn change_rule<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        change: RuleChange,
    ) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(
            cx,
            "alert.change_rule",
            acting(act, move |tx, act| commands::alert::change_rule(tx, act, &change)),
        ))
    }

    fn reset_rule<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        rule: String,
        object: String,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(
            cx,
            "alert.reset_rule",
            acting(act, move |tx, act| commands::alert::reset_rule(tx, act, &rule, &object)),
        ))
    }

    fn silence<'a>(&'a self, cx: &'a Cx, act: Act, silence: Silence) -> Fut<'a, StoreResult<()>> {
        Box::pin(self.0.command(
            cx,
            "alert.silence",
            acting(act, move |tx, act| commands::alert::silence(tx, act, &silence)),
        ))
    }

    fn end_silence<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        id: SilenceId,
    ) -> Fut<'a, StoreResult<bool>> {
        Box::pin(self.0.command(
            cx,
            "alert.end_silence",
            acting(act, move |tx, act| commands::alert::end_silence(tx, act, id)),
        ))
    }

    fn maintain<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        upkeep: Upkeep,
    ) -> Fut<'a, StoreResult<UpkeepReceipt>> {
        Box::pin(Engine::maintain(&self.0, cx, act, upkeep))
    }
}
