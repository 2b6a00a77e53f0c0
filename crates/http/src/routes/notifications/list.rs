//! `GET /api/notifications`: what a user was told.

use serde::Serialize;
use utoipa::ToSchema;

use super::dto::{Next, NotificationView};
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Query;

/// A page of notifications.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPage)]
struct Notifications<'a> {
    /// The notifications, newest first.
    items: Vec<NotificationView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
    /// Unread notifications in all.
    unread: i64,
}

/// Lists the user's notifications.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", security(("session" = [])), params(
    ("unread" = Option<bool>, Query, description = "Only unread ones."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Notifications),
))]
pub(crate) async fn list(by: SignedIn, mut query: Query) -> Answer {
    let page = query.page();
    let unread_only = query.flag("unread");
    query.finish()?;
    let found = by.accounts().notifications(by.cx(), by.caller(), unread_only, page).await?;
    ok(&Notifications {
        items: found.page.items.iter().map(Into::into).collect(),
        next: found.page.next.map(Next),
        unread: found.unread,
    })
}
