//! `POST /api/me/push`: a user lets a browser be told.

use galen_account::SubscriptionForm;
use galen_core::{Code, Refusal, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use super::push::SubscriptionView;
use crate::answer::{Answer, created};
use crate::caller::{SignedIn, UserAgent};
use crate::extract::Json;

/// A browser's subscription, as `PushSubscription.toJSON()` gives it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushForm {
    /// The push service's URL.
    #[schema(max_length = 1024)]
    endpoint: String,
    /// When the service ends it by itself, in milliseconds since 1970; it says so then, too.
    #[serde(rename = "expirationTime")]
    #[schema(value_type = Option<f64>)]
    _expires_at: Option<f64>,
    /// What messages are encrypted with.
    keys: PushKeys,
}

/// What messages to a browser are encrypted with (RFC 8291).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PushKeys {
    /// The browser's public key: 65 bytes in base64url.
    #[schema(max_length = 100)]
    p256dh: String,
    /// The secret shared with it: 16 bytes in base64url.
    #[schema(max_length = 100)]
    auth: String,
}

/// Lets a browser be told. The same browser again keeps its identifier; of more than ten the oldest is
/// told no more.
#[utoipa::path(post, path = "/api/me/push", tag = "me", security(("session" = [])),
    request_body = PushForm, responses(
    (status = 201, description = "It is told from now on.", body = SubscriptionView),
    (status = 409, description = "Browsers are not told here."),
))]
pub(crate) async fn subscribe(
    by: SignedIn,
    UserAgent(user_agent): UserAgent,
    Json(form): Json<PushForm>,
) -> Answer {
    let post = &by.app().post;
    if post.push_key().is_none() {
        return Err(Refusal::new(Code::PushUnavailable).into());
    }
    let refused = |says| Refusal::field("/endpoint", Code::FieldUrl, says);
    post.judge_url(&form.endpoint).map_err(refused)?;
    let form = SubscriptionForm {
        endpoint: Secret::new(form.endpoint),
        p256dh: form.keys.p256dh,
        auth: Secret::new(form.keys.auth),
        user_agent,
    };
    let kept = by.accounts().subscribe(by.cx(), by.caller(), form).await?;
    created(&SubscriptionView::from(&kept), None)
}
