//! `GET /api/admin/mail`: what waits to leave, and what became of the rest.

use galen_core::outbox::{ParcelFilter, ParcelState};
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::MailView;
use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::notifications::dto::Next;

/// A page of the outbox.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailPage)]
struct Mails<'a> {
    /// The mails, newest first.
    items: Vec<MailView<'a>>,
    /// What to pass as `after` for the next page, when there is one.
    #[schema(value_type = Option<String>, format = "uuid")]
    next: Option<Next>,
    /// Whether somebody carries mail; else it is captured, to be read here.
    carried: bool,
}

/// A state, as a query names it.
struct KnownState(ParcelState);

impl std::str::FromStr for KnownState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        ParcelState::ALL.into_iter().find(|state| state.name() == text).map(Self).ok_or(())
    }
}

/// Lists mails of the outbox: those that wait, and for a while those that left, failed or were
/// captured.
#[utoipa::path(get, path = "/api/admin/mail", tag = "admin", security(("session" = [])), params(
    ("state" = Option<String>, Query, description = "Only those in this state: queued, sending, sent, failed, captured, cancelled."),
    ("after" = Option<String>, Query, format = "uuid", description = "The `next` of the page before."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Rows; 20 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Mails),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let page = query.page();
    let state = query.parsed::<KnownState>("state", "Expected a state of a mail.");
    query.finish()?;
    let filter = ParcelFilter { state: state.map(|known| known.0) };
    let found = by.accounts().mails(by.cx(), Some(by.caller()), filter, page).await?;
    ok(&Mails {
        items: found.items.iter().map(Into::into).collect(),
        next: found.next.map(Next),
        carried: by.app().post.carries(galen_core::post::Channel::Email),
    })
}
