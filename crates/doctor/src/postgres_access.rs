//! How the doctor reaches a PostgreSQL database: its URL without a password, and the password apart.

use std::fmt;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::evidence::object;

/// Schemes of libpq's connection URIs (PostgreSQL documentation, 34.1.1.2).
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// PostgreSQL's port when a URL names none.
const PORT: u16 = 5432;

/// A database and the right to look at it. Neither its text nor its `Debug` holds the password.
#[derive(Clone)]
pub struct PostgresAccess {
    config: Config,
    address: String,
    database: String,
}

/// Why an access cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It is no connection URI.
    #[error("is not a PostgreSQL URL: {0}")]
    NotAUrl(String),
    /// A command line is visible to everybody on the machine.
    #[error("holds a password, and every user of this machine can read a command line")]
    PasswordInUrl,
    /// Nobody to connect as.
    #[error("names no user")]
    NoUser,
}

impl PostgresAccess {
    /// Whether a text is meant as a PostgreSQL URL and not as a file.
    pub fn is_url(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// Reads a URL such as `postgres://galen_doctor@127.0.0.1/app`.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn parse(url: &str) -> Result<Self, AccessError> {
        let mut config =
            Config::from_str(url).map_err(|error| AccessError::NotAUrl(error.to_string()))?;
        if config.get_password().is_some() {
            return Err(AccessError::PasswordInUrl);
        }
        let user = config.get_user().ok_or(AccessError::NoUser)?.to_owned();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("127.0.0.1");
        }
        config.dbname(&database);
        let port = config.get_ports().first().copied().unwrap_or(PORT);
        let address = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => format!("{name}:{port}"),
            Some(Host::Unix(folder)) => format!("{}/.s.PGSQL.{port}", folder.display()),
            None => {
                config.get_hostaddrs().first().map_or_else(String::new, |ip| format!("{ip}:{port}"))
            }
        };
        Ok(Self { config, address, database })
    }

    /// The same access with a password, which was read from a file.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// How the database is called in evidence and reports: no user, no password.
    pub fn name(&self) -> String {
        object::postgres(&self.address, &self.database)
    }

    /// What a driver needs.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }
}

impl fmt::Debug for PostgresAccess {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("PostgresAccess").field(&self.name()).finish()
    }
}

impl PartialEq for PostgresAccess {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

impl Eq for PostgresAccess {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_refused_in_a_url_and_never_shown_afterwards() {
        let refused = PostgresAccess::parse("postgres://u:hunter2@db/app");
        assert_eq!(refused, Err(AccessError::PasswordInUrl));
        let access = PostgresAccess::parse("postgres://u@db:6432/app").unwrap();
        let access = access.with_password("hunter2");
        assert_eq!(access.name(), "postgres://db:6432/app");
        assert!(!format!("{access:?}").contains("hunter2"));
    }

    #[test]
    fn a_url_without_a_user_names_nobody_and_one_without_a_host_is_this_machine() {
        assert_eq!(PostgresAccess::parse("postgres://db/app"), Err(AccessError::NoUser));
        let access = PostgresAccess::parse("postgresql://ada@/app").unwrap();
        assert_eq!(access.name(), "postgres://127.0.0.1:5432/app");
        assert!(PostgresAccess::is_url("postgres://x") && !PostgresAccess::is_url("/srv/app.db"));
    }
}
