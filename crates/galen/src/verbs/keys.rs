//! `galen keys`: API keys from the terminal, through the running server or under its lock.

use clap::{Args, Subcommand};
use galen_core::model::Scope;
use galen_core::{ApiKeyId, Clock as _};
use serde_json::json;

use super::way::Way;
use crate::cli::{Common, place};
use crate::config::quantity::Lapse;
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::wire::api_keys::{self, KeyRow, MadeKeyRow, NewKey};
use crate::wire::clock::{RealClock, rfc3339};
use crate::wire::control::Ask;

/// Make, list and revoke API keys.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  galen keys add backup --expires-in 365d\n  galen keys list\n  galen keys revoke 0190163d-8694-739b-8d4a-5b3f4b1c2d3e"
)]
pub enum Keys {
    Add(Add),
    List(List),
    Revoke(Revoke),
}

/// Make an API key; its token is printed this once.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen keys add backup\n  galen keys add shop --scope notify:send --scope notify:broadcast --expires-in 90d"
)]
pub struct Add {
    /// What it is called: the application it is for.
    #[arg(value_name = "NAME")]
    name: String,
    /// What it allows: `notify:send` or `notify:broadcast`.
    #[arg(long, value_name = "SCOPE", value_parser = scope, default_value = "notify:send")]
    scope: Vec<Scope>,
    /// After how long it stops working; never if nothing is said.
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Lapse>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// List API keys, newest first.
#[derive(Debug, Args)]
pub struct List {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Revoke an API key at once.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The key's identifier, as `galen keys list` prints it.
    #[arg(value_name = "ID")]
    id: String,
}

fn scope(text: &str) -> Result<Scope, String> {
    let found = Scope::ALL.into_iter().find(|scope| scope.name() == text);
    found.ok_or_else(|| "say notify:send or notify:broadcast".to_owned())
}

impl Keys {
    /// Does what was asked.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        match self {
            Self::Add(add) => add.run(common),
            Self::List(list) => list.run(common),
            Self::Revoke(revoke) => revoke.run(common),
        }
    }
}

impl Add {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load_checked(Vec::new())?;
        let place = place(&loaded.config)?;
        let after = |lapse: Lapse| RealClock::new().now().plus_ms(lapse.as_signed_ms());
        let new =
            NewKey { name: self.name, scopes: self.scope, expires_at: self.expires_in.map(after) };
        let made: MadeKeyRow = match Way::find(&place, &loaded.config, true)? {
            Way::Server(client) => client.ask(&Ask::KeyAdd { key: new })?,
            Way::Ourselves(opened) => {
                opened.work(|rooms, runtime| runtime.block_on(api_keys::add(rooms, new)))?
            }
        };
        if self.json {
            terminal::line(format_args!("{:#}", json!(made)));
        } else {
            terminal::line(format_args!("made the key {} ({})", made.key.name, made.key.id));
            terminal::line(format_args!("its token, shown this once:"));
            terminal::line(made.token);
        }
        Ok(Exit::Success)
    }
}

impl List {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let place = place(&loaded.config)?;
        let keys: Vec<KeyRow> = match Way::find(&place, &loaded.config, false)? {
            Way::Server(client) => client.ask(&Ask::KeyList {})?,
            Way::Ourselves(opened) => {
                opened.work(|rooms, runtime| runtime.block_on(api_keys::list(rooms)))?
            }
        };
        if self.json {
            terminal::line(format_args!("{:#}", json!(keys)));
        } else {
            let head = ["id", "name", "scopes", "made", "last used", "state"];
            terminal::table(&head, keys.into_iter().map(row).collect());
        }
        Ok(Exit::Success)
    }
}

fn row(key: KeyRow) -> Vec<String> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", rfc3339(at)),
        (None, Some(at)) => format!("until {}", rfc3339(at)),
        (None, None) => "works".to_owned(),
    };
    vec![
        key.id.to_string(),
        key.name,
        scopes.join(" "),
        rfc3339(key.created_at),
        key.last_used_at.map_or_else(|| "never".to_owned(), rfc3339),
        state,
    ]
}

impl Revoke {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let place = place(&loaded.config)?;
        let id: ApiKeyId = self.id.parse().map_err(|_| {
            Failure::new("this is no identifier of a key")
                .fix("copy it from `galen keys list`")
                .exit(Exit::Usage)
        })?;
        match Way::find(&place, &loaded.config, false)? {
            Way::Server(client) => client.ask(&Ask::KeyRevoke { id })?,
            Way::Ourselves(opened) => {
                opened.work(|rooms, runtime| runtime.block_on(api_keys::revoke(rooms, id)))?;
            }
        }
        terminal::line(format_args!("revoked {id}"));
        Ok(Exit::Success)
    }
}
