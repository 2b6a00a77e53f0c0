//! How API keys look from outside: nothing of them that opens anything.

use galen_core::model::{ApiKey, Scope};
use galen_core::{ApiKeyId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::time::Time;

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct KeyView<'a> {
    /// Its identifier, which opens nothing.
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
    /// What it is called.
    name: &'a str,
    /// What it allows.
    #[schema(value_type = Vec<String>)]
    scopes: &'a [Scope],
    /// When it was made.
    created_at: Time,
    /// Which admin made it; none: the command line.
    #[schema(value_type = Option<String>, format = "uuid")]
    created_by: Option<UserId>,
    /// When it stops working, if it ever does.
    expires_at: Option<Time>,
    /// When it was last used, to within a few minutes.
    last_used_at: Option<Time>,
    /// When it was revoked, if it was.
    revoked_at: Option<Time>,
}

impl<'a> From<&'a ApiKey> for KeyView<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: key.id,
            name: &key.name,
            scopes: &key.scopes,
            created_at: key.created_at.into(),
            created_by: key.created_by,
            expires_at: key.expires_at.map(Time),
            last_used_at: key.last_used_at.map(Time),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}
