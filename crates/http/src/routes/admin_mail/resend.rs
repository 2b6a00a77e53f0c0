//! `POST /api/admin/mail/{id}/resend`: a mail is sent once more.

use galen_core::ParcelId;

use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;

/// Queues a mail that failed, was captured or taken back once more. Its links are the same.
#[utoipa::path(post, path = "/api/admin/mail/{id}/resend", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The mail.")), responses(
    (status = 204, description = "It waits to leave."),
    (status = 409, description = "It waits already, or was sent."),
))]
pub(crate) async fn resend(by: Admin, PathId(id): PathId<ParcelId>) -> Answer {
    by.accounts().resend_mail(by.cx(), Some(by.caller()), id).await?;
    Ok(nothing())
}
