//! Where an installation keeps its files: everything stands beside the database.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Failure, OrFail};

/// The longest file name a control socket can have: `sun_path` takes 107 bytes, and the folder is
/// named through `/proc/self/fd`.
const SOCKET_NAME_BYTES_MAX: usize = 80;

/// The files of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The database, absolute, with symbolic links followed, so that one database has one lock
    /// under whatever name it is opened.
    pub database: PathBuf,
    /// The file with the keys.
    pub keys: PathBuf,
}

impl Place {
    /// Finds the place of a database that exists or is about to be made.
    ///
    /// # Errors
    /// When its folder does not exist or cannot be entered.
    pub fn of(database: &Path, keys: Option<&Path>) -> Result<Self, Failure> {
        let database = resolve(database)?;
        let keys = match keys {
            Some(path) => resolve(path)?,
            None => beside(&database, ".keys"),
        };
        Ok(Self { database, keys })
    }

    /// The monitor's history.
    pub fn history(&self) -> PathBuf {
        beside(&self.database, ".history")
    }

    /// The folder of the doctor's reports.
    pub fn examinations(&self) -> PathBuf {
        beside(&self.database, ".examinations")
    }

    /// The instance lock: held by whoever has the database open.
    pub fn lock(&self) -> PathBuf {
        beside(&self.database, ".lock")
    }

    /// The file that holds the first start's setup link where no terminal can show it.
    pub fn setup_link(&self) -> PathBuf {
        beside(&self.database, ".setup-link")
    }

    /// Removes the file with the setup link, if it is there.
    pub fn forget_setup_link(&self) {
        let path = self.setup_link();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = %path.display(), "an old setup link cannot be removed");
            }
            _ => {}
        }
    }

    /// The folder of the control socket and its name there. A long name is replaced by its digest.
    pub fn socket(&self) -> (PathBuf, OsString) {
        let folder = self.folder().to_owned();
        let mut name = self.database.file_name().unwrap_or_default().to_owned();
        name.push(".sock");
        if name.len() > SOCKET_NAME_BYTES_MAX {
            let digest = Sha256::digest(name.as_encoded_bytes());
            let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            name = format!("galen-{hex}.sock").into();
        }
        (folder, name)
    }

    /// The folder the database is in.
    pub fn folder(&self) -> &Path {
        self.database.parent().unwrap_or_else(|| Path::new("/"))
    }

    /// Whether the database exists.
    pub fn has_database(&self) -> bool {
        self.database.exists()
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn resolve(file: &Path) -> Result<PathBuf, Failure> {
    if let Ok(path) = file.canonicalize() {
        return Ok(path);
    }
    let Some(name) = file.file_name() else {
        return Err(Failure::new(format!("{} does not name a file", file.display())));
    };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder
        .canonicalize()
        .or_fail(|| format!("the folder {} cannot be used", folder.display()))
        .map_err(|failure| failure.fix("make the folder, or name another file with --database"))?;
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_has_one_place_under_all_its_names() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("a.db");
        let before = Place::of(&file, None)?;
        std::fs::write(&file, "")?;
        let link = folder.path().join("b.db");
        std::os::unix::fs::symlink(&file, &link)?;
        assert_eq!(Place::of(&link, None)?, before);
        assert!(before.lock().ends_with("a.db.lock"));
        Ok(())
    }

    #[test]
    fn a_long_name_still_has_a_socket() {
        let long = PathBuf::from(format!("/srv/{}.db", "x".repeat(200)));
        let place = Place { database: long, keys: PathBuf::new() };
        let (folder, name) = place.socket();
        assert_eq!(folder, Path::new("/srv"));
        assert!(name.len() <= SOCKET_NAME_BYTES_MAX);
    }
}
