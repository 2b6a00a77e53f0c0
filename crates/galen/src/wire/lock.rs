//! The instance lock: one Galen a database, and whoever comes second learns who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use galen_core::Clock;
use serde::{Deserialize, Serialize};

use super::clock::rfc3339;
use super::place::Place;
use crate::failure::{Exit, Failure, OrFail};

/// The most bytes of a lock file that are read: far more than a holder writes.
const LOCK_BYTES_MAX: u64 = 16 << 10;

/// Who holds an instance lock, as the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Its command line.
    pub command: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// The address it serves; `None` for a verb that only works on the database.
    pub listen: Option<String>,
}

impl Holder {
    /// This process, from now on.
    pub fn this(clock: &dyn Clock) -> Self {
        let arguments = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
        Self {
            pid: std::process::id(),
            command: arguments.collect::<Vec<_>>().join(" "),
            since: rfc3339(clock.now()),
            listen: None,
        }
    }
}

/// What asking for the lock gave.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours.
    Ours(InstanceLock),
    /// Somebody holds it; who, if the file says so.
    Held(Option<Holder>),
}

/// The lock, held until it is dropped. The file stays: removing it would race with whoever opens it.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
    path: PathBuf,
    holder: Holder,
}

impl InstanceLock {
    /// Takes the lock if nobody has it.
    ///
    /// # Errors
    /// When the file cannot be made, locked or written.
    pub fn attempt(place: &Place, clock: &dyn Clock) -> Result<Attempt, Failure> {
        let path = place.lock();
        let what = || format!("the instance lock {} cannot be used", path.display());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .or_fail(what)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Attempt::Held(patient_holder(&path))),
            Err(TryLockError::Error(error)) => return Err(error).or_fail(what),
        }
        let mut lock = Self { file, path, holder: Holder::this(clock) };
        lock.write()?;
        Ok(Attempt::Ours(lock))
    }

    /// Takes the lock or says who has it.
    ///
    /// # Errors
    /// When somebody has it, or the file cannot be used.
    pub fn take(place: &Place, clock: &dyn Clock) -> Result<Self, Failure> {
        match Self::attempt(place, clock)? {
            Attempt::Ours(lock) => Ok(lock),
            Attempt::Held(holder) => Err(held(place, holder.as_ref())),
        }
    }

    /// Notes the address that is served.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note_listen(&mut self, listen: String) -> Result<(), Failure> {
        self.holder.listen = Some(listen);
        self.write()
    }

    /// Who we are, as the file says.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    fn write(&mut self) -> Result<(), Failure> {
        let text = serde_json::to_string(&self.holder).unwrap_or_default();
        let outcome = self
            .file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(format!("{text}\n").as_bytes()));
        outcome.or_fail(|| format!("the instance lock {} cannot be written", self.path.display()))
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // An empty file says that its last holder stopped in order. If that fails, the file names
        // a process that no longer holds the lock, which readers check anyway.
        let _ = self.file.set_len(0);
    }
}

/// Who the lock file names, whether or not they still hold it.
fn named_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(LOCK_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Who held the lock last, whether or not they still do; nobody, if they gave it back in order.
pub fn last_holder(place: &Place) -> Option<Holder> {
    named_holder(&place.lock())
}

/// Who holds the lock now, without trying to take it: a try, however short, could make a server that
/// starts in that moment give up.
pub fn current_holder(place: &Place) -> Option<Holder> {
    let path = place.lock();
    let inode = std::fs::metadata(&path).ok()?.ino();
    let kernel = std::fs::read_to_string("/proc/locks").ok()?;
    let is_held = kernel.lines().any(|row| names_lock(row, inode));
    if is_held { named_holder(&path) } else { None }
}

/// Whether a row of `/proc/locks` (proc(5)) is a whole-file lock on this inode. The device is not
/// compared: on some file systems stat(2) and the kernel's table name it differently.
fn names_lock(row: &str, inode: u64) -> bool {
    let words: Vec<&str> = row.split_whitespace().collect();
    let file = words.get(5).and_then(|word| word.rsplit(':').next());
    words.get(1) == Some(&"FLOCK") && file.and_then(|text| text.parse().ok()) == Some(inode)
}

/// Whoever holds the lock writes their name a moment after taking it: wait for that moment.
fn patient_holder(path: &Path) -> Option<Holder> {
    for _ in 0..20 {
        if let Some(holder) = named_holder(path) {
            return Some(holder);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// The failure of whoever came second.
pub fn held(place: &Place, holder: Option<&Holder>) -> Failure {
    let database = place.database.display();
    let Some(holder) = holder else {
        let lock = place.lock();
        return Failure::new(format!("another Galen holds {database}"))
            .fix(format!("find it with `fuser {}`, and stop it", lock.display()))
            .exit(Exit::Held);
    };
    let Holder { pid, command, since, .. } = holder;
    Failure::new(format!(
        "another Galen holds {database}: process {pid} (`{}`) since {since}",
        crate::terminal::plain(command)
    ))
    .fix(format!("use it, stop it with `kill {pid}`, or name another database with --database"))
    .exit(Exit::Held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::clock::RealClock;

    fn place(folder: &Path) -> Result<Place, Failure> {
        Place::of(&folder.join("a.db"), None)
    }

    #[test]
    fn whoever_comes_second_learns_who_was_first() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = place(folder.path())?;
        assert_eq!(current_holder(&place), None);
        let first = InstanceLock::take(&place, &RealClock::new())?;
        assert_eq!(current_holder(&place).as_ref(), Some(first.holder()));
        let second = InstanceLock::take(&place, &RealClock::new()).map(|_| ()).unwrap_err();
        assert_eq!(second.exit, Exit::Held);
        assert!(second.what.contains(&format!("process {}", std::process::id())), "{second}");
        Ok(())
    }

    #[test]
    fn a_lock_given_back_can_be_taken_and_names_nobody() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = place(folder.path())?;
        drop(InstanceLock::take(&place, &RealClock::new())?);
        assert_eq!(named_holder(&place.lock()), None);
        InstanceLock::take(&place, &RealClock::new())?;
        Ok(())
    }

    #[test]
    fn a_lock_left_by_a_killed_process_is_taken_over() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = place(folder.path())?;
        let stale = r#"{"pid":999999,"command":"galen serve","since":"x","listen":null}"#;
        std::fs::write(place.lock(), stale)?;
        let lock = InstanceLock::take(&place, &RealClock::new())?;
        assert_eq!(lock.holder().pid, std::process::id());
        Ok(())
    }
}
