//! Files that only their owner may read: written whole or not at all, refused when others can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure, OrFail};

/// Writes a file of mode 0600 that is there whole or not at all, and survives a power cut. Replaces
/// an older one.
///
/// # Errors
/// When it cannot be made.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    try_write(path, text).or_fail(|| format!("{} cannot be written", path.display()))
}

fn try_write(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    // What a crash left of an earlier attempt was never in use.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// Refuses a file that others can read or that belongs to somebody else.
///
/// # Errors
/// When that is so, with the command that puts it right.
pub fn check(path: &Path) -> Result<(), Failure> {
    let meta = std::fs::metadata(path).or_fail(|| format!("{} cannot be read", path.display()))?;
    let path = path.display();
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Failure::new(format!(
            "{path} can be read by others (mode {mode:04o}): its keys are not secret"
        ))
        .fix(format!(
            "`chmod 600 {path}`; if others had access, stop Galen and delete it: a new one is made"
        ))
        .exit(Exit::Config));
    }
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own && meta.uid() != 0 {
        return Err(Failure::new(format!(
            "{path} belongs to user {}, not to us ({own})",
            meta.uid()
        ))
        .fix(format!("`chown {own} {path}`"))
        .exit(Exit::Config));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_of_mode_0600_and_leaves_nothing_beside()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.keys");
        std::fs::write(folder.path().join("a.keys.new"), "half")?;
        write(&path, "whole")?;
        assert_eq!(std::fs::read_to_string(&path)?, "whole");
        assert_eq!(std::fs::metadata(&path)?.mode() & 0o7777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        check(&path)?;
        Ok(())
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_helps()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.keys");
        write(&path, "x")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
        let failure = check(&path).unwrap_err();
        assert!(failure.fix.is_some_and(|fix| fix.starts_with("`chmod 600 ")));
        Ok(())
    }
}
