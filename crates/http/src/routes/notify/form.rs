//! What is to be told, to whom: one form for admins and for applications with a key.

use axum::extract::FromRequestParts;
use galen_account::{Announce, Message, Publish, Recipient};
use galen_core::model::{Action, Audience, Level, Role};
use galen_core::{Code, Refusal, UserId};
use http::request::Parts;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::StrictObject;
use crate::fault::Fault;
use crate::routes::me::dto::{level_schema, role_schema};
use crate::time::Time;

/// A notification to publish. It goes to exactly one of: `user_id`, `email`, `users`, `audience`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotifyForm {
    /// To one user, by identifier.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// To one user, by address.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// To many users in one commit, each by identifier or address.
    #[schema(min_items = 1, max_items = 1000)]
    users: Option<Vec<String>>,
    /// To everybody there is when it is sent, whom all of this fits: `{}` is everybody.
    audience: Option<AudienceForm>,
    /// When a broadcast is to be sent; now if nothing is said.
    publish_at: Option<Time>,
    /// What it is about: a category of the installation.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9_.-]+$")]
    category: String,
    /// How much it matters; `info` if nothing is said.
    #[schema(schema_with = level_schema)]
    #[serde(default = "info")]
    level: Level,
    /// A stable code for clients to put into words.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9_.-]+$")]
    code: Option<String>,
    /// The code's parameters, at most 4 KiB.
    #[schema(value_type = Option<Object>)]
    params: Option<StrictObject>,
    /// Its one line. Beside a code it may be left out.
    #[serde(default)]
    #[schema(max_length = 200)]
    title: String,
    /// Its text.
    #[serde(default)]
    #[schema(max_length = 4000)]
    body: String,
    /// Where it leads: an https URL or a path that begins with one slash.
    #[schema(max_length = 2048)]
    link: Option<String>,
    /// What can be done about it.
    #[serde(default)]
    #[schema(max_items = 3)]
    actions: Vec<ActionForm>,
    /// The application's own data, at most 4 KiB.
    #[schema(value_type = Option<Object>)]
    data: Option<StrictObject>,
    /// When it says nothing any more, and leaves.
    expires_at: Option<Time>,
}

const fn info() -> Level {
    Level::Info
}

/// Something a reader can do about a notification.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionForm {
    /// What the button says.
    #[schema(min_length = 1, max_length = 50)]
    label: String,
    /// Where it leads: an https URL or a path that begins with one slash.
    #[schema(max_length = 2048)]
    link: String,
}

/// Who gets a broadcast: of the users there are when it is sent, those whom all of this fits.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AudienceForm {
    /// Only users of this role.
    #[schema(schema_with = role_schema)]
    role: Option<Role>,
    /// Only users whose account is older than this moment.
    created_before: Option<Time>,
    /// Only users whose account was made at this moment or later.
    created_after: Option<Time>,
    /// Only users who have, or have not, proven their address.
    verified: Option<bool>,
}

impl From<AudienceForm> for Audience {
    fn from(form: AudienceForm) -> Self {
        Self {
            role: form.role,
            created_before: form.created_before.map(|time| time.0),
            created_after: form.created_after.map(|time| time.0),
            verified: form.verified,
        }
    }
}

/// What is wanted.
pub(crate) enum Wanted {
    /// To tell one user.
    One(Publish),
    /// To tell some.
    Some(Publish),
    /// To tell many.
    Many(Announce),
}

impl NotifyForm {
    /// What is wanted, when exactly one goal is named.
    pub(crate) fn wanted(self, idempotency_key: Option<String>) -> Result<Wanted, Refusal> {
        let message = Message {
            category: self.category,
            level: self.level,
            code: self.code,
            params: self.params.map(|object| serde_json::Value::Object(object.0)),
            title: self.title,
            body: self.body,
            link: self.link,
            actions: self
                .actions
                .into_iter()
                .map(|action| Action { label: action.label, link: action.link })
                .collect(),
            data: self.data.map(|object| serde_json::Value::Object(object.0)),
            expires_at: self.expires_at.map(|time| time.0),
        };
        let publish = |to| Publish { to, message, idempotency_key };
        let publish_at = self.publish_at.map(|time| time.0);
        let only_broadcasts = "Only a broadcast (`audience`) can be scheduled.";
        match (self.user_id, self.email, self.users, self.audience) {
            (None, None, None, Some(audience)) => {
                let Publish { message, idempotency_key, .. } = publish(Vec::new());
                let audience = audience.into();
                Ok(Wanted::Many(Announce { audience, publish_at, message, idempotency_key }))
            }
            _ if publish_at.is_some() => {
                Err(Refusal::field("/publish_at", Code::FieldUnknown, only_broadcasts))
            }
            (Some(id), None, None, None) => Ok(Wanted::One(publish(vec![Recipient::Id(id)]))),
            (None, Some(email), None, None) => {
                Ok(Wanted::One(publish(vec![Recipient::Email(email)])))
            }
            (None, None, Some(users), None) => {
                Ok(Wanted::Some(publish(users.into_iter().map(recipient).collect())))
            }
            _ => {
                let detail = "Say exactly one of user_id, email, users and audience.";
                Err(Refusal::field("/user_id", Code::FieldRequired, detail))
            }
        }
    }
}

/// A user by identifier or address.
pub(crate) fn recipient(text: String) -> Recipient {
    text.parse().map_or(Recipient::Email(text), Recipient::Id)
}

/// The request's `Idempotency-Key`, if it has one.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

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
