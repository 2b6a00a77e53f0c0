//! The control socket as a file: made with mode 0600 beside the database, found again by name.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};
use rustix::process::umask;

use super::place::Place;

/// The folder, held open, and a name for the socket that is short however long the folder's is:
/// an address of a Unix socket has 107 bytes (unix(7)).
fn short_name(place: &Place) -> io::Result<(File, PathBuf)> {
    let (folder, name) = place.socket();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::open(&folder, flags, Mode::empty())?);
    let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    Ok((folder, path))
}

/// Listens on the socket, which is made anew. To be called under the instance lock: whatever stands
/// there under the same name is then a leftover.
///
/// # Errors
/// When the leftover cannot be removed or the socket cannot be made.
pub fn listen(place: &Place) -> io::Result<UnixListener> {
    let (_folder, path) = short_name(place)?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The mode is right from the first moment: a socket's mode at its making follows the umask.
    let before = umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(&path);
    umask(before);
    let listener = listener?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects to whoever listens.
///
/// # Errors
/// `NotFound` and `ConnectionRefused` when nobody does.
pub fn connect(place: &Place) -> io::Result<UnixStream> {
    let (_folder, path) = short_name(place)?;
    UnixStream::connect(path)
}

/// Removes the socket; one that is not there is no error.
pub fn remove(place: &Place) {
    let (folder, name) = place.socket();
    // A socket that stays is a leftover, which the next start removes.
    let _ = std::fs::remove_file(folder.join(name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_in_a_deep_folder_is_private_and_reached() -> Result<(), Box<dyn std::error::Error>>
    {
        let folder = tempfile::tempdir()?;
        let deep = folder.path().join("a".repeat(120)).join("b".repeat(120));
        std::fs::create_dir_all(&deep)?;
        let place = Place::of(&deep.join("a.db"), None)?;
        assert_eq!(connect(&place).map_err(|e| e.kind()).err(), Some(io::ErrorKind::NotFound));
        let listener = listen(&place)?;
        let mode = std::fs::metadata(deep.join("a.db.sock"))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let _client = connect(&place)?;
        listener.accept()?;
        // A second start takes the name over.
        let _again = listen(&place)?;
        remove(&place);
        assert!(!deep.join("a.db.sock").exists());
        Ok(())
    }
}
