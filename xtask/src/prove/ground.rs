//! A clean folder for one proof, kept afterwards so that a failure can be looked at.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::place;

/// Makes an empty folder `target/prove/NAME` and returns it.
///
/// # Errors
/// When the old one cannot be removed or the new one not be made.
pub fn clear(name: &str) -> Result<PathBuf> {
    let dir = place::target()?.join("prove").join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// A free TCP port on loopback: bound once to find it, and let go.
///
/// # Errors
/// When loopback has none.
pub fn free_port() -> Result<u16> {
    let listener =
        std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}
