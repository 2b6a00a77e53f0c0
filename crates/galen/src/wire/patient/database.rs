//! The database of a target, as `--db` or `target.database` name it: a SQLite file, or a PostgreSQL database with its password apart.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use galen_doctor::PostgresAccess;
use galen_doctor::postgres_access::AccessError;

use crate::failure::{Exit, Failure, OrFail};
use crate::terminal;

/// A longer file holds something else than one password.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// The database a caller named.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Database {
    /// None.
    Unnamed,
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<PostgresAccess>),
}

/// Reads what stands behind `--db`, and the password where one is given.
///
/// # Errors
/// When it is no PostgreSQL URL though it begins as one, holds a password, or the password's file
/// cannot be used; all of it is wrong usage.
pub(super) fn named(db: Option<&str>, password: Option<&Path>) -> Result<Database, Failure> {
    let access = match db {
        Some(text) if PostgresAccess::is_url(text) => {
            PostgresAccess::parse(text).map_err(|error| refused(&error))?
        }
        _ if password.is_some() => {
            return Err(usage("a password file goes with a PostgreSQL database")
                .fix("write --db postgres://USER@HOST/DATABASE beside it"));
        }
        Some(file) => return Ok(Database::File(PathBuf::from(file))),
        None => return Ok(Database::Unnamed),
    };
    let password = password.map(read_password).transpose()?;
    Ok(Database::Postgres(Box::new(match password {
        Some(password) => access.with_password(&password),
        None => access,
    })))
}

fn usage(what: impl Into<String>) -> Failure {
    Failure::new(what).exit(Exit::Usage)
}

fn refused(error: &AccessError) -> Failure {
    let failure = usage(format!("the database {error}"));
    match error {
        AccessError::PasswordInUrl => {
            failure.fix("leave it out, and name a file that holds it: --db-password-file FILE")
        }
        AccessError::NotAUrl(_) | AccessError::NoUser => {
            failure.fix("write it as postgres://USER@HOST:5432/DATABASE")
        }
    }
}

/// The first line of a file that nobody but its owner can read, as libpq demands of ~/.pgpass
/// (PostgreSQL documentation, 34.16).
fn read_password(path: &Path) -> Result<String, Failure> {
    let shown = terminal::plain(&path.display().to_string());
    let unread = || format!("the password file {shown} cannot be read");
    let meta = std::fs::metadata(path).or_fail(unread).map_err(|one| one.exit(Exit::Usage))?;
    if meta.mode() & 0o077 != 0 {
        return Err(usage(format!("others can read the password file {shown}"))
            .fix(format!("chmod 600 {shown}")));
    }
    if meta.len() > PASSWORD_BYTES_MAX {
        return Err(usage(format!("{shown} is too long for a file that holds one password"))
            .fix("write the password alone into it"));
    }
    let text =
        std::fs::read_to_string(path).or_fail(unread).map_err(|one| one.exit(Exit::Usage))?;
    let first = text.lines().next().unwrap_or_default();
    if first.is_empty() {
        return Err(usage(format!("the password file {shown} is empty"))
            .fix("write the password into its first line"));
    }
    Ok(first.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_and_a_url_are_told_apart() {
        assert_eq!(named(Some("app.db"), None), Ok(Database::File(PathBuf::from("app.db"))));
        assert_eq!(named(None, None), Ok(Database::Unnamed));
        let access = named(Some("postgres://ada@db/app"), None);
        assert!(matches!(access, Ok(Database::Postgres(_))));
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_with_the_way_out() {
        let failure = named(Some("postgres://ada:hunter2@db/app"), None).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(!failure.what.contains("hunter2"));
        assert!(failure.fix.is_some_and(|fix| fix.contains("--db-password-file")));
    }

    #[test]
    fn a_password_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "hunter2\n").unwrap();
        let set = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode));
        set(0o644).unwrap();
        let refused = named(Some("postgres://ada@db/app"), Some(&path)).unwrap_err();
        assert!(refused.fix.is_some_and(|fix| fix.starts_with("chmod 600")));
        set(0o600).unwrap();
        assert!(named(Some("postgres://ada@db/app"), Some(&path)).is_ok());
        assert!(named(Some("app.db"), Some(&path)).is_err());
    }
}
