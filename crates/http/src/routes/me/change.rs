//! `PATCH /api/me`: a user changes its own profile.

use galen_core::model::{Preferences, ProfileChange};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Json;
use crate::routes::me::dto::{UserView, preferences_schema};

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileForm {
    /// What the user wants to be called.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// How the user wants to see things, in place of all that was kept: what is left out goes back to
    /// its default.
    #[schema(schema_with = preferences_schema)]
    #[serde(default)]
    preferences: Option<Preferences>,
}

/// Changes the user's own profile and preferences.
#[utoipa::path(patch, path = "/api/me", tag = "me", security(("session" = [])),
    request_body = ProfileForm, responses(
    (status = 200, description = "The user as it is now.", body = UserView),
))]
pub(crate) async fn change(by: SignedIn, Json(form): Json<ProfileForm>) -> Answer {
    let change = ProfileChange { name: form.name, preferences: form.preferences };
    let user = by.accounts().change_profile(by.cx(), by.caller(), change).await?;
    ok(&UserView::from(&user))
}
