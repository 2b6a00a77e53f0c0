//! `GET /api/me/notification-preferences`: what a user is told by which channel, and when.

use galen_account::{CategoryChoice, Chosen};
use galen_core::post::Language;
use galen_core::preferences::{DAY_MIN, Digest, QuietHours};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::answer::{Answer, ok};
use crate::caller::SignedIn;
use crate::routes::me::dto::words;

/// The schema of a language.
pub(crate) fn language_schema() -> Schema {
    words(&Language::ALL.map(Language::tag))
}

/// The schema of a digest.
pub(crate) fn digest_schema() -> Schema {
    words(&Digest::ALL.map(Digest::name))
}

/// What a user is told by which channel, and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub(crate) struct PreferencesView<'a> {
    /// In which language letters are written; `null`: in that of the browser that causes them.
    #[schema(value_type = Option<String>, schema_with = language_schema)]
    language: Option<Language>,
    /// The user's time zone, a name of the IANA database; `null`: UTC.
    time_zone: Option<&'a str>,
    /// When not to disturb, by the clock of that zone; `null`: never. What is urgent (level `error`,
    /// category `security`) comes all the same; what else comes by mail or push comes when they end.
    quiet_hours: Option<QuietView>,
    /// Whether mails are gathered into one: `off`, `daily` or `weekly`. What is urgent is not.
    #[schema(schema_with = digest_schema)]
    digest: Digest,
    /// Every category there is to choose about, by name; `*`, at the end, is every other.
    categories: Vec<CategoryView<'a>>,
}

/// When not to disturb.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuietHours)]
struct QuietView {
    /// When it begins, `HH:MM`.
    from: String,
    /// When it ends, `HH:MM`; on the next day when that is earlier.
    to: String,
}

/// By which channels a category comes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryPreference)]
struct CategoryView<'a> {
    /// Its name; `*` is every category that is not listed.
    category: &'a str,
    /// Whether it comes into the inbox.
    in_app: bool,
    /// Whether it comes by mail, to an address that was proven.
    email: bool,
    /// Whether it comes to the browsers the user lets be told (`GET /api/me/push`).
    push: bool,
    /// Which of `in_app`, `email` and `push` cannot be changed.
    locked: &'static [&'static str],
}

impl<'a> From<&'a CategoryChoice> for CategoryView<'a> {
    fn from(choice: &'a CategoryChoice) -> Self {
        let is_email_locked = CategoryChoice::is_email_locked(&choice.category);
        Self {
            category: &choice.category,
            in_app: true,
            email: choice.email,
            push: choice.push,
            locked: if is_email_locked { &["in_app", "email"] } else { &["in_app"] },
        }
    }
}

impl From<QuietHours> for QuietView {
    fn from(quiet: QuietHours) -> Self {
        let written = |minute: u16| {
            let minute = minute % DAY_MIN;
            format!("{:02}:{:02}", minute / 60, minute % 60)
        };
        Self { from: written(quiet.from_min), to: written(quiet.to_min) }
    }
}

impl<'a> From<&'a Chosen> for PreferencesView<'a> {
    fn from(chosen: &'a Chosen) -> Self {
        let said = &chosen.preferences;
        Self {
            language: said.language,
            time_zone: said.zone.as_deref(),
            quiet_hours: said.quiet.map(QuietView::from),
            digest: said.digest,
            categories: chosen.categories.iter().map(CategoryView::from).collect(),
        }
    }
}

/// Says what the user is told by which channel, and when; defaults are filled in.
#[utoipa::path(get, path = "/api/me/notification-preferences", tag = "me",
    security(("session" = [])), responses(
    (status = 200, description = "What is wanted.", body = PreferencesView),
))]
pub(crate) async fn preferences(by: SignedIn) -> Answer {
    let chosen = by.accounts().preferences(by.cx(), by.caller()).await?;
    ok(&PreferencesView::from(&chosen))
}
