//! Users, as admins see and change them.

use galen_core::model::{Act, Role, User, UserChange, UserChangeOutcome, UserFilter, UserStatus};
use galen_core::{Code, Cx, Page, PageRequest, Refusal, UserId};

use crate::fold::fold;
use crate::hash::Places;
use crate::newcomer::Making;
use crate::{Accounts, AdminUser, Caller, Registration, fields};

impl Accounts {
    /// Users, newest first. The filter's prefix is folded as addresses are.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn users(
        &self,
        cx: &Cx,
        caller: &Caller,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>, Refusal> {
        caller.require_admin()?;
        let email_prefix = filter.email_prefix.map(|prefix| fold(prefix.trim()));
        let filter = UserFilter { email_prefix, ..filter };
        Ok(self.desk.store.users(cx, &filter, page).await?)
    }

    /// One user.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::UserNotFound`].
    pub async fn user(&self, cx: &Cx, caller: &Caller, id: UserId) -> Result<User, Refusal> {
        caller.require_admin()?;
        let user = self.desk.store.user(cx, id).await?;
        user.ok_or_else(|| Refusal::new(Code::UserNotFound))
    }

    /// Makes a user for `caller`, `None` for the command line, which proves its right by the file
    /// system. To make an admin wants a fresh authentication.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::InvalidFields`];
    /// [`Code::EmailTaken`]; [`Code::SessionEnded`] when the caller's ended while the password was
    /// hashed.
    pub async fn create_user(
        &self,
        cx: &Cx,
        caller: Option<&Caller>,
        form: AdminUser,
    ) -> Result<User, Refusal> {
        if let Some(caller) = caller {
            caller.require_admin()?;
            if form.role == Role::Admin {
                caller.require_fresh(self.clock.now())?;
            }
        }
        let making = Making { actor: caller, role: form.role, setup: None, places: Places::All };
        let newcomer = self.read_newcomer(&Registration {
            email: form.email,
            name: form.name,
            password: form.password,
        })?;
        self.make_user(cx, newcomer, making).await
    }

    /// Changes a user. A change of role or status wants a fresh authentication, ends the user's
    /// sessions, and cannot be made to one's own account, so that nobody locks himself out by a
    /// slip; the last active admin stays one.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::OwnAccount`];
    /// [`Code::InvalidFields`] at `/name`; [`Code::UserNotFound`]; [`Code::LastAdmin`].
    pub async fn change_user(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: UserId,
        change: UserChange,
    ) -> Result<User, Refusal> {
        caller.require_admin()?;
        if change.role.is_some() || change.status.is_some() {
            caller.require_fresh(self.clock.now())?;
        }
        let name = change
            .name
            .map(|name| fields::name(&name, "/name"))
            .transpose()
            .map_err(|field| Refusal::fields(vec![field]))?;
        let gives_up_power = change.role.is_some_and(|role| role != Role::Admin)
            || change.status.is_some_and(|status| status != UserStatus::Active);
        if id == caller.user.id && gives_up_power {
            return Err(Refusal::new(Code::OwnAccount));
        }
        let change = UserChange { name, ..change };
        let act = self.act_by_admin(cx, caller);
        let outcome = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let outcome = desk.store.change_user(cx, act, id, change).await?;
                    if let UserChangeOutcome::Done { ended, .. } = &outcome {
                        desk.forget(ended, id);
                    }
                    Ok(outcome)
                })
            })
            .await?;
        done(outcome)
    }

    /// Deletes a user with its sessions. It wants a fresh authentication, and is not for one's own
    /// account.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::FreshAuthenticationNeeded`]; [`Code::OwnAccount`];
    /// [`Code::UserNotFound`]; [`Code::LastAdmin`].
    pub async fn delete_user(&self, cx: &Cx, caller: &Caller, id: UserId) -> Result<(), Refusal> {
        caller.require_admin()?;
        caller.require_fresh(self.clock.now())?;
        if id == caller.user.id {
            return Err(Refusal::new(Code::OwnAccount));
        }
        let act = self.act_by_admin(cx, caller);
        done(self.delete_by(cx, caller, act, id).await?).map(drop)
    }

    /// Deletes a user, by `caller`, who was asked for his right to do it.
    pub(crate) async fn delete_by(
        &self,
        cx: &Cx,
        caller: &Caller,
        act: Act,
        id: UserId,
    ) -> Result<UserChangeOutcome, Refusal> {
        let outcome = self
            .desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(async move {
                    let outcome = desk.store.delete_user(cx, act, id).await?;
                    if let UserChangeOutcome::Done { ended, .. } = &outcome {
                        desk.forget(ended, id);
                    }
                    Ok(outcome)
                })
            })
            .await?;
        Ok(outcome)
    }
}

fn done(outcome: UserChangeOutcome) -> Result<User, Refusal> {
    match outcome {
        UserChangeOutcome::Done { user, .. } => Ok(user),
        UserChangeOutcome::NotFound => Err(Refusal::new(Code::UserNotFound)),
        UserChangeOutcome::LastAdmin => Err(Refusal::new(Code::LastAdmin)),
    }
}
