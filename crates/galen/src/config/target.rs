//! `[[target]]`: other backends that are examined by name.

use std::path::PathBuf;

use galen_core::examinations::OWN_TARGET;
use galen_doctor::PostgresAccess;

use super::headers;
use super::monitor::WebUrl;
use super::section::section;

section! {
    /// Another backend that `galen doctor NAME` examines, and that admins examine in the panel: one table
    /// each. At least one of `url`, `pid`, `unit` and `database` says where it is. It is looked at only;
    /// repairs of others are told, never carried out from here.
    Target = "target" {
        /// What it is called: lower-case letters, digits, `-`, `_` and `.`; not `self`, which is this
        /// installation.
        name: String = String::new();
        /// Where it answers.
        url: Option<WebUrl> = None;
        /// The paths that are asked with GET; found by themselves when none is given.
        paths: Vec<String> = Vec::new();
        /// The origin of the web page that calls it, which CORS must allow.
        origin: Option<String> = None;
        /// A file with headers that are sent along, one `Name: value` a line, such as
        /// `Authorization: Bearer …`; nobody else may read it.
        headers_file: Option<PathBuf> = None;
        /// The database it works with: a SQLite file, or `postgres://USER@HOST:5432/DATABASE`.
        database: Option<String> = None;
        /// A file with that user's password in its first line; nobody else may read it.
        database_password_file: Option<PathBuf> = None;
        /// Its process, when it is not found by itself.
        pid: Option<u32> = None;
        /// The systemd unit that runs it.
        unit: Option<String> = None;
    }
}

/// The most targets: each is a row of the panel, and none is examined by itself.
const TARGETS_MAX: usize = 64;
/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The most paths of a target: the doctor asks no more than these.
const PATHS_MAX: usize = 12;

/// What is wrong with targets, each with its place in the list and the key that is wrong.
pub fn check(targets: &[Target]) -> Vec<(usize, &'static str, String)> {
    let mut wrong = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        let mut says = |key, says: String| wrong.push((at, key, says));
        if at == TARGETS_MAX {
            says("name", format!("there are more than {TARGETS_MAX} targets"));
        }
        let is_first = !targets.iter().take(at).any(|other| other.name == target.name);
        if !is_name(&target.name) {
            let what = "`target.name` must be 1 to 64 lower-case letters, digits, `-`, `_` or `.`, \
                        beginning with a letter, and not `self`";
            says("name", what.to_owned());
        } else if !is_first {
            says("name", format!("two targets are called `{}`", target.name));
        }
        let is_somewhere = target.url.is_some()
            || target.pid.is_some()
            || target.unit.is_some()
            || target.database.is_some();
        if !is_somewhere {
            let what = "a target needs a place: set one of `url`, `pid`, `unit` and `database`";
            says("name", what.to_owned());
        }
        if target.paths.len() > PATHS_MAX || target.paths.iter().any(|path| !is_path(path)) {
            let what = format!("`target.paths` lists at most {PATHS_MAX} paths such as `/api/me`");
            says("paths", what);
        }
        if let Some(Err(error)) = target.headers_file.as_deref().map(headers::read) {
            says("headers_file", format!("`target.headers_file`: {error}"));
        }
        if target.database_password_file.is_some()
            && !target.database.as_deref().is_some_and(PostgresAccess::is_url)
        {
            let what = "`target.database_password_file` goes with a PostgreSQL database";
            says("database_password_file", what.to_owned());
        }
    }
    wrong
}

fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_plain)
        && name != OWN_TARGET
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
        && path.len() <= 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(targets: &[Target]) -> Vec<&'static str> {
        check(targets).into_iter().map(|(_, key, _)| key).collect()
    }

    #[test]
    fn a_target_has_a_name_of_its_own_and_a_place() {
        let shop = Target { name: "shop".to_owned(), pid: Some(7), ..Target::default() };
        assert_eq!(wrong(std::slice::from_ref(&shop)), Vec::<&str>::new());
        assert_eq!(wrong(&[shop.clone(), shop.clone()]), ["name"]);
        for name in ["", "self", "Shop", "a b", "1st"] {
            let named = Target { name: name.to_owned(), ..shop.clone() };
            assert_eq!(wrong(&[named]), ["name"], "{name}");
        }
        assert_eq!(wrong(&[Target { pid: None, ..shop.clone() }]), ["name"]);
        let paths = vec!["//evil.example".to_owned()];
        assert_eq!(wrong(&[Target { paths, ..shop.clone() }]), ["paths"]);
        let file = Some(PathBuf::from("/nonexistent/headers"));
        assert_eq!(
            wrong(&[Target { headers_file: file.clone(), ..shop.clone() }]),
            ["headers_file"]
        );
        let alone = Target { database_password_file: file, ..shop };
        assert_eq!(wrong(&[alone]), ["database_password_file"]);
    }
}
