//! `GET /api/me/email`: a user's address, and the one that waits to be confirmed.

use galen_core::links::KeptLink;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::time::Time;

/// A user's address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyEmail)]
struct EmailView<'a> {
    /// The address as it is.
    email: &'a str,
    /// When it was proven, if it was.
    verified_at: Option<Time>,
    /// The one that waits to be confirmed, if one does.
    pending: Option<PendingView<'a>>,
}

/// An address that waits to be confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingEmail)]
struct PendingView<'a> {
    /// The address.
    email: &'a str,
    /// When it was asked for.
    asked_at: Time,
    /// When the link in its mailbox stops opening.
    expires_at: Time,
}

impl<'a> From<&'a KeptLink> for PendingView<'a> {
    fn from(link: &'a KeptLink) -> Self {
        Self {
            email: &link.email,
            asked_at: link.created_at.into(),
            expires_at: link.expires_at.into(),
        }
    }
}

/// Says which address the account has, and which one waits to be confirmed.
#[utoipa::path(get, path = "/api/me/email", tag = "me", security(("session" = [])), responses(
    (status = 200, description = "The address.", body = EmailView),
))]
pub(crate) async fn email(by: SignedIn) -> Answer {
    let pending = by.accounts().pending_email(by.cx(), by.caller()).await?;
    let user = &by.caller().user;
    ok(&EmailView {
        email: &user.email,
        verified_at: user.email_verified_at.map(Time),
        pending: pending.as_ref().map(Into::into),
    })
}
