//! Sessions and the audit trail, as admins see and end them.

use std::sync::Arc;

use galen_core::links::Owed;
use galen_core::model::{
    Act, AuditEntry, AuditFilter, Level, Revocation, RevokedOf, SessionFilter, SessionOwner,
};
use galen_core::post::{LetterCode, Param};
use galen_core::{AuditId, Code, Cx, Id, Page, PageRequest, Refusal, SessionId, UserId};

use crate::letters::with;
use crate::{Accounts, Caller};

/// How many sessions one slice ends: other writes go between two slices.
const SLICE_ROWS: u32 = 500;
/// How many slices there are at the most: five million sessions.
const SLICES_MAX: u32 = 10_000;

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
                        desk.warned(std::slice::from_ref(session), *user);
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

    /// Ends many sessions: a user's, those opened from an address, or everybody's; the caller's own
    /// goes on. A single user is told. It goes in slices, between which other writes go, and ends
    /// nothing that was opened after it began. Gives how many ended.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; those of the store, when what earlier
    /// slices ended stays ended.
    pub async fn end_sessions_of(
        &self,
        cx: &Cx,
        caller: &Caller,
        of: RevokedOf,
    ) -> Result<u64, Refusal> {
        caller.require_admin()?;
        caller.require_fresh(self.clock.now())?;
        let owed = match &of {
            RevokedOf::User(user) => Some(self.revoked_letter(cx, *user).await?),
            RevokedOf::Address(_) | RevokedOf::Everybody => None,
        };
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let revocation = Revocation {
            of,
            before: SessionId(Id::least_at(clock.now().plus_ms(1))),
            keep: caller.session.id,
            max_rows: SLICE_ROWS,
            owed,
        };
        let first = self.act_by_admin(cx, caller);
        let ended = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let mut ended = 0;
                    for _ in 0..SLICES_MAX {
                        let id = AuditId::mint(&*clock, &*entropy);
                        let act = Act { id, at: clock.now(), ..first.clone() };
                        let slice = desk.store.revoke_sessions(cx, act, revocation.clone()).await?;
                        ended += slice.len();
                        for one in slice.chunk_by(|one, next| one.user_id == next.user_id) {
                            let sessions: Vec<_> = one.iter().map(|one| one.session).collect();
                            if let Some(first) = one.first() {
                                desk.warned(&sessions, first.user_id);
                            }
                        }
                        if slice.len() < SLICE_ROWS as usize {
                            break;
                        }
                    }
                    Ok(ended)
                })
            })
            .await?;
        Ok(ended as u64)
    }

    /// The letter that tells a user that an admin ended all its sessions.
    async fn revoked_letter(&self, cx: &Cx, user: UserId) -> Result<Owed, Refusal> {
        let sessions = self.desk.store.sessions_of(cx, user, self.clock.now()).await?;
        let count = i64::try_from(sessions.len()).unwrap_or(i64::MAX);
        let owed = with(self.letter(cx, LetterCode::SessionRevoked), "count", Param::Number(count));
        Ok(self.noticed(owed, Level::Info, "An admin ended your sessions"))
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
