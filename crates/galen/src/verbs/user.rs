//! `galen user`: accounts from the terminal, through the running server or under its lock.

use clap::{Args, Subcommand};
use galen_core::{Secret, UserId};
use serde_json::json;

use super::way::Way;
use crate::cli::{Common, place};
use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;
use crate::wire::answers::{self, NewUser, UserRow, UserRows};
use crate::wire::clock::rfc3339;
use crate::wire::control::Ask;
use crate::wire::control::client::Client;
use crate::wire::place::Place;

/// The longest password that is read: 256 characters of at most four bytes each.
const PASSWORD_BYTES_MAX: usize = 1024;
/// How many users one page of the list asks for.
const PAGE: u32 = 200;

/// Make and list accounts.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  galen user add me@example.org --admin\n  galen user list")]
pub enum User {
    Add(Add),
    List(List),
}

/// Make an account.
///
/// Speaks to the running server; when none runs, opens the database itself under the instance lock.
/// The password is asked for, or read from standard input with --password-stdin.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  galen user add me@example.org --admin\n  \
                        printf '%s\\n' \"$PASSWORD\" | galen user add me@example.org --admin --password-stdin")]
pub struct Add {
    /// The address to sign in with.
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Make it an admin.
    #[arg(long)]
    admin: bool,
    /// What the user is called.
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// List accounts, newest first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  galen user list\n  galen user list --limit 20 --json")]
pub struct List {
    /// The most accounts to print.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl User {
    /// Does what was asked.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        match self {
            Self::Add(add) => add.run(common),
            Self::List(list) => list.run(common),
        }
    }
}

impl Add {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load_checked(Vec::new())?;
        let place = place(&loaded.config)?;
        // Asking comes before opening: nobody's database is held while somebody thinks.
        let password = self.password()?;
        let json = self.json;
        let made: UserRow = match Way::find(&place, &loaded.config, true)? {
            Way::Server(client) => client.ask(&Ask::UserAdd {
                email: self.email,
                name: self.name,
                password: password.reveal().clone(),
                admin: self.admin,
            })?,
            Way::Ourselves(opened) => {
                let new =
                    NewUser { email: self.email, name: self.name, password, admin: self.admin };
                opened.work(|rooms, runtime| runtime.block_on(answers::add_user(rooms, new)))?
            }
        };
        if json {
            terminal::line(json!(made));
        } else {
            let role = made.role.name();
            terminal::line(format_args!(
                "made {role} {} ({})",
                terminal::plain(&made.email),
                made.id
            ));
        }
        Ok(Exit::Success)
    }

    fn password(&self) -> Result<Secret<String>, Failure> {
        let what = || "the password cannot be read".to_owned();
        if self.password_stdin {
            return terminal::read_line(PASSWORD_BYTES_MAX).or_fail(what).map(Secret::new);
        }
        let first = terminal::ask_secret("Password", PASSWORD_BYTES_MAX).or_fail(what)?;
        let again = terminal::ask_secret("Password again", PASSWORD_BYTES_MAX).or_fail(what)?;
        match (first, again) {
            (Some(first), Some(again)) if first == again => Ok(Secret::new(first)),
            (Some(_), Some(_)) => Err(Failure::new("the two passwords differ").fix("try again")),
            _ => Err(Failure::new("there is no terminal to ask for the password on")
                .fix("pipe it in with --password-stdin")
                .exit(Exit::Usage)),
        }
    }
}

impl List {
    fn run(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let place = place(&loaded.config)?;
        let users = match Way::find(&place, &loaded.config, false)? {
            Way::Server(client) => self.through(&place, client)?,
            Way::Ourselves(opened) => {
                let mut users = Vec::new();
                let outcome = gather(self.limit, &mut users, |after, limit| {
                    let page = answers::users(&opened.rooms, after, limit);
                    opened.runtime.block_on(page).map_err(Failure::from)
                });
                opened.close();
                outcome?;
                users
            }
        };
        if self.json {
            terminal::line(format_args!("{:#}", json!(users)));
        } else {
            terminal::table(
                &["email", "name", "role", "status", "made", "last sign-in"],
                rows(users),
            );
        }
        Ok(Exit::Success)
    }

    fn through(&self, place: &Place, first: Client) -> Result<Vec<UserRow>, Failure> {
        let mut users = Vec::new();
        let mut client = Some(first);
        gather(self.limit, &mut users, |after, limit| {
            let next = match client.take() {
                Some(client) => Some(client),
                None => Client::connect(place)?,
            };
            let gone = || Failure::new("the running Galen stopped meanwhile").fix("try again");
            next.ok_or_else(gone)?.ask(&Ask::UserList { after, limit })
        })?;
        Ok(users)
    }
}

/// Asks for pages until there are no more or `limit` is reached.
fn gather(
    limit: u32,
    users: &mut Vec<UserRow>,
    mut page: impl FnMut(Option<UserId>, u32) -> Result<UserRows, Failure>,
) -> Result<(), Failure> {
    let limit = limit as usize;
    while users.len() < limit {
        let rest = u32::try_from(limit - users.len()).unwrap_or(PAGE);
        let next = page(users.last().map(|user| user.id), rest.min(PAGE))?;
        let is_last = !next.more || next.users.is_empty();
        users.extend(next.users);
        if is_last {
            break;
        }
    }
    Ok(())
}

fn rows(users: Vec<UserRow>) -> Vec<Vec<String>> {
    let row = |user: UserRow| {
        vec![
            user.email,
            user.name,
            user.role.name().to_owned(),
            user.status.name().to_owned(),
            rfc3339(user.created_at),
            user.last_login_at.map_or_else(|| "never".to_owned(), rfc3339),
        ]
    };
    users.into_iter().map(row).collect()
}
