//! What users do to their own account: be called otherwise, see and end sessions, leave.

use galen_core::model::{
    AuditCode, AuditEntry, AuditFilter, EndReason, KeptOf, ProfileChange, Session, User,
    UserChangeOutcome,
};
use galen_core::{Code, Cx, EndSession, Note, Page, PageRequest, Refusal, SessionId};

use crate::fields::Fields;
use crate::{Accounts, Caller, fields};

impl Accounts {
    /// Changes what the caller is called, and how it wants to see things.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/name` or `/preferences/time_zone`; [`Code::SessionEnded`] when the
    /// account is gone.
    pub async fn change_profile(
        &self,
        cx: &Cx,
        caller: &Caller,
        change: ProfileChange,
    ) -> Result<User, Refusal> {
        let mut wrong = Fields::default();
        let name = change.name.map(|name| fields::name(&name, "/name")).transpose();
        let name = wrong.take(name).flatten();
        let preferences = change.preferences;
        let zone = preferences.as_ref().and_then(|wanted| wanted.time_zone.as_deref());
        let detail = "Expected a time zone by its IANA name, such as Asia/Tehran.";
        let is_zone = zone.is_none_or(fields::is_time_zone);
        wrong.require(is_zone, "/preferences/time_zone", Code::FieldFormat, detail);
        wrong.finish()?;
        let act = self.act_by(cx, caller);
        let id = caller.user.id;
        self.desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let change = ProfileChange { name, preferences };
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

    /// What concerns the caller in the audit trail, whoever did it, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn my_trail(
        &self,
        cx: &Cx,
        caller: &Caller,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, Refusal> {
        let filter = AuditFilter { subject: Some(caller.user.id), actor: None, ..filter };
        Ok(self.desk.store.audit(cx, &filter, page).await?)
    }

    /// What is kept of the caller beside what its other reads give. That it was asked for stands in
    /// the trail: whoever takes over a session asks for it, too. It wants a fresh authentication.
    ///
    /// # Errors
    /// [`Code::FreshAuthenticationNeeded`]; [`Code::SessionEnded`]; those of the store.
    pub async fn my_kept(&self, cx: &Cx, caller: &Caller) -> Result<KeptOf, Refusal> {
        caller.require_fresh(self.clock.now())?;
        let (act, id) = (self.act_by(cx, caller), caller.user.id);
        let note = Note {
            code: AuditCode::DataExported,
            target: Some(format!("user:{id}")),
            params: "{}".to_owned(),
        };
        self.desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move { desk.store.note(cx, act, note).await })
            })
            .await?;
        Ok(self.desk.store.kept_of(cx, id).await?)
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
