//! Invitations: an admin names an address and a role, and whoever owns the address sets the password.

use galen_core::links::{Inviting, KeptLink, LinkPurpose};
use galen_core::model::{Role, User};
use galen_core::post::{LetterCode, LinkName, Param};
use galen_core::{Code, Cx, LinkId, Page, PageRequest, Refusal};

use crate::email::Address;
use crate::hash::Places;
use crate::letters::with;
use crate::links::refusal;
use crate::{Acceptance, Accounts, Caller, Registration, RegistrationPolicy};

impl Accounts {
    /// Invites an address, in place of an earlier invitation. To invite an admin wants a fresh
    /// authentication.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::InvitationsClosed`]; [`Code::FreshAuthenticationNeeded`];
    /// [`Code::InvalidFields`] at `/email`; [`Code::EmailTaken`].
    pub async fn invite(
        &self,
        cx: &Cx,
        caller: &Caller,
        email: &str,
        role: Role,
    ) -> Result<LinkId, Refusal> {
        caller.require_admin()?;
        if self.policy.registration == RegistrationPolicy::Closed {
            return Err(Refusal::new(Code::InvitationsClosed));
        }
        if role == Role::Admin {
            caller.require_fresh(self.clock.now())?;
        }
        let address =
            Address::parse_field(email, "/email").map_err(|field| Refusal::fields(vec![field]))?;
        let by = &caller.user;
        let by = if by.name.is_empty() { &by.email } else { &by.name };
        let owed = with(self.letter(cx, LetterCode::Invitation), "by", Param::Text(by.clone()));
        let owed = with(owed, "role", Param::Machine(role.name().to_owned()));
        let inviting = Inviting {
            email: address.written,
            email_key: address.key,
            role,
            owed: self.with_link(owed, LinkName::Act, LinkPurpose::Invitation),
        };
        let act = self.act_by_admin(cx, caller);
        let invited = self
            .desk
            .write_by(cx, caller, move |desk, cx| desk.store.invite(cx, act, inviting))
            .await?;
        invited.ok_or_else(|| Refusal::new(Code::EmailTaken))
    }

    /// Invitations, newest first, used and expired ones included until they are swept.
    ///
    /// # Errors
    /// [`Code::NotAdmin`].
    pub async fn invitations(
        &self,
        cx: &Cx,
        caller: &Caller,
        page: PageRequest,
    ) -> Result<Page<KeptLink>, Refusal> {
        caller.require_admin()?;
        Ok(self.desk.store.invitations(cx, page).await?)
    }

    /// Takes an invitation back that was not used.
    ///
    /// # Errors
    /// [`Code::NotAdmin`]; [`Code::InvitationNotFound`].
    pub async fn withdraw_invitation(
        &self,
        cx: &Cx,
        caller: &Caller,
        id: LinkId,
    ) -> Result<(), Refusal> {
        caller.require_admin()?;
        let act = self.act_by_admin(cx, caller);
        let was_there = self
            .desk
            .write_by(cx, caller, move |desk, cx| desk.store.withdraw_invitation(cx, act, id))
            .await?;
        if was_there { Ok(()) } else { Err(Refusal::new(Code::InvitationNotFound)) }
    }

    /// Makes the account an invitation is for: its address, proven by the mail, and its role are the
    /// invitation's.
    ///
    /// # Errors
    /// [`Code::LinkUnknown`], [`Code::LinkUsed`], [`Code::LinkExpired`]; [`Code::InvalidFields`] at
    /// `/name` and `/password`; [`Code::EmailTaken`]; [`Code::TooManyAttempts`].
    pub async fn accept_invitation(&self, cx: &Cx, form: Acceptance) -> Result<User, Refusal> {
        let (hash, link) = self.open_link(cx, &form.token, LinkPurpose::Invitation).await?;
        let role = link.role.unwrap_or(Role::User);
        let newcomer = self.read_newcomer(&Registration {
            email: link.email,
            name: form.name,
            password: form.password,
        })?;
        let user = self.hashed(cx, newcomer, role, Places::All).await?;
        let act = self.act(cx, None);
        let made = self
            .desk
            .write(cx, move |desk, cx| desk.store.accept_invitation(cx, act, hash, user))
            .await?;
        made.map_err(refusal)?.ok_or_else(|| Refusal::new(Code::EmailTaken))
    }
}
