//! Registering: a visitor makes an account, where the installation allows it.

use galen_core::links::{LinkPurpose, Registering};
use galen_core::model::Role;
use galen_core::post::{LetterCode, LinkName};
use galen_core::{Code, Cx, Refusal};

use crate::hash::Places;
use crate::letters::leading;
use crate::{Accounts, Registration, RegistrationPolicy};

impl Accounts {
    /// Makes an account for a visitor, whose address is to be proven by mail. It signs nobody in, and
    /// its role is never anything but [`Role::User`]. An address that has an account gets the same
    /// answer, for the same work, at the same time; its owner is told by mail.
    ///
    /// # Errors
    /// [`Code::RegistrationClosed`]; [`Code::InvalidFields`]; [`Code::TooManyAttempts`] for one
    /// address, one mailbox, or all strangers together.
    pub async fn register(&self, cx: &Cx, form: Registration) -> Result<(), Refusal> {
        if self.policy.registration != RegistrationPolicy::Open {
            return Err(Refusal::new(Code::RegistrationClosed));
        }
        let newcomer = self.read_newcomer(&form)?;
        // Kept counted whatever comes of it: an account made is what is limited here.
        let _counted = self.limits.reserve_registration(cx.address, newcomer.email_key())?;
        let work = async {
            let user = self.hashed(cx, newcomer, Role::User, Places::Half).await?;
            let verify = self.letter(cx, LetterCode::VerifyEmail);
            let registering = Registering {
                user,
                verify: self.with_link(verify, LinkName::Act, LinkPurpose::VerifyEmail),
                taken: leading(self.letter(cx, LetterCode::EmailInUse), "/"),
            };
            let act = self.act(cx, None);
            self.desk.write(cx, move |desk, cx| desk.store.register(cx, act, registering)).await?;
            Ok(())
        };
        self.evened(cx, work).await
    }
}
