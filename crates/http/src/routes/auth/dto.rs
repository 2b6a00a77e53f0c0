//! Forms and answers that more than one way into an account shares.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An address that a mail is wanted for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressForm {
    /// The address.
    #[schema(max_length = 254)]
    pub(crate) email: String,
}

/// The secret of a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkForm {
    /// What stands behind the `#token=` of the link.
    #[schema(max_length = 256)]
    pub(crate) token: String,
}

/// What comes next, whoever asked and whatever there is: the same words for an address with an account
/// and for one without.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Next {
    /// `check_your_mail`: what there is to say is in the mailbox.
    next: &'static str,
}

impl Next {
    /// The rest is said by mail.
    pub(crate) const MAIL: Self = Self { next: "check_your_mail" };
}
