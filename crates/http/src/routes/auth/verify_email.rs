//! `POST /api/auth/verify-email`: somebody proves an address by a mailed link.

use galen_account::Verification;
use galen_core::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;
use crate::extract::Json;
use crate::routes::me::dto::UserView;

/// The secret of the link, and what shows that the account is whose the address is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyEmailForm {
    /// What stands behind the `#token=` of the link.
    #[schema(max_length = 256)]
    token: String,
    /// The password that was given when registering. Not needed where somebody is signed in to the
    /// account.
    #[schema(max_length = 256)]
    password: Option<String>,
    /// A new password instead: whoever registered with the address loses password and sessions.
    #[schema(max_length = 256)]
    new_password: Option<String>,
}

/// Proves an address. It signs nobody in.
#[utoipa::path(post, path = "/api/auth/verify-email", tag = "auth", request_body = VerifyEmailForm, responses(
    (status = 200, description = "Proven; sign in next.", body = UserView),
    (status = 403, description = "The link does not open, or the password is wrong."),
    (status = 429, description = "Too many attempts."),
))]
pub(crate) async fn verify_email(by: Anybody, Json(form): Json<VerifyEmailForm>) -> Answer {
    let verification = Verification {
        token: form.token,
        password: form.password.map(Secret::new),
        new_password: form.new_password.map(Secret::new),
    };
    let caller = by.caller().map(std::convert::AsRef::as_ref);
    let user = by.accounts().verify_email(by.cx(), caller, verification).await?;
    ok(&UserView::from(&user))
}
