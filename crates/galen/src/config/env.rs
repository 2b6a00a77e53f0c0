//! The one place where the environment is read.

use std::ffi::OsString;

/// How the names of Galen's own variables begin: `GALEN__SECTION__KEY`.
pub const PREFIX: &str = "GALEN__";

/// The environment variables that are meant for the configuration. A value that is not Unicode is
/// passed on with replacement characters, so that it is refused by its key and not passed over.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the environment is read"
)]
pub fn variables() -> Vec<(String, String)> {
    let text = |raw: OsString| raw.to_string_lossy().into_owned();
    let ours = |name: &OsString| name.to_string_lossy().starts_with(PREFIX);
    let mut found: Vec<(String, String)> = std::env::vars_os()
        .filter(|(name, _)| ours(name))
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    found.sort();
    found
}
