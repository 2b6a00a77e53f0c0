//! Signing in: fields, limits, look-up, hash, session, in this order and no other.

use galen_core::model::UserStatus;
use galen_core::{Code, Cx, OpenSession, Refusal};

use crate::email::Address;
use crate::fields::{self, Fields};
use crate::prove::{Attempt, Flow};
use crate::{Accounts, Login, SignedIn};

impl Accounts {
    /// Signs somebody in under a new token (ASVS 5.0 7.2.4): whatever token the browser presented
    /// before opens nothing new, and its session ends.
    ///
    /// An unknown address, a wrong password and a disabled account get the same answer for the same
    /// work. The session is opened only if the password's hash is still the one that was checked, so
    /// a change of the password during the check is not raced past.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] when address or password cannot be one, which depends on nothing that
    /// is kept; [`Code::TooManyAttempts`]; [`Code::WrongCredentials`]; [`Code::Overloaded`] and
    /// [`Code::DeadlineExceeded`] of the hashing pool; [`Code::EmailNotVerified`] when the password was
    /// right and the address is to be proven first; those of the store.
    pub async fn login(&self, cx: &Cx, form: Login) -> Result<SignedIn, Refusal> {
        let mut wrong = Fields::default();
        let address = wrong.take(Address::parse_field(&form.email, "/email"));
        let password = wrong.take(fields::given_password(&form.password, "/password"));
        let (Some(address), Some(password)) = (address, password) else {
            return Err(wrong.refusal());
        };
        let reservation = self.reserve_sign_in(cx, &address.key).await?;
        let found = self.desk.store.credentials_by_email(cx, &address.key).await;
        let credentials = match found {
            Ok(credentials) => credentials,
            Err(error) => {
                reservation.give_back();
                return Err(error.into());
            }
        };
        let attempt =
            Attempt { flow: Flow::Login, actor: None, account: address.key, credentials, password };
        let proof = self
            .prove_password(cx, reservation, attempt)
            .await?
            .ok_or_else(|| Refusal::new(Code::WrongCredentials))?;
        let user_id = proof.credentials.user.id;
        if !self.policy.links.unproven_may_sign_in
            && self.desk.store.is_unproven(cx, user_id).await?
        {
            return Err(Refusal::new(Code::EmailNotVerified));
        }
        let act = self.act(cx, Some(user_id));
        let device = self.device(cx, form.user_agent.as_deref());
        let (token, session) = self.new_session(cx, user_id, form.user_agent, act.at);
        let open = OpenSession {
            session,
            password_hash: proof.credentials.password_hash,
            rehash: proof.rehash,
            replaces: form.replaces,
            sessions_max: self.policy.session.per_user_max(),
            device: Some(device),
        };
        let opened = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let opened = desk.store.open_session(cx, act, open).await?;
                    if let Some(opened) = &opened {
                        if opened.is_told {
                            desk.warned(opened.ended.as_slice(), user_id);
                        } else {
                            desk.forget(opened.ended.as_slice(), user_id);
                        }
                        desk.opened(user_id, opened.owner.session.id);
                    }
                    Ok(opened)
                })
            })
            .await?;
        match opened {
            Some(opened) if opened.owner.user.status == UserStatus::Active => {
                Ok(self.signed_in(token, opened.owner))
            }
            _ => Err(Refusal::new(Code::WrongCredentials)),
        }
    }
}
