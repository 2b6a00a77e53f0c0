//! `POST /api/admin/notifications`: an admin tells users something, once.

use galen_account::Publisher;

use crate::answer::Answer;
use crate::caller::Admin;
use crate::extract::Json;
use crate::routes::notify::answers::{self, PublishedView};
use crate::routes::notify::form::{IdempotencyKey, NotifyForm};

/// Publishes a notification to one user, to many in one commit, or to everybody an audience has.
/// With `Idempotency-Key` the same request may be sent again without publishing twice.
#[utoipa::path(post, path = "/api/admin/notifications", tag = "admin", security(("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$",
        description = "Makes the publishing happen once: 1 to 128 visible ASCII characters.")),
    request_body = NotifyForm, responses(
    (status = 201, description = "Published.", body = PublishedView),
    (status = 200, description = "Published before, under this key.", body = PublishedView),
    (status = 404, description = "There is no such user."),
    (status = 409, description = "The key was used for another content, or there are too many broadcasts."),
))]
pub(crate) async fn publish(
    by: Admin,
    IdempotencyKey(key): IdempotencyKey,
    Json(form): Json<NotifyForm>,
) -> Answer {
    answers::publish(&by, Publisher::Admin(by.caller()), form.wanted(key)?).await
}
