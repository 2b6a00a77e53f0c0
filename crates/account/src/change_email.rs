//! Another address: asked for by who is signed in, confirmed by who owns it, told to the old one.

use galen_core::links::{EmailChange, EmailConfirmed, KeptLink, LinkPurpose, LinkRefused};
use galen_core::model::User;
use galen_core::post::{LetterCode, LinkName, Param};
use galen_core::{Code, Cx, Refusal};

use crate::email::Address;
use crate::letters::{leading, with};
use crate::links::refusal;
use crate::{Accounts, Caller};

impl Accounts {
    /// Asks for another address, in place of an earlier wish. Nothing changes until the new address
    /// confirms it; the old one is told at once. Whether the new one has an account is given away by
    /// neither answer, time, nor what is pending. It wants a fresh authentication.
    ///
    /// # Errors
    /// [`Code::FreshAuthenticationNeeded`]; [`Code::InvalidFields`] at `/email`;
    /// [`Code::TooManyAttempts`]; [`Code::SessionEnded`].
    pub async fn ask_email_change(
        &self,
        cx: &Cx,
        caller: &Caller,
        email: &str,
    ) -> Result<(), Refusal> {
        caller.require_fresh(self.clock.now())?;
        let address =
            Address::parse_field(email, "/email").map_err(|field| Refusal::fields(vec![field]))?;
        let _counted = self.limits.reserve_mail(cx.address, &address.key)?;
        let work = async {
            let (old, new) = (caller.user.email.clone(), address.written.clone());
            let both = |owed| {
                let owed = with(owed, "old", Param::Machine(old.clone()));
                with(owed, "new", Param::Machine(new.clone()))
            };
            let confirm = both(self.letter(cx, LetterCode::ConfirmEmail));
            let told = both(self.letter(cx, LetterCode::EmailChangeAsked));
            let change = EmailChange {
                user_id: caller.user.id,
                email: address.written.clone(),
                email_key: address.key,
                confirm: self.with_link(confirm, LinkName::Act, LinkPurpose::ConfirmEmail),
                told: self.warning(told, "Another address was asked for"),
                taken: leading(self.letter(cx, LetterCode::EmailInUse), "/"),
            };
            let (act, user_id) = (self.act_by(cx, caller), caller.user.id);
            self.desk
                .write_by(cx, caller, move |desk, cx| {
                    Box::pin(async move {
                        let asked = desk.store.ask_email_change(cx, act, change).await;
                        desk.told_one(user_id);
                        asked
                    })
                })
                .await?;
            Ok(())
        };
        self.evened(cx, work).await
    }

    /// The change of address that waits for its confirmation, if one does.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn pending_email(
        &self,
        cx: &Cx,
        caller: &Caller,
    ) -> Result<Option<KeptLink>, Refusal> {
        let now = self.clock.now();
        Ok(self.desk.store.pending_email(cx, caller.user.id, now).await?)
    }

    /// Takes the wish for another address back. That there is none is no error.
    ///
    /// # Errors
    /// [`Code::SessionEnded`]; those of the store.
    pub async fn cancel_email_change(&self, cx: &Cx, caller: &Caller) -> Result<(), Refusal> {
        let (act, user_id) = (self.act_by(cx, caller), caller.user.id);
        self.desk
            .write_by(cx, caller, move |desk, cx| desk.store.cancel_email_change(cx, act, user_id))
            .await?;
        Ok(())
    }

    /// Makes a new address the account's, with the link that was mailed to it. The old one is told,
    /// with a way back.
    ///
    /// # Errors
    /// [`Code::LinkUnknown`], [`Code::LinkUsed`], [`Code::LinkExpired`]; [`Code::EmailTaken`] when
    /// another account has it by now; [`Code::TooManyAttempts`].
    pub async fn confirm_email(&self, cx: &Cx, token: &str) -> Result<User, Refusal> {
        let (hash, link) = self.open_link(cx, token, LinkPurpose::ConfirmEmail).await?;
        let user_id = link.user_id.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let before = self.desk.store.user(cx, user_id).await?;
        let before = before.ok_or_else(|| refusal(LinkRefused::Unknown))?;
        let told =
            with(self.letter(cx, LetterCode::EmailChanged), "new", Param::Machine(link.email));
        let told = with(told, "old", Param::Machine(before.email));
        let told = self.warning(told, "Your address was changed");
        let act = self.act(cx, Some(user_id));
        let confirmed = self
            .desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let confirmed = desk.store.confirm_email(cx, act, hash, told).await;
                    if let Ok(Ok(EmailConfirmed::Changed(user))) = &confirmed {
                        desk.told_one(user.id);
                    }
                    confirmed
                })
            })
            .await?;
        match confirmed.map_err(refusal)? {
            EmailConfirmed::Changed(user) => Ok(user),
            EmailConfirmed::Taken => Err(Refusal::new(Code::EmailTaken)),
        }
    }
}
