//! `POST /api/admin/mail/test`: does mail arrive?

use galen_core::ParcelId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, accepted};
use crate::caller::Admin;
use crate::extract::Json;
use crate::routes::auth::dto::AddressForm;

/// A test mail on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TestMail)]
struct TestView {
    /// Its identifier: `GET /api/admin/mail/{id}` says what became of it.
    #[schema(value_type = String, format = "uuid")]
    id: ParcelId,
}

/// Sends a test mail, by the same way as every other.
#[utoipa::path(post, path = "/api/admin/mail/test", tag = "admin", security(("session" = [])),
    request_body = AddressForm, responses(
    (status = 202, description = "It waits to leave.", body = TestView),
    (status = 429, description = "Too many mails for this address, or from yours."),
))]
pub(crate) async fn test(by: Admin, Json(form): Json<AddressForm>) -> Answer {
    let id = by.accounts().test_mail(by.cx(), Some(by.caller()), &form.email).await?;
    accepted(&TestView { id })
}
