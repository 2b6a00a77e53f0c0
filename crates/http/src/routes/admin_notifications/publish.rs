//! `POST /api/admin/notifications`: an admin tells a user something, once.

use axum::extract::FromRequestParts;
use galen_account::{Publish, Recipient};
use galen_core::model::{Level, Published};
use galen_core::{Code, NotificationId, Refusal, UserId};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, created, ok};
use crate::caller::Admin;
use crate::extract::{Json, StrictObject};
use crate::fault::Fault;
use crate::routes::me::dto::level_schema;

/// A notification to publish, to the user with this identifier or with this address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishForm {
    /// Who gets it. Either this or `email`.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// Who gets it, by address. Either this or `user_id`.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What it is about, chosen by the application.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9_.-]+$")]
    category: String,
    /// How much it matters; `info` if nothing is said.
    #[schema(schema_with = level_schema)]
    #[serde(default = "info")]
    level: Level,
    /// Its one line.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// Its text.
    #[serde(default)]
    #[schema(max_length = 4000)]
    body: String,
    /// Where it leads: an https URL or a path that begins with one slash.
    #[schema(max_length = 2048)]
    link: Option<String>,
    /// The application's own data.
    #[schema(value_type = Option<Object>)]
    data: Option<StrictObject>,
}

const fn info() -> Level {
    Level::Info
}

/// What became of a publishing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Published)]
struct PublishedView {
    /// The notification.
    #[schema(value_type = String, format = "uuid")]
    id: NotificationId,
    /// Whether it was published now; `false`: before, under the same idempotency key.
    created: bool,
}

/// The request's `Idempotency-Key`, if it has one.
pub(crate) struct IdempotencyKey(Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let mut keys = parts.headers.get_all("idempotency-key").iter();
        match (keys.next(), keys.next()) {
            (None, _) => Ok(Self(None)),
            (Some(key), None) => match key.to_str() {
                Ok(key) => Ok(Self(Some(key.to_owned()))),
                Err(_) => Err(unreadable()),
            },
            _ => Err(unreadable()),
        }
    }
}

fn unreadable() -> Fault {
    let detail = "Idempotency-Key is one header of 1 to 128 visible ASCII characters.";
    Refusal::new(Code::MalformedRequest).with_detail(detail).into()
}

/// Publishes a notification to a user. With `Idempotency-Key` the same request may be sent again
/// without publishing twice.
#[utoipa::path(post, path = "/api/admin/notifications", tag = "admin", security(("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$",
        description = "Makes the publishing happen once: 1 to 128 visible ASCII characters.")),
    request_body = PublishForm, responses(
    (status = 201, description = "Published.", body = PublishedView),
    (status = 200, description = "Published before, under this key.", body = PublishedView),
    (status = 404, description = "There is no such user."),
    (status = 409, description = "The key was used for another content."),
))]
pub(crate) async fn publish(
    by: Admin,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    Json(form): Json<PublishForm>,
) -> Answer {
    let user = match (form.user_id, form.email) {
        (Some(id), None) => Recipient::Id(id),
        (None, Some(email)) => Recipient::Email(email),
        _ => {
            let detail = "Say either user_id or email.";
            return Err(Refusal::field("/user_id", Code::FieldRequired, detail).into());
        }
    };
    let publish = Publish {
        user,
        category: form.category,
        level: form.level,
        title: form.title,
        body: form.body,
        link: form.link,
        data: form.data.map(|data| serde_json::Value::Object(data.0)),
        idempotency_key,
    };
    let (status, id) = match by.accounts().publish(by.cx(), Some(by.caller()), publish).await? {
        Published::Now(notification) => (StatusCode::CREATED, notification.id),
        Published::Before(id) => (StatusCode::OK, id),
        Published::KeyMismatch => return Err(Fault::new(Code::IdempotencyMismatch)),
        Published::UserNotFound => return Err(Fault::new(Code::UserNotFound)),
    };
    let view = PublishedView { id, created: status == StatusCode::CREATED };
    if view.created { created(&view, None) } else { ok(&view) }
}
