//! Changing one's own password: every session ends, and the user goes on with a new one.

use galen_core::model::{Session, SessionOwner, User};
use galen_core::post::LetterCode;
use galen_core::{ChangePassword, Code, Cx, Refusal};

use crate::fields::{self, Fields};
use crate::hash::{Choice, Places};
use crate::password::Owner;
use crate::prove::Flow;
use crate::{Accounts, Caller, PasswordChange, SignedIn};

impl Accounts {
    /// Changes the caller's password. It needs the current one, whatever else was proven before
    /// (ASVS 5.0 6.2.3; CVE-2025-62425), ends every session (CVE-2026-81826) and opens a new one.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/current` and `/new`; [`Code::TooManyAttempts`];
    /// [`Code::WrongPassword`]; [`Code::SessionEnded`] when the password changed or the
    /// session ended meanwhile.
    pub async fn change_password(
        &self,
        cx: &Cx,
        caller: &Caller,
        change: PasswordChange,
    ) -> Result<SignedIn, Refusal> {
        let policy = &self.policy.password;
        let mut wrong = Fields::default();
        let current = wrong.take(fields::given_password(&change.current, "/current"));
        let new = wrong.take(fields::new_password(&change.new, "/new", policy));
        let (Some(current), Some(new)) = (current, new) else {
            return Err(wrong.refusal());
        };
        let proof = self.prove_own(cx, caller, Flow::PasswordChange, current).await?;
        let user = proof.credentials.user;
        let owner = Owner { email: user.email.clone(), name: user.name.clone() };
        let new_hash = self
            .pool
            .make(cx, Choice { password: new, owner, places: Places::All }, policy)
            .await?
            .map_err(|flaw| Refusal::fields(vec![flaw.field("/new", policy)]))?;
        let act = self.act_by(cx, caller);
        let now = act.at;
        let (token, session) = self.new_session(cx, user.id, change.user_agent, now);
        let opened = Session {
            id: session.id,
            user_id: session.user_id,
            created_at: now,
            last_seen_at: now,
            authenticated_at: now,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            address: session.address.clone(),
            user_agent: session.user_agent.clone(),
        };
        let owed = self.letter(cx, LetterCode::PasswordChanged);
        let owed = self.warning(owed, "Your password was changed");
        let change = ChangePassword {
            user_id: user.id,
            old_hash: proof.credentials.password_hash,
            new_hash,
            session,
            owed: Some(owed),
        };
        let user_id = user.id;
        let ended = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let ended = desk.store.change_password(cx, act, change).await?;
                    if let Some(ended) = &ended {
                        desk.forget(ended, user_id);
                        desk.told_one(user_id);
                    }
                    Ok(ended)
                })
            })
            .await?;
        if ended.is_none() {
            return Err(Refusal::new(Code::SessionEnded));
        }
        let user = self.user_after(cx, User { updated_at: now, ..user }).await?;
        let owner = SessionOwner { session: opened, user };
        Ok(self.signed_in(token, owner))
    }

    /// The user as it is after the change: the profile may have changed while the password was
    /// hashed. The password is changed already and the old sessions are gone, so a read that fails
    /// must not keep the new token from the user, who gets `known`, what was read before.
    async fn user_after(&self, cx: &Cx, known: User) -> Result<User, Refusal> {
        match self.desk.store.user(cx, known.id).await {
            Ok(found) => found.ok_or_else(|| Refusal::new(Code::SessionEnded)),
            Err(error) => {
                tracing::warn!(request_id = %cx.request_id, %error, "a user could not be read again");
                Ok(known)
            }
        }
    }
}
