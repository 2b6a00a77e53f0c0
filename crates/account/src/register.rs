//! Registering: a visitor makes an account, where the installation allows it.

use galen_core::model::{Role, User};
use galen_core::{Code, Cx, Refusal};

use crate::hash::Places;
use crate::newcomer::Making;
use crate::{Accounts, Registration, RegistrationPolicy};

impl Accounts {
    /// Makes an account for a visitor. It signs nobody in, and its role is never anything but
    /// [`Role::User`]. The password is hashed before the address is looked up, so that the time does
    /// not say what the refusal says.
    ///
    /// # Errors
    /// [`Code::RegistrationClosed`]; [`Code::InvalidFields`]; [`Code::TooManyAttempts`] for one
    /// address, or for all strangers together; [`Code::EmailTaken`], which gives away that the address has an account (see
    /// [`RegistrationPolicy::Open`]).
    pub async fn register(&self, cx: &Cx, form: Registration) -> Result<User, Refusal> {
        if self.policy.registration == RegistrationPolicy::Closed {
            return Err(Refusal::new(Code::RegistrationClosed));
        }
        let newcomer = self.read_newcomer(&form)?;
        // Kept counted whatever comes of it: an account made is what is limited here.
        let _counted = self.limits.reserve_registration(cx.address)?;
        let making = Making { actor: None, role: Role::User, setup: None, places: Places::Half };
        self.make_user(cx, newcomer, making).await
    }
}
