//! `DELETE /api/me/push/{id}`: a browser is told no more.

use galen_core::PushId;

use crate::answer::{Answer, nothing};
use crate::caller::SignedIn;
use crate::extract::PathId;

/// One of the user's browsers is told no more. Another user's is not found.
#[utoipa::path(delete, path = "/api/me/push/{id}", tag = "me", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The subscription.")), responses(
    (status = 204, description = "It is told no more."),
))]
pub(crate) async fn end_push(by: SignedIn, PathId(id): PathId<PushId>) -> Answer {
    by.accounts().forget_subscription(by.cx(), by.caller(), id).await?;
    Ok(nothing())
}
