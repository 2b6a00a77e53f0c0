//! `DELETE /api/admin/invitations/{id}`: an admin takes an invitation back.

use galen_core::LinkId;

use crate::answer::{Answer, nothing};
use crate::caller::Admin;
use crate::extract::PathId;

/// Takes an invitation back that was not used: its link opens nothing any more.
#[utoipa::path(delete, path = "/api/admin/invitations/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The invitation.")), responses(
    (status = 204, description = "It opens nothing any more."),
))]
pub(crate) async fn withdraw(by: Admin, PathId(id): PathId<LinkId>) -> Answer {
    by.accounts().withdraw_invitation(by.cx(), by.caller(), id).await?;
    Ok(nothing())
}
