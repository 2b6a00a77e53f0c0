//! Where things are: the repository, the build directory, and the environment xtask was given.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::Cmd;

/// The repository's root: the folder above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Reads one environment variable; unset and not UTF-8 are both absent.
pub fn env(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where xtask reads the environment"
    )]
    let value = std::env::var(name);
    value.ok()
}

/// What cargo says about the workspace (`cargo metadata`, without dependencies).
///
/// # Errors
/// When cargo fails or does not answer with JSON.
pub fn metadata() -> Result<Value> {
    let text = Cmd::cargo()
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .dir(&root())
        .read()?;
    serde_json::from_str(&text).context("cargo metadata did not answer with JSON")
}

/// The build directory, wherever the user's configuration puts it.
///
/// # Errors
/// When cargo does not name it.
pub fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let dir = metadata["target_directory"].as_str().context("cargo names no target directory")?;
    Ok(PathBuf::from(dir))
}

/// The built `galen` of one profile (`debug` or `release`).
///
/// # Errors
/// When the build directory cannot be found out.
pub fn galen(profile: &str) -> Result<PathBuf> {
    Ok(target()?.join(profile).join("galen"))
}
