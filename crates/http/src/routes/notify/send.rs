//! `POST /api/notify`: an application tells users something, once.

use super::answers::{self, PublishedView};
use super::form::{IdempotencyKey, NotifyForm};
use crate::answer::Answer;
use crate::application::Application;
use crate::extract::Json;

/// Publishes a notification to one user, to many in one commit, or to everybody an audience has.
/// With `Idempotency-Key` the same request may be sent again without publishing twice. The key wants
/// the scope `notify:send`, for an audience `notify:broadcast`.
#[utoipa::path(post, path = "/api/notify", tag = "notify", security(("api_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$",
        description = "Makes the publishing happen once: 1 to 128 visible ASCII characters.")),
    request_body = NotifyForm, responses(
    (status = 201, description = "Published.", body = PublishedView),
    (status = 200, description = "Published before, under this key.", body = PublishedView),
    (status = 404, description = "There is no such user."),
    (status = 409, description = "The key was used for another content, or there are too many broadcasts."),
    (status = 429, description = "Too many calls of this API key."),
))]
pub(crate) async fn send(
    by: Application,
    IdempotencyKey(key): IdempotencyKey,
    Json(form): Json<NotifyForm>,
) -> Answer {
    answers::publish(&by.anybody, by.publisher(), form.wanted(key)?).await
}
