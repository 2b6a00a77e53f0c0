//! `POST /api/admin/keys`: an admin makes an API key, which is shown this once.

use galen_account::KeyForm;
use galen_core::model::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::KeyView;
use crate::answer::{Answer, created};
use crate::caller::FreshAdmin;
use crate::extract::Json;
use crate::time::Time;

/// An API key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyForm {
    /// What it is called: the application it is for.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it allows.
    #[schema(value_type = Vec<String>, min_items = 1)]
    scopes: Vec<Scope>,
    /// When it stops working; never if nothing is said.
    expires_at: Option<Time>,
}

/// An API key that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeApiKey)]
struct MadeView<'a> {
    /// What the application sends as `Authorization: Bearer …`. It is shown this once and kept
    /// nowhere.
    token: &'a str,
    /// The key.
    key: KeyView<'a>,
}

/// Makes an API key. It wants a password given a short while ago.
#[utoipa::path(post, path = "/api/admin/keys", tag = "admin", security(("session" = [])),
    request_body = NewKeyForm, responses(
    (status = 201, description = "The key, with its token.", body = MadeView),
    (status = 409, description = "There are as many as there may be."),
))]
pub(crate) async fn create(by: FreshAdmin, Json(form): Json<NewKeyForm>) -> Answer {
    let expires_at = form.expires_at.map(|time| time.0);
    let form = KeyForm { name: form.name, scopes: form.scopes, expires_at };
    let made = by.accounts().create_api_key(by.cx(), Some(by.caller()), form).await?;
    created(&MadeView { token: made.token.reveal(), key: (&made.key).into() }, None)
}
