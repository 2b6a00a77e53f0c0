//! The one way to prove a password: every verb that checks one goes through here.

use std::net::IpAddr;

use galen_core::model::{AuditCode, Credentials, EmailKey, Session, UserStatus};
use galen_core::{Cx, Id, Note, Phase, Refusal, Secret, UserId};

use crate::Accounts;
use crate::hash::{PoolError, Question};
use crate::limits::{Limits, Reservation, is_one_place};

/// What a password is proven for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Login,
    Reauthenticate,
    PasswordChange,
    VerifyEmail,
}

impl Flow {
    /// The flow as the audit trail names it.
    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Reauthenticate => "reauthenticate",
            Self::PasswordChange => "password_change",
            Self::VerifyEmail => "verify_email",
        }
    }
}

/// An attempt to prove a password.
pub(crate) struct Attempt {
    pub(crate) flow: Flow,
    /// Who is signed in already, if somebody is.
    pub(crate) actor: Option<UserId>,
    /// The account that is meant.
    pub(crate) account: EmailKey,
    /// Its credentials; `None` when there is no such account.
    pub(crate) credentials: Option<Credentials>,
    /// The password, in its normal form.
    pub(crate) password: Secret<String>,
}

/// A password that was right.
pub(crate) struct Proof {
    /// The credentials it was checked against.
    pub(crate) credentials: Credentials,
    /// Its hash with the parameters of today, when the kept one has others.
    pub(crate) rehash: Option<Secret<String>>,
}

/// The address from which a session was opened.
fn opened_from(session: &Session) -> Option<IpAddr> {
    session.address.as_deref().and_then(|text| text.parse().ok())
}

impl Accounts {
    /// Counts an attempt to sign in before any work is done for it, under [`Phase::Limits`].
    ///
    /// The places that owners are known to use are remembered in memory, and a restart forgets them.
    /// So before somebody is refused as a stranger, the addresses of the account's live sessions are
    /// asked: each was opened there with the password.
    ///
    /// # Errors
    /// [`galen_core::Code::TooManyAttempts`]; those of the store.
    pub(crate) async fn reserve_sign_in(
        &self,
        cx: &Cx,
        account: &EmailKey,
    ) -> Result<Reservation, Refusal> {
        let reserve = |limits: &Limits| limits.reserve_guess(cx.address, account);
        let refused = match self.under_limits(cx, reserve) {
            Ok(reservation) => return Ok(reservation),
            Err(refused) => refused,
        };
        if !refused.as_stranger
            || !self.limits.may_look_up(cx.address)
            || !self.has_session_here(cx, account).await?
        {
            return Err(refused.refusal);
        }
        self.limits.know(cx.address, account);
        self.under_limits(cx, reserve).map_err(|refused| refused.refusal)
    }

    /// Counts an attempt on the account of somebody who is signed in, as one from the place where the
    /// session was opened.
    ///
    /// # Errors
    /// [`galen_core::Code::TooManyAttempts`].
    pub(crate) fn reserve_own(
        &self,
        cx: &Cx,
        session: &Session,
        account: &EmailKey,
    ) -> Result<Reservation, Refusal> {
        let opened_from = opened_from(session);
        self.under_limits(cx, |limits| limits.reserve_own(cx.address, opened_from, account))
    }

    fn under_limits<T>(&self, cx: &Cx, work: impl FnOnce(&Limits) -> T) -> T {
        let mark = cx.ledger.open(self.clock.monotonic_ns());
        let outcome = work(&self.limits);
        cx.ledger.close(Phase::Limits, mark, self.clock.monotonic_ns());
        outcome
    }

    /// Whether a live session of the account was opened from where the request comes from. For an
    /// account that does not exist the same look-ups are made, and find nothing.
    async fn has_session_here(&self, cx: &Cx, account: &EmailKey) -> Result<bool, Refusal> {
        let store = &self.desk.store;
        let found = store.credentials_by_email(cx, account).await?;
        let user_id = found.map_or(UserId(Id::from_bytes([0; 16])), |known| known.user.id);
        let sessions = store.sessions_of(cx, user_id, self.clock.now()).await?;
        let here =
            |session| opened_from(session).is_some_and(|from| is_one_place(from, cx.address));
        Ok(sessions.iter().any(here))
    }

    /// Proves a password. It cannot be called without a reservation, so no way in can forget the
    /// limits; it takes the reservation, so one counted attempt checks one password.
    ///
    /// `None` says that the password is wrong, that there is no such account, or that it is disabled:
    /// the same answer for the same work, one hash and one row of the trail (ASVS 5.0 6.3.8). The
    /// rows are bounded because the attempts are. The attempt stays counted unless the password was
    /// right, or nothing was tried.
    ///
    /// # Errors
    /// Those of the hashing pool.
    pub(crate) async fn prove_password(
        &self,
        cx: &Cx,
        reservation: Reservation,
        attempt: Attempt,
    ) -> Result<Option<Proof>, Refusal> {
        let question = Question {
            password: attempt.password,
            kept: attempt.credentials.as_ref().map(|credentials| credentials.password_hash.clone()),
            renew: attempt.flow == Flow::Login,
        };
        let checked = match self.pool.check(cx, &reservation, question).await {
            Ok(checked) => checked,
            Err(PoolError::NotBegun(refusal)) => {
                reservation.give_back();
                return Err(refusal);
            }
            Err(PoolError::Failed(refusal)) => return Err(refusal),
        };
        let target = attempt.credentials.as_ref().map(|known| known.user.id);
        match attempt.credentials {
            Some(credentials) if checked.right && credentials.user.status == UserStatus::Active => {
                reservation.succeeded();
                Ok(Some(Proof { credentials, rehash: checked.rehash }))
            }
            _ => {
                let params = serde_json::json!({
                    "flow": attempt.flow.name(),
                    "account": self.account_digest(&attempt.account),
                });
                let note = Note {
                    code: AuditCode::LoginFailed,
                    target: target.map(|id| format!("user:{id}")),
                    params: params.to_string(),
                };
                let act = self.act(cx, attempt.actor);
                if let Err(error) = self.desk.store.note(cx, act, note).await {
                    // The answer must not depend on the trail: a store that is full would otherwise
                    // tell wrong passwords from right ones.
                    tracing::warn!(request_id = %cx.request_id, %error, "a failed sign-in could not be noted");
                }
                Ok(None)
            }
        }
    }

    /// What stands in the trail for an address: a keyed digest, by which attempts on one account can
    /// be told to belong together without writing down what people typed (ASVS 5.0 16.2.5).
    pub(crate) fn account_digest(&self, account: &EmailKey) -> String {
        let code = self.keys.code(&[b"galen audit account v1", account.0.as_bytes()]);
        code[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
