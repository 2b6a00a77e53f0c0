//! A user to be made, whoever makes it: the fields, the password's judgement, the command.

use galen_core::model::{EmailKey, NewUser, Role, User, UserCreation};
use galen_core::{Code, Cx, Refusal, Secret, TokenHash, UserId};

use crate::email::Address;
use crate::fields::{self, Fields};
use crate::hash::{Choice, Places};
use crate::password::Owner;
use crate::{Accounts, Caller, Registration};

/// A form whose fields were checked, but for how easy the password is to guess.
pub(crate) struct Newcomer {
    address: Address,
    name: String,
    password: Secret<String>,
}

impl Newcomer {
    /// The canonical form of the address.
    pub(crate) fn email_key(&self) -> &EmailKey {
        &self.address.key
    }
}

/// How the user comes to be.
#[derive(Clone, Copy)]
pub(crate) struct Making<'a> {
    /// Who makes it, when somebody is known.
    pub(crate) actor: Option<&'a Caller>,
    /// What it may do.
    pub(crate) role: Role,
    /// The setup token it hangs on.
    pub(crate) setup: Option<TokenHash>,
    /// How far its hash may queue up.
    pub(crate) places: Places,
}

impl Accounts {
    /// Checks the fields of a form.
    ///
    /// # Errors
    /// [`Code::InvalidFields`], with every wrong field.
    pub(crate) fn read_newcomer(&self, form: &Registration) -> Result<Newcomer, Refusal> {
        let mut wrong = Fields::default();
        let address = wrong.take(Address::parse_field(&form.email, "/email"));
        let name = wrong.take(fields::name(&form.name, "/name"));
        let password =
            wrong.take(fields::new_password(&form.password, "/password", &self.policy.password));
        match (address, name, password) {
            (Some(address), Some(name), Some(password)) => Ok(Newcomer { address, name, password }),
            _ => Err(wrong.refusal()),
        }
    }

    /// Judges and hashes the password. Gives the user to be made.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] when the password is easy to guess, and those of the pool.
    pub(crate) async fn hashed(
        &self,
        cx: &Cx,
        newcomer: Newcomer,
        role: Role,
        places: Places,
    ) -> Result<NewUser, Refusal> {
        let owner = Owner { email: newcomer.address.written.clone(), name: newcomer.name.clone() };
        let choice = Choice { password: newcomer.password, owner, places };
        let policy = &self.policy.password;
        let password_hash = self
            .pool
            .make(cx, choice, policy)
            .await?
            .map_err(|flaw| Refusal::fields(vec![flaw.field("/password", policy)]))?;
        Ok(NewUser {
            id: UserId::mint(self.clock.as_ref(), self.entropy.as_ref()),
            email: newcomer.address.written,
            email_key: newcomer.address.key,
            name: newcomer.name,
            password_hash,
            role,
        })
    }

    /// Judges and hashes the password, and makes the user.
    ///
    /// # Errors
    /// As above; [`Code::EmailTaken`], [`Code::SetupNotPossible`] when the setup token was refused,
    /// and those of the store.
    pub(crate) async fn make_user(
        &self,
        cx: &Cx,
        newcomer: Newcomer,
        making: Making<'_>,
    ) -> Result<User, Refusal> {
        let user = self.hashed(cx, newcomer, making.role, making.places).await?;
        let act = match making.actor {
            Some(caller) => self.act_by_admin(cx, caller),
            None => self.act(cx, None),
        };
        let setup = making.setup;
        let made = self
            .desk
            .write_for(cx, making.actor, move |desk, cx| {
                desk.store.create_user(cx, act, user, setup)
            })
            .await?;
        match made {
            UserCreation::Created(user) => Ok(user),
            UserCreation::EmailTaken => Err(Refusal::new(Code::EmailTaken)),
            UserCreation::TokenRefused => Err(Refusal::new(Code::SetupNotPossible)),
        }
    }
}
