//! `GET /api/notifications`: what a user was told.

use galen_core::Seq;
use galen_core::model::{InboxAsk, Shelf};
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::NotificationView;
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Query;

/// A page of notifications.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPage)]
struct Notifications<'a> {
    /// The notifications, newest first: those told to the user alone and those told to many.
    items: Vec<NotificationView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    next: Option<String>,
    /// Unread notifications in all.
    unread: i64,
    /// Those of them that were not even seen.
    unseen: i64,
    /// The newest place given: `GET /api/stream?after=` it goes on without a gap.
    #[schema(value_type = i64)]
    seq: Seq,
}

/// Lists the user's notifications.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", security(("session" = [])), params(
    ("unread" = Option<bool>, Query, description = "Only unread ones."),
    ("archived" = Option<bool>, Query, description = "Those that were put away, instead of the others."),
    ("after" = Option<String>, Query, description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Notifications),
))]
pub(crate) async fn list(by: SignedIn, mut query: Query) -> Answer {
    let (limit, before) = (query.rows(), query.place("after"));
    let shelf = match (query.flag("unread"), query.flag("archived")) {
        (false, false) => Shelf::Inbox,
        (true, false) => Shelf::Unread,
        (false, true) => Shelf::Archive,
        (true, true) => {
            let detail = "What was put away was read: ask for one of the two.";
            query.refuse("archived", galen_core::Code::FieldRange, detail);
            Shelf::Inbox
        }
    };
    query.finish()?;
    let ask = InboxAsk { shelf, before, limit };
    let found = by.accounts().notifications(by.cx(), by.caller(), ask).await?;
    ok(&Notifications {
        items: found.items.iter().map(Into::into).collect(),
        next: found.next.map(|seq| seq.0.to_string()),
        unread: found.counts.unread,
        unseen: found.counts.unseen,
        seq: found.latest,
    })
}
