//! What users do to their own account: be called otherwise, see and end sessions, leave.

use galen_core::model::{EndReason, ProfileChange, Session, User, UserChangeOutcome};
use galen_core::{Code, Cx, EndSession, Refusal, SessionId};

use crate::{Accounts, Caller, fields};

impl Accounts {
    /// Changes what the caller is called.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/name`; [`Code::SessionEnded`] when the account is gone.
    pub async fn change_profile(
        &self,
        cx: &Cx,
        caller: &Caller,
        change: ProfileChange,
    ) -> Result<User, Refusal> {
        let name = change
            .name
            .map(|name| fields::name(&name, "/name"))
            .transpose()
            .map_err(|field| Refusal::fields(vec![field]))?;
        let act = self.act_by(cx, caller);
        let id = caller.user.id;
        self.desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let change = ProfileChange { name };
                    let user = desk.store.change_profile(cx, act, id, change).await?;
                    desk.forget(&[], id);
                    Ok(user)
                })
            })
            .await?
            .ok_or_else(|| Refusal::new(Code::SessionEnded))
    }

    /// Deletes the caller's account with its sessions. It wants a fresh authentication.
    ///
    /// # Errors
    /// [`Code::FreshAuthenticationNeeded`]; [`Code::LastAdmin`]; [`Code::SessionEnded`] when the
    /// account is gone already.
    pub async fn delete_me(&self, cx: &Cx, caller: &Caller) -> Result<(), Refusal> {
        caller.require_fresh(self.clock.now())?;
        let act = self.act_by(cx, caller);
        match self.delete_by(cx, caller, act, caller.user.id).await? {
            UserChangeOutcome::Done { .. } => Ok(()),
            UserChangeOutcome::NotFound => Err(Refusal::new(Code::SessionEnded)),
            UserChangeOutcome::LastAdmin => Err(Refusal::new(Code::LastAdmin)),
        }
    }

    /// The caller's sessions that have not ended, newest first, at most 200. `last_seen_at` lags
    /// behind by the touch interval at the most.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn my_sessions(&self, cx: &Cx, caller: &Caller) -> Result<Vec<Session>, Refusal> {
        let now = self.clock.now();
        Ok(self.desk.store.sessions_of(cx, caller.user.id, now).await?)
    }

    /// Ends one of the caller's sessions; nobody else's (ASVS 5.0 8.2.2). The caller's own is a
    /// sign-out, which is no error when it has ended already.
    ///
    /// # Errors
    /// [`Code::SessionNotFound`], also for a session of somebody else.
    pub async fn end_my_session(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: SessionId,
    ) -> Result<(), Refusal> {
        if id == caller.session.id {
            return self.logout(cx, caller).await;
        }
        let reason = EndReason::RevokedByUser;
        let ending = EndSession { id, owner: Some(caller.user.id), reason };
        let act = self.act_by(cx, caller);
        if self.end_one(cx, caller, act, ending).await? {
            Ok(())
        } else {
            Err(Refusal::new(Code::SessionNotFound))
        }
    }
}
