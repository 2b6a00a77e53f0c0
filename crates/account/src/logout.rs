//! Signing out, here or everywhere.

use galen_core::model::{Act, EndReason};
use galen_core::{Cx, EndSession, EndSessions, Refusal};

use crate::{Accounts, Caller};

impl Accounts {
    /// Ends the caller's session. One that has ended already is no error, and so the act hangs on no
    /// warrant: it can end nothing but the session it comes from.
    ///
    /// # Errors
    /// Those of the store; then it may or may not have ended.
    pub async fn logout(&self, cx: &Cx, caller: &Caller) -> Result<(), Refusal> {
        let ending = EndSession {
            id: caller.session.id,
            owner: Some(caller.user.id),
            reason: EndReason::Logout,
        };
        let act = self.act(cx, Some(caller.user.id));
        self.end_one(cx, caller, act, ending).await.map(drop)
    }

    /// Ends all of the caller's sessions, this one included. Gives how many they were.
    ///
    /// # Errors
    /// [`galen_core::Code::SessionEnded`] when this one had ended; those of the store.
    pub async fn logout_all(&self, cx: &Cx, caller: &Caller) -> Result<u64, Refusal> {
        let act = self.act_by(cx, caller);
        let own = caller.token_hash;
        let ending =
            EndSessions { user_id: caller.user.id, keep: None, reason: EndReason::LogoutAll };
        let ended = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let ended = desk.store.end_sessions(cx, act, ending).await?;
                    desk.forget_sessions(&ended, Some(ending.user_id));
                    desk.sessions.revoke(&[own]);
                    Ok(ended)
                })
            })
            .await?;
        Ok(ended.len() as u64)
    }

    /// Ends one session, by `caller`. Gives whether there was such a one. When it is the caller's own,
    /// memory forgets it even when the store had no row of it any more.
    pub(crate) async fn end_one(
        &self,
        cx: &Cx,
        caller: &Caller,
        act: Act,
        ending: EndSession,
    ) -> Result<bool, Refusal> {
        let own = (ending.id == caller.session.id).then_some(caller.token_hash);
        let whose = ending.owner.or(own.map(|_| caller.user.id));
        let ended = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let ended = desk.store.end_session(cx, act, ending).await?;
                    desk.forget_sessions(ended.as_slice(), whose);
                    if let Some(own) = own {
                        desk.sessions.revoke(&[own]);
                    }
                    Ok(ended)
                })
            })
            .await?;
        Ok(ended.is_some())
    }
}
