//! Signing out, here or everywhere.

use galen_core::model::EndReason;
use galen_core::{Cx, EndSession, EndSessions, Refusal};

use crate::{Accounts, Caller};

impl Accounts {
    /// Ends the caller's session. One that has ended already is no error.
    ///
    /// # Errors
    /// Those of the store; then it may or may not have ended.
    pub async fn logout(&self, cx: &Cx, caller: &Caller) -> Result<(), Refusal> {
        let ending = EndSession {
            id: caller.session.id,
            owner: Some(caller.user.id),
            reason: EndReason::Logout,
        };
        self.end_one(cx, caller, ending).await.map(drop)
    }

    /// Ends all of the caller's sessions, this one included. Gives how many they were.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn logout_all(&self, cx: &Cx, caller: &Caller) -> Result<u64, Refusal> {
        let act = self.act(cx, Some(caller.user.id));
        let ending =
            EndSessions { user_id: caller.user.id, keep: None, reason: EndReason::LogoutAll };
        let ended = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let ended = desk.store.end_sessions(cx, act, ending).await?;
                    desk.forget_sessions(&ended);
                    Ok(ended)
                })
            })
            .await?;
        Ok(ended.len() as u64)
    }

    /// Ends one session, by `caller`. Gives whether there was such a one.
    pub(crate) async fn end_one(
        &self,
        cx: &Cx,
        caller: &Caller,
        ending: EndSession,
    ) -> Result<bool, Refusal> {
        let act = self.act(cx, Some(caller.user.id));
        let ended = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let ended = desk.store.end_session(cx, act, ending).await?;
                    desk.forget_sessions(ended.as_slice());
                    Ok(ended)
                })
            })
            .await?;
        Ok(ended.is_some())
    }
}
