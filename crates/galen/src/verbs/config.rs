//! `galen config`: what the configuration is, where each value comes from, and whether it is right.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::cli::Common;
use crate::config;
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Show, check or explain the configuration.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  galen config show\n  galen config check\n  galen config example > galen.toml"
)]
pub enum Config {
    Show(Show),
    /// Read all layers and say everything that is wrong with them.
    #[command(
        after_help = "Examples:\n  galen config check\n  galen config check --config /etc/galen/galen.toml"
    )]
    Check,
    /// Print a configuration with every key, its documentation and its default.
    #[command(after_help = "Examples:\n  galen config example > galen.toml")]
    Example,
}

/// Print every value with where it came from.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen config show\n  galen config show --json | jq '.\"server.listen\"'"
)]
pub struct Show {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Config {
    /// Does what was asked.
    pub fn run(&self, common: &Common) -> Result<Exit, Failure> {
        match self {
            Self::Show(show) => show.run(common),
            Self::Check => {
                let loaded = common.load_checked(Vec::new())?;
                let file = loaded.file.map_or_else(
                    || "no file was read".to_owned(),
                    |path| format!("{} was read", path.display()),
                );
                terminal::line(format_args!("the configuration is right ({file})"));
                Ok(Exit::Success)
            }
            Self::Example => {
                terminal::answer(&config::example());
                Ok(Exit::Success)
            }
        }
    }
}

impl Show {
    fn run(&self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let mut rows = Vec::new();
        let mut object = Map::new();
        let targets = loaded.config.targets.iter().enumerate();
        let targets = targets.map(|(at, one)| (format!("{}[{at}]", config::TARGET), one as _));
        let sections = loaded.config.sections().into_iter();
        let sections = sections.map(|section| (section.name().to_owned(), section));
        for (name, section) in sections.chain(targets) {
            for field in section.fields() {
                let Some(shown) = section.get(field.name) else { continue };
                let origin = loaded.origin(&name, field.name).to_string();
                // What nobody may set by accident is shown once somebody has set it.
                if field.hidden && origin == "default" {
                    continue;
                }
                let key = format!("{name}.{}", field.name);
                let value = json!({ "value": shown.json, "origin": origin });
                rows.push(vec![
                    key.clone(),
                    shown.toml.unwrap_or_else(|| "not set".to_owned()),
                    origin,
                ]);
                object.insert(key, value);
            }
        }
        if self.json {
            terminal::line(format_args!("{:#}", Value::Object(object)));
        } else {
            terminal::table(&["key", "value", "origin"], rows);
        }
        Ok(Exit::Success)
    }
}
