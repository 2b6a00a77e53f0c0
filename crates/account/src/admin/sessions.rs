//! Sessions and the audit trail, as admins see and end them.

use galen_core::model::{AuditEntry, AuditFilter, EndReason, SessionFilter, SessionOwner};
use galen_core::{Code, Cx, EndSession, Page, PageRequest, Refusal, SessionId};

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

    /// Ends anybody's session (ASVS 5.0 7.4.5).
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
        let ending = EndSession { id, owner: None, reason: EndReason::RevokedByAdmin };
        let act = self.act_by_admin(cx, caller);
        if self.end_one(cx, caller, act, ending).await? {
            Ok(())
        } else {
            Err(Refusal::new(Code::SessionNotFound))
        }
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
