//! `GET /api/admin/webhooks/{id}/deliveries`: what was sent to a webhook, and what it answered.

use galen_core::WebhookId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::{PathId, Query};
use crate::routes::admin_mail::dto::MailView;
use crate::routes::notifications::dto::Next;

/// A page of a webhook's deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryPage)]
struct Deliveries<'a> {
    /// The deliveries, newest first: `says` is the start of the last answer.
    items: Vec<MailView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
}

/// Lists what waits to be sent to a webhook, and for a while what was sent or failed. One that failed
/// is sent again with `POST /api/admin/mail/{id}/resend`.
#[utoipa::path(get, path = "/api/admin/webhooks/{id}/deliveries", tag = "admin", security(("session" = [])), params(
    ("id" = String, Path, format = "uuid", description = "The webhook."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Deliveries),
))]
pub(crate) async fn deliveries(
    by: Admin,
    PathId(id): PathId<WebhookId>,
    mut query: Query,
) -> Answer {
    let page = query.page();
    query.finish()?;
    let found = by.accounts().webhook_deliveries(by.cx(), by.caller(), id, page).await?;
    ok(&Deliveries {
        items: found.items.iter().map(Into::into).collect(),
        next: found.next.map(Next),
    })
}
