//! `galen version`: which Galen this is.

use clap::Args;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::terminal;

/// Print the version and the platform this binary was built for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  galen version\n  galen version --json")]
pub struct Version {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Version {
    /// Prints it.
    pub fn run(&self) -> Result<Exit, Failure> {
        let version = env!("CARGO_PKG_VERSION");
        let platform = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        if self.json {
            terminal::line(json!({ "version": version, "platform": platform }));
        } else {
            terminal::line(format_args!("galen {version} ({platform})"));
        }
        Ok(Exit::Success)
    }
}
