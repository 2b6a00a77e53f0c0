//! `PUT /api/me/notification-preferences`: a user chooses what is told by which channel, and when.

use galen_account::{CategoryChoice, PreferenceForm};
use galen_core::post::Language;
use galen_core::preferences::Digest;
use galen_core::{Code, Refusal};
use serde::Deserialize;
use utoipa::ToSchema;

use super::preferences::{PreferencesView, digest_schema, language_schema};
use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::extract::Json;

/// What is wanted, whole: it takes the place of all that was wanted before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreferencesForm {
    /// In which language letters are written; `null` or left out: that of the browser.
    #[schema(value_type = Option<String>, schema_with = language_schema)]
    language: Option<Language>,
    /// The time zone, a name of the IANA database; needed with quiet hours.
    #[schema(max_length = 64)]
    time_zone: Option<String>,
    /// When not to disturb; `null` or left out: never.
    quiet_hours: Option<QuietForm>,
    /// Whether mails are gathered into one.
    #[schema(schema_with = digest_schema)]
    digest: Digest,
    /// What is wanted of categories, each once; those left out have the default.
    #[schema(max_items = 100)]
    categories: Vec<CategoryForm>,
}

/// When not to disturb.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuietForm {
    /// When it begins, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    from: String,
    /// When it ends, `HH:MM`; on the next day when that is earlier.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: String,
}

/// By which channels a category shall come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CategoryForm {
    /// Its name; `*` is every category without a choice of its own.
    #[schema(min_length = 1, max_length = 64)]
    category: String,
    /// Whether it comes into the inbox: it does.
    in_app: Option<bool>,
    /// Whether it comes by mail.
    email: bool,
    /// Whether it comes to the user's browsers.
    push: bool,
}

/// Keeps what the user wants, in place of what was wanted before, and answers it with the defaults
/// filled in.
#[utoipa::path(put, path = "/api/me/notification-preferences", tag = "me",
    security(("session" = [])), request_body = PreferencesForm, responses(
    (status = 200, description = "What is wanted from now on.", body = PreferencesView),
))]
pub(crate) async fn set_preferences(by: SignedIn, Json(form): Json<PreferencesForm>) -> Answer {
    if let Some(index) = form.categories.iter().position(|one| one.in_app == Some(false)) {
        let pointer = format!("/categories/{index}/in_app");
        let detail = "The inbox has everything; it is what other channels are turned off for.";
        return Err(Refusal::field(pointer, Code::FieldLocked, detail).into());
    }
    let choice = |form: CategoryForm| CategoryChoice {
        category: form.category,
        email: form.email,
        push: form.push,
    };
    let form = PreferenceForm {
        language: form.language,
        time_zone: form.time_zone,
        quiet_hours: form.quiet_hours.map(|quiet| (quiet.from, quiet.to)),
        digest: form.digest,
        categories: form.categories.into_iter().map(choice).collect(),
    };
    let chosen = by.accounts().set_preferences(by.cx(), by.caller(), form).await?;
    ok(&PreferencesView::from(&chosen))
}
