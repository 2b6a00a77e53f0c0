//! `GET /api/admin/settings`: what the server is configured with.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::configured::{ConfiguredKey, ConfiguredSection};
use crate::routes::me::dto::words;

/// The configuration in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
struct Settings<'a> {
    /// Its sections, in the order of the example file.
    sections: Vec<SectionView<'a>>,
}

/// A section of the configuration.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettingSection)]
struct SectionView<'a> {
    /// Its name in the file.
    name: &'a str,
    /// What it is about.
    about: &'a str,
    /// Its keys.
    keys: Vec<KeyView<'a>>,
}

/// A key of the configuration.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Setting)]
struct KeyView<'a> {
    /// Its name in its section.
    name: &'a str,
    /// What it does.
    about: &'a str,
    /// Its value; null when it is not set, or a secret.
    #[schema(value_type = Object, nullable)]
    value: &'a Value,
    /// The value as the file has it.
    toml: Option<&'a str>,
    /// Whether it has a value.
    is_set: bool,
    /// Whether its value is never shown.
    is_secret: bool,
    /// Where the value comes from.
    #[schema(schema_with = origin_schema)]
    origin: &'a str,
    /// The line of the file, the environment variable or the flag.
    place: Option<&'a str>,
}

fn origin_schema() -> utoipa::openapi::schema::Schema {
    words(&["default", "file", "environment", "flag"])
}

impl<'a> From<&'a ConfiguredSection> for SectionView<'a> {
    fn from(it: &'a ConfiguredSection) -> Self {
        let keys = it.keys.iter().map(Into::into).collect();
        Self { name: it.name, about: it.about.trim(), keys }
    }
}

impl<'a> From<&'a ConfiguredKey> for KeyView<'a> {
    fn from(it: &'a ConfiguredKey) -> Self {
        Self {
            name: it.name,
            about: it.about.trim(),
            value: &it.value,
            toml: it.toml.as_deref(),
            is_set: it.is_set,
            is_secret: it.is_secret,
            origin: it.origin,
            place: it.place.as_deref(),
        }
    }
}

/// Lists every value the server is configured with and where it comes from. Secrets are only said to
/// be set or not. It is changed where it stands, and taken with the next start.
#[utoipa::path(get, path = "/api/admin/settings", tag = "admin", security(("session" = [])), responses(
    (status = 200, description = "The configuration.", body = Settings),
))]
pub(crate) async fn list(by: Admin) -> Answer {
    ok(&Settings { sections: by.app().configured.iter().map(Into::into).collect() })
}
