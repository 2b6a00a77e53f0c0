//! `GET /api/me/push`: what a browser needs to be told, and which browsers are.

use galen_core::PushId;
use galen_core::push::Subscription;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::time::Time;

/// What a browser needs to be told, and which browsers are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Push)]
struct PushView<'a> {
    /// The key to subscribe with (`applicationServerKey`, RFC 8292); `null`: browsers are not told
    /// here.
    key: Option<String>,
    /// The user's browsers, the oldest first; at most ten.
    subscriptions: Vec<SubscriptionView<'a>>,
}

/// A browser that is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PushSubscription)]
pub(super) struct SubscriptionView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: PushId,
    /// The push service it is told by: the host of its endpoint.
    service: &'a str,
    /// What the browser calls itself.
    user_agent: Option<&'a str>,
    /// Since when it is told.
    created_at: Time,
}

impl<'a> From<&'a Subscription> for SubscriptionView<'a> {
    fn from(subscription: &'a Subscription) -> Self {
        Self {
            id: subscription.id,
            service: host(subscription.endpoint.reveal()),
            user_agent: subscription.user_agent.as_deref(),
            created_at: subscription.created_at.into(),
        }
    }
}

/// The host of a URL: whoever knows the whole can send.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Says with which key a browser subscribes, and which browsers of the user are told.
#[utoipa::path(get, path = "/api/me/push", tag = "me", security(("session" = [])), responses(
    (status = 200, description = "Key and browsers.", body = PushView),
))]
pub(crate) async fn push(by: SignedIn) -> Answer {
    let found = by.accounts().subscriptions(by.cx(), by.caller()).await?;
    let subscriptions = found.iter().map(SubscriptionView::from).collect();
    ok(&PushView { key: by.app().post.push_key(), subscriptions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_endpoint_only_its_service_is_shown() {
        assert_eq!(host("https://push.example.net/send/hush?x#y"), "push.example.net");
        assert_eq!(host("https://push.example.net:8443"), "push.example.net:8443");
    }
}
