//! `GET /api/admin/users`: who has an account.

use galen_core::model::{Role, UserFilter};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::me::dto::UserView;
use crate::routes::notifications::dto::Next;

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserPage)]
struct Users<'a> {
    /// The users, newest first.
    items: Vec<UserView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// Lists users.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", security(("session" = [])), params(
    ("email" = Option<String>, Query, description = "Only addresses that begin so."),
    ("role" = Option<String>, Query, pattern = "^(user|admin)$", description = "Only users of this role."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Users),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    let roles = Role::ALL.map(|role| (role.name(), role));
    let filter = UserFilter { email_prefix: query.text("email"), role: query.word("role", &roles) };
    query.finish()?;
    let found = by.accounts().users(by.cx(), by.caller(), filter, page).await?;
    ok(&Users { items: found.items.iter().map(Into::into).collect(), next: found.next.map(Next) })
}
