//! Giving the password again: the same session goes on, under a new token.

use galen_core::model::SessionOwner;
use galen_core::{Code, Cx, Refusal, Secret};

use crate::email::key_of_kept;
use crate::prove::{Attempt, Flow, Proof};
use crate::{Accounts, Caller, SignedIn, fields};

impl Accounts {
    /// Checks the caller's password once more and makes the session fresh, under a new token; the
    /// old one opens nothing any more (ASVS 5.0 7.2.4).
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at `/password`; [`Code::TooManyAttempts`], by the same counters as
    /// signing in from where the session was opened; [`Code::WrongPassword`];
    /// [`Code::SessionEnded`] when it ended meanwhile.
    pub async fn reauthenticate(
        &self,
        cx: &Cx,
        caller: &Caller,
        password: Secret<String>,
    ) -> Result<SignedIn, Refusal> {
        let password = fields::given_password(&password, "/password")
            .map_err(|field| Refusal::fields(vec![field]))?;
        self.prove_own(cx, caller, Flow::Reauthenticate, password).await?;
        let act = self.act_by(cx, caller);
        let authenticated_at = act.at;
        let id = caller.session.id;
        let token = self.mint_token();
        let token_hash = token.hash;
        let before = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let before = desk.store.reauthenticate(cx, act, id, token_hash).await?;
                    desk.forget_sessions(before.as_slice(), None);
                    Ok(before)
                })
            })
            .await?;
        if before.is_none() {
            return Err(Refusal::new(Code::SessionEnded));
        }
        let owner = SessionOwner {
            session: galen_core::model::Session { authenticated_at, ..caller.session.clone() },
            user: caller.user.as_ref().clone(),
        };
        Ok(self.signed_in(token, owner))
    }

    /// Proves the caller's own password, against the same counters as signing in from the place where
    /// the session was opened. That place is the owner's, because the session was opened there with
    /// the password: strangers who guess cannot keep the owner from this. And it is one place, however
    /// the address changes: whoever took a session gets no new allowance with each new address.
    pub(crate) async fn prove_own(
        &self,
        cx: &Cx,
        caller: &Caller,
        flow: Flow,
        password: Secret<String>,
    ) -> Result<Proof, Refusal> {
        let account = key_of_kept(&caller.user.email);
        let reservation = self.reserve_own(cx, &caller.session, &account)?;
        let found = self.desk.store.credentials_by_id(cx, caller.user.id).await;
        let credentials = match found {
            Ok(credentials) => credentials,
            Err(error) => {
                reservation.give_back();
                return Err(error.into());
            }
        };
        let attempt = Attempt { flow, actor: Some(caller.user.id), account, credentials, password };
        self.prove_password(cx, reservation, attempt)
            .await?
            .ok_or_else(|| Refusal::new(Code::WrongPassword))
    }
}
