//! The outbox of a running Galen, read as an operator reads it: with `galen mail`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::server::Setup;

/// How long a mail may take to be captured.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mails of a state, newest first, with what waits.
///
/// # Errors
/// When the server does not answer.
pub fn list(setup: &Setup, state: &str) -> Result<Value> {
    let verb = ["mail", "list", "--json", "--limit", "200", "--state", state];
    serde_json::from_str(&setup.command(&verb).read()?).context("the list is no JSON")
}

/// The secret of the link in the newest captured mail, once there are so many.
///
/// # Errors
/// When they do not come, or hold no link.
pub fn newest_secret(setup: &Setup, count: usize) -> Result<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = list(setup, "captured")?;
        let mails = found["mails"].as_array().context("no list")?;
        if mails.len() >= count {
            let id = mails.first().and_then(|mail| mail["id"].as_str()).context("no mail")?;
            let text = setup.command(&["mail", "show", id]).read()?;
            let after = text.split_once("#token=").context("no link")?.1;
            return Ok(after.split_whitespace().next().unwrap_or_default().to_owned());
        }
        if Instant::now() > until {
            bail!("{} mails instead of {count}", mails.len());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
