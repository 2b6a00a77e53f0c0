//! `DELETE /api/admin/mail/{id}`: a mail that waits is taken back.

use galen_core::ParcelId;

use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;

/// Takes a mail back that waits for its next attempt. It stays readable for a while.
#[utoipa::path(delete, path = "/api/admin/mail/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The mail.")), responses(
    (status = 204, description = "It will not be sent."),
    (status = 409, description = "It is being sent, or does not wait any more."),
))]
pub(crate) async fn cancel(by: Admin, PathId(id): PathId<ParcelId>) -> Answer {
    by.accounts().cancel_mail(by.cx(), Some(by.caller()), id).await?;
    Ok(nothing())
}
