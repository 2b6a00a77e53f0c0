//! `GET /api/admin/users/{id}`: one account.

use galen_core::UserId;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::PathId;
use crate::routes::me::dto::UserView;

/// Shows a user.
#[utoipa::path(get, path = "/api/admin/users/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The user.")), responses(
    (status = 200, description = "The user.", body = UserView),
))]
pub(crate) async fn read(by: Admin, PathId(id): PathId<UserId>) -> Answer {
    let user = by.accounts().user(by.cx(), by.caller(), id).await?;
    ok(&UserView::from(&user))
}
