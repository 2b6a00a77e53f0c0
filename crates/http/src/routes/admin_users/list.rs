//! `GET /api/admin/users`: who has an account.

use galen_core::Refusal;
use galen_core::model::UserFilter;
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::filter;
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
    /// How many there are, when no filter was given; it is kept, not counted.
    total: Option<i64>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// Lists users. A page looks at a bounded number of accounts for those whom a filter fits: it may hold
/// fewer than `limit`, and none, and still have a `next`.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", security(("session" = [])), params(
    ("email" = Option<String>, Query, description = "Only addresses that begin so."),
    ("role" = Option<String>, Query, pattern = "^(user|admin)$", description = "Only users of this role."),
    ("status" = Option<String>, Query, pattern = "^(active|disabled)$", description = "Only users of this status."),
    ("verified" = Option<bool>, Query, description = "Only users who have, or have not, proven their address."),
    ("created_from" = Option<String>, Query, format = "date-time", description = "Only accounts made at this moment or later."),
    ("created_until" = Option<String>, Query, format = "date-time", description = "Only accounts made before this moment."),
    ("seen_from" = Option<String>, Query, format = "date-time", description = "Only users who signed in at this moment or later."),
    ("seen_until" = Option<String>, Query, format = "date-time", description = "Only users who never signed in, or last did before this moment."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Users),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    let filter = filter(&mut query);
    query.finish()?;
    let is_all = filter == UserFilter::default();
    let found = by.accounts().users(by.cx(), by.caller(), filter, page).await?;
    let total = if is_all {
        let counts = by.app().store.counts(by.cx(), by.app().clock.now()).await;
        Some(counts.map_err(Refusal::from)?.users)
    } else {
        None
    };
    let items = found.items.iter().map(Into::into).collect();
    ok(&Users { items, total, next: found.next.map(Next) })
}
