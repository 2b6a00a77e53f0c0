//! The first run: a link that works once and makes the first admin. There is no default account.

use galen_core::model::{Role, User};
use galen_core::{Code, Cx, Refusal, Secret};

use crate::hash::Places;
use crate::newcomer::Making;
use crate::{Accounts, Registration, token};

impl Accounts {
    /// Offers the setup of the first admin: a token of 256 bits that works once, for 24 hours by
    /// default, in place of any earlier one. Only its hash is kept. `None` when an active admin
    /// exists, and nothing is to be set up.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn offer_setup(&self, cx: &Cx) -> Result<Option<Secret<String>>, Refusal> {
        let (token, hash) = token::mint(self.entropy.as_ref());
        let lifetime_ms = self.policy.setup.lifetime_ms;
        let expires_at = self.clock.now().plus_ms(lifetime_ms);
        let offered = self
            .desk
            .write(cx, move |desk, cx| desk.store.offer_setup(cx, hash, expires_at))
            .await?;
        Ok(offered.then_some(token))
    }

    /// Makes the first admin with a token that was offered. The command that makes the user redeems
    /// the token, so of any number of attempts at once one wins (CVE-2026-1035).
    ///
    /// # Errors
    /// [`Code::InvalidFields`]; [`Code::TooManyAttempts`], counted by address like a registration;
    /// [`Code::SetupNotPossible`] when the token is unknown, used or expired, or there is an admin.
    pub async fn complete_setup(
        &self,
        cx: &Cx,
        token: &str,
        form: Registration,
    ) -> Result<User, Refusal> {
        let newcomer = self.read_newcomer(&form)?;
        let _counted = self.limits.reserve_link(cx.address)?;
        let Some(hash) = token::hash_of(token) else {
            return Err(Refusal::new(Code::SetupNotPossible));
        };
        // Before any work on the password, which is dear: without this, anybody could have passwords
        // hashed here, for ever. The look-up compares SHA-256 digests, so its time tells nothing
        // that helps to find a token.
        if !self.desk.store.setup_opens(cx, hash, self.clock.now()).await? {
            return Err(Refusal::new(Code::SetupNotPossible));
        }
        let setup = Some(hash);
        let making = Making { actor: None, role: Role::Admin, setup, places: Places::All };
        self.make_user(cx, newcomer, making).await
    }
}
