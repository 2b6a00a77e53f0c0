//! The command line: what can be typed, and how each verb is reached.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{self, Complaint, Flag, Loaded, Sources};
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::verbs::{
    alerts, config as config_verb, doctor, generate, keys, logs, mail, serve, status, user, version,
};
use crate::wire::place::Place;

/// The file that is read when no other is named.
const USUAL_FILE: &str = "galen.toml";

/// Accounts, sessions and notifications for your application, and a doctor that finds out why a
/// backend is slow.
#[derive(Debug, Parser)]
#[command(
    name = "galen",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Examples:\n  galen serve                        serve on http://127.0.0.1:8000\n  \
                  galen user add me@example.org --admin\n  galen status\n  \
                  galen doctor                       examine this installation\n  \
                  galen doctor http://127.0.0.1:9000 examine any other backend"
)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// What holds for every verb.
#[derive(Debug, Args)]
pub struct Common {
    /// Read this configuration instead of ./galen.toml.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Installation")]
    config: Option<PathBuf>,
    /// The SQLite database of the installation (database.path).
    #[arg(long, global = true, value_name = "FILE", help_heading = "Installation")]
    database: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Serve),
    Status(status::Status),
    Alerts(alerts::Alerts),
    Logs(logs::Logs),
    Doctor(doctor::Doctor),
    #[command(subcommand)]
    Mail(mail::Mail),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Config(config_verb::Config),
    Version(version::Version),
    #[command(name = "__generate", hide = true)]
    Generate(generate::Generate),
}

/// Reads the command line and does what it says.
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let common = &cli.common;
    let outcome = match cli.verb {
        Verb::Serve(verb) => verb.run(common),
        Verb::Status(verb) => verb.run(common),
        Verb::Alerts(verb) => verb.run(common),
        Verb::Logs(verb) => verb.run(common),
        Verb::Doctor(verb) => verb.run(common),
        Verb::Mail(verb) => verb.run(common),
        Verb::User(verb) => verb.run(common),
        Verb::Keys(verb) => verb.run(common),
        Verb::Config(verb) => verb.run(common),
        Verb::Version(verb) => verb.run(),
        Verb::Generate(verb) => verb.run(),
    };
    outcome.unwrap_or_else(|failure| {
        terminal::fail(&failure);
        failure.exit
    })
}

/// Prints clap's own words: help and version are answers, the rest is wrong usage.
fn refuse(error: &clap::Error) -> Exit {
    // If nothing can be printed, the exit code still says it.
    let _ = error.print();
    let is_bare = std::env::args_os().len() <= 1;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Success,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if is_bare => Exit::Success,
        _ => Exit::Usage,
    }
}

impl Common {
    /// Loads the configuration with what the verb's own flags say.
    ///
    /// # Errors
    /// When any layer is wrong; all that is wrong is said.
    pub fn load(&self, mut flags: Vec<Flag>) -> Result<Loaded, Failure> {
        if let Some(path) = &self.database {
            let value = path.display().to_string();
            flags.push(Flag { name: "--database", key: ("database", "path"), value });
        }
        let sources = Sources {
            named_file: self.config.clone(),
            usual_file: Some(PathBuf::from(USUAL_FILE)),
            environment: config::env::variables(),
            flags,
        };
        config::load(&sources).map_err(|complaints| wrong(&complaints))
    }

    /// Loads the configuration and refuses one that must not be served with.
    ///
    /// # Errors
    /// When any layer is wrong, or values do not go together.
    pub fn load_checked(&self, flags: Vec<Flag>) -> Result<Loaded, Failure> {
        let loaded = self.load(flags)?;
        match config::check(&loaded).as_slice() {
            [] => Ok(loaded),
            complaints => Err(wrong(complaints)),
        }
    }
}

/// Where the installation of a configuration is.
///
/// # Errors
/// When the database's folder does not exist.
pub fn place(config: &config::Config) -> Result<Place, Failure> {
    Place::of(&config.database.path, config.database.keys_file.as_deref())
}

fn wrong(complaints: &[Complaint]) -> Failure {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let what = match lines.as_slice() {
        [one] => one.clone(),
        _ => format!(
            "the configuration is wrong in {} places:\n  {}",
            lines.len(),
            lines.join("\n  ")
        ),
    };
    Failure::new(what).exit(Exit::Config)
}

/// The whole command line, for its reference page.
pub fn command() -> clap::Command {
    Cli::command().term_width(100)
}
