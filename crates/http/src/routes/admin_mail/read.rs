//! `GET /api/admin/mail/{id}`: a mail as its reader sees it.

use galen_core::ParcelId;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::MailView;
use crate::answer::{Answer, ok};
use crate::caller::FreshAdmin;
use crate::extract::PathId;

/// A mail, written out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailText)]
struct TextView<'a> {
    /// Where it stands.
    mail: MailView<'a>,
    /// Its subject.
    subject: Option<&'a str>,
    /// Its plain text. Links that open something are whole only while the mail is captured.
    text: Option<&'a str>,
    /// The same as a page.
    html: Option<&'a str>,
    /// Why it cannot be written out, if it cannot.
    error: Option<&'a str>,
}

/// Reads a mail. Wants a fresh authentication, because a captured one holds links that open accounts;
/// that somebody read it stands in the audit trail.
#[utoipa::path(get, path = "/api/admin/mail/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The mail.")), responses(
    (status = 200, description = "The mail.", body = TextView),
))]
pub(crate) async fn read(by: FreshAdmin, PathId(id): PathId<ParcelId>) -> Answer {
    let parcel = by.accounts().mail(by.cx(), Some(by.caller()), id).await?;
    let shown = by.app().post.show(&parcel);
    let rendered = shown.as_ref().ok();
    ok(&TextView {
        mail: (&parcel).into(),
        subject: rendered.map(|letter| letter.subject.as_str()),
        text: rendered.map(|letter| letter.text.reveal().as_str()),
        html: rendered.map(|letter| letter.html.reveal().as_str()),
        error: shown.as_ref().err().map(String::as_str),
    })
}
