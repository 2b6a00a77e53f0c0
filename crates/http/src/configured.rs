//! The configuration as it is in force, as the roof tells it: every value and where it comes from.

use serde_json::Value;

/// A section of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfiguredSection {
    /// Its name in the file.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Its keys, in the order of the example file.
    pub keys: Vec<ConfiguredKey>,
}

/// A key of the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfiguredKey {
    /// Its name in its section.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Its value; nothing when it is a secret.
    pub value: Value,
    /// The value as the file has it; nothing when it is not set, or a secret.
    pub toml: Option<String>,
    /// Whether it has a value.
    pub is_set: bool,
    /// Whether knowing the value is enough to do harm, so that it is never shown.
    pub is_secret: bool,
    /// Where the value comes from: `default`, `file`, `environment` or `flag`.
    pub origin: &'static str,
    /// The line of the file, the variable or the flag.
    pub place: Option<String>,
}
