//! Sessions and the audit trail, as admins see and end them.

use galen_core::model::{AuditEntry, AuditFilter, Level, SessionFilter, SessionOwner};
use galen_core::post::{LetterCode, Param};
use galen_core::{Code, Cx, Page, PageRequest, Refusal, SessionId};

use crate::letters::with;
use crate::{Accounts, Caller};

impl Accounts {
    /// Sessions with their users, newest first, expired ones included until they are swept.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn sessions(
        &self,
        cx: &Cx,
        caller: &Caller,
        filter: SessionFilter,
        page: PageRequest,
    ) -> Result<Page<SessionOwner>, Refusal> {
        caller.require_admin()?;
        Ok(self.desk.store.sessions(cx, filter, page).await?)
    }

    /// Ends anybody's session (ASVS 5.0 7.4.5); its user is told.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::SessionNotFound`].
    pub async fn end_session(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: SessionId,
    ) -> Result<(), Refusal> {
        caller.require_admin()?;
        let owed = with(self.letter(cx, LetterCode::SessionRevoked), "count", Param::Number(1));
        let owed = self.noticed(owed, Level::Info, "An admin ended a session of yours");
        let act = self.act_by_admin(cx, caller);
        let own = (id == caller.session.id).then_some(caller.token_hash);
        let ended = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let ended = desk.store.revoke_session(cx, act, id, owed).await?;
                    if let Some((session, user)) = &ended {
                        desk.forget(std::slice::from_ref(session), *user);
                        desk.told_one(*user);
                    }
                    if let Some(own) = own {
                        desk.sessions.revoke(&[own]);
                    }
                    Ok(ended)
                })
            })
            .await?;
        ended.map(drop).ok_or_else(|| Refusal::new(Code::SessionNotFound))
    }

    /// Rows of the audit trail, newest first.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn audit(
        &self,
        cx: &Cx,
        caller: &Caller,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, Refusal> {
        caller.require_admin()?;
        Ok(self.desk.store.audit(cx, &filter, page).await?)
    }
}
