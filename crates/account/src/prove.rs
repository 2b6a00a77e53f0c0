//! The one way to prove a password: every verb that checks one goes through here.

use galen_core::model::{AuditCode, Credentials, EmailKey, UserStatus};
use galen_core::{Cx, Note, Phase, Refusal, Secret, UserId};

use crate::Accounts;
use crate::hash::{PoolError, Question};
use crate::limits::Reservation;

/// What a password is proven for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Login,
    Reauthenticate,
    PasswordChange,
}

impl Flow {
    /// The flow as the audit trail names it.
    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Reauthenticate => "reauthenticate",
            Self::PasswordChange => "password_change",
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

impl Accounts {
    /// Counts an attempt on an account before any work is done for it, under [`Phase::Limits`].
    ///
    /// # Errors
    /// [`galen_core::Code::TooManyAttempts`].
    pub(crate) fn reserve(&self, cx: &Cx, account: &EmailKey) -> Result<Reservation, Refusal> {
        let mark = cx.ledger.open(self.clock.monotonic_ns());
        let reserved = self.limits.reserve_guess(cx.address, account);
        cx.ledger.close(Phase::Limits, mark, self.clock.monotonic_ns());
        reserved
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
    fn account_digest(&self, account: &EmailKey) -> String {
        let code = self.keys.code(&[b"galen audit account v1", account.0.as_bytes()]);
        code[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
