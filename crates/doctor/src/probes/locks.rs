//! Who holds a database's SQLite locks, sampled from /proc/locks by device and inode.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use super::http_client::ms;
use crate::evidence::object::Lock;

/// PENDING_BYTE of SQLite's os.h: the first of the lock bytes of the main file.
const PENDING_BYTE: u64 = 0x4000_0000;
/// First byte of the locks in `-shm` (WALINDEX_LOCK_OFFSET of wal.c): WRITE, CKPT, RECOVER, READ0…
const SHM_WRITE: u64 = 120;
/// /proc/locks is read up to this size.
const LOCKS_BYTES_MAX: usize = 256 * 1024;

/// A file's identity as /proc/locks prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FileId {
    major: u64,
    minor: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        let device = meta.dev();
        Some(Self {
            major: u64::from(rustix::fs::major(device)),
            minor: u64::from(rustix::fs::minor(device)),
            inode: meta.ino(),
        })
    }
}

/// One lock of a database held by one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Which lock.
    pub lock: Lock,
    /// Who holds it.
    pub pid: u32,
    /// Whether it is held exclusively.
    pub exclusive: bool,
}

/// Any kernel lock on a file, by the process that holds it.
///
/// # Errors
/// When /proc/locks cannot be read.
pub fn holder_of_any_lock(file: &Path) -> io::Result<Option<u32>> {
    let text = std::fs::read_to_string("/proc/locks")?;
    let wanted = FileId::of(file);
    Ok(text
        .lines()
        .filter_map(parse_line)
        .find(|line| Some(line.file) == wanted)
        .map(|line| line.pid))
}

/// Who holds the lock for writing of an SQLite database: of the write-ahead log's index, or of the
/// main file under a rollback journal. It reads /proc/locks and the files' metadata, and opens none
/// of them. Nothing when nobody holds it, or whoever does is of another PID namespace.
///
/// # Errors
/// When /proc/locks cannot be read.
pub fn write_lock_holder(database: &Path) -> io::Result<Option<u32>> {
    let text = std::fs::read_to_string("/proc/locks")?;
    let shm = FileId::of(&sidecar(database, "-shm"));
    let held = parse(&text, FileId::of(database), shm);
    let of = |lock| held.iter().find(|one| one.lock == lock && one.exclusive && one.pid > 0);
    let found = of(Lock::Write).or_else(|| of(Lock::Pending)).or_else(|| of(Lock::Reserved));
    Ok(found.map(|one| one.pid))
}

/// The path of a database's `-wal`, `-shm` or `-journal`.
pub fn sidecar(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

struct Line {
    file: FileId,
    pid: u32,
    exclusive: bool,
    first: u64,
    last: u64,
}

/// `1: POSIX  ADVISORY  WRITE 2213 fe:00:1234 120 120`; a waiting one has `->` after the number.
fn parse_line(line: &str) -> Option<Line> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, _, _, mode, pid, file, first, last] = words[..] else { return None };
    let mut parts = file.split(':');
    let file = FileId {
        major: u64::from_str_radix(parts.next()?, 16).ok()?,
        minor: u64::from_str_radix(parts.next()?, 16).ok()?,
        inode: parts.next()?.parse().ok()?,
    };
    Some(Line {
        file,
        // Locks of open file descriptions belong to no process and print -1.
        pid: pid.parse().ok()?,
        exclusive: mode == "WRITE",
        first: first.parse().ok()?,
        last: if last == "EOF" { u64::MAX } else { last.parse().ok()? },
    })
}

fn parse(text: &str, main: Option<FileId>, shm: Option<FileId>) -> Vec<Held> {
    let mut held = Vec::new();
    for line in text.lines().filter_map(parse_line) {
        let covers = |from: u64, to: u64| line.first <= to && line.last >= from;
        let mut keep = |lock| held.push(Held { lock, pid: line.pid, exclusive: line.exclusive });
        if Some(line.file) == shm {
            for (lock, from, to) in [
                (Lock::Write, SHM_WRITE, SHM_WRITE),
                (Lock::Checkpoint, SHM_WRITE + 1, SHM_WRITE + 1),
                (Lock::Read, SHM_WRITE + 3, SHM_WRITE + 7),
            ] {
                if covers(from, to) {
                    keep(lock);
                }
            }
            for mark in 0..5 {
                let byte = SHM_WRITE + 3 + u64::from(mark);
                if covers(byte, byte) {
                    keep(Lock::ReadMark(mark));
                }
            }
        } else if Some(line.file) == main {
            for (lock, from, to) in [
                (Lock::Pending, PENDING_BYTE, PENDING_BYTE),
                (Lock::Reserved, PENDING_BYTE + 1, PENDING_BYTE + 1),
                (Lock::Shared, PENDING_BYTE + 2, PENDING_BYTE + 511),
            ] {
                if covers(from, to) {
                    keep(lock);
                }
            }
        }
    }
    held
}

/// What was seen of one lock over one or several windows.
#[derive(Clone, Debug, Default)]
pub struct LockSeen {
    /// Looks at which each PID held it.
    pub by_pid: BTreeMap<u32, u64>,
    /// The longest unbroken hold and whose it was, in milliseconds.
    pub longest: Option<(u32, f64)>,
    /// Moments at which it was first seen released.
    pub released: Vec<Instant>,
    now: BTreeMap<u32, Instant>,
}

/// The locks that are followed: those that make others wait, or keep a checkpoint back.
const FOLLOWED: [Lock; 11] = [
    Lock::Write,
    Lock::Checkpoint,
    Lock::Read,
    Lock::ReadMark(0),
    Lock::ReadMark(1),
    Lock::ReadMark(2),
    Lock::ReadMark(3),
    Lock::ReadMark(4),
    Lock::Pending,
    Lock::Reserved,
    Lock::Shared,
];

/// Follows the locks of one database, look after look, with /proc/locks kept open.
#[derive(Debug)]
pub struct LockWatch {
    /// The database.
    pub database: PathBuf,
    main: Option<FileId>,
    file: File,
    buffer: Vec<u8>,
    /// How many looks were taken.
    pub looks: u64,
    /// What was seen, by lock.
    pub seen: BTreeMap<Lock, LockSeen>,
}

impl LockWatch {
    /// Begins to follow.
    ///
    /// # Errors
    /// When /proc/locks cannot be opened.
    pub fn begin(database: &Path) -> io::Result<Self> {
        Ok(Self {
            database: database.to_owned(),
            main: FileId::of(database),
            file: File::open("/proc/locks")?,
            buffer: vec![0; LOCKS_BYTES_MAX],
            looks: 0,
            seen: FOLLOWED.into_iter().map(|lock| (lock, LockSeen::default())).collect(),
        })
    }

    /// Looks once. The `-shm` is looked up anew: it comes and goes with the connections.
    pub fn look(&mut self, now: Instant) {
        let Some(text) = read_whole(&self.file, &mut self.buffer) else { return };
        let held = parse(text, self.main, FileId::of(&sidecar(&self.database, "-shm")));
        self.looks += 1;
        for (lock, seen) in &mut self.seen {
            let holders = held.iter().filter(|one| one.lock == *lock).map(|one| one.pid);
            seen.follow(holders.collect(), now);
        }
    }
}

impl LockSeen {
    /// Adds another window's looks at the same lock.
    pub fn absorb(&mut self, other: Self) {
        for (pid, looks) in other.by_pid {
            *self.by_pid.entry(pid).or_default() += looks;
        }
        let longer = |a: &(u32, f64), b: &(u32, f64)| a.1.total_cmp(&b.1);
        self.longest = self.longest.into_iter().chain(other.longest).max_by(longer);
        self.released.extend(other.released);
    }

    fn follow(&mut self, mut holders: Vec<u32>, now: Instant) {
        holders.sort_unstable();
        holders.dedup();
        let gone: Vec<u32> =
            self.now.keys().filter(|pid| !holders.contains(pid)).copied().collect();
        for pid in gone {
            self.now.remove(&pid);
            self.released.push(now);
        }
        for pid in holders {
            *self.by_pid.entry(pid).or_default() += 1;
            let since = *self.now.entry(pid).or_insert(now);
            let held_ms = ms(now.saturating_duration_since(since));
            if self.longest.is_none_or(|(_, longest)| held_ms > longest) {
                self.longest = Some((pid, held_ms));
            }
        }
    }
}

fn read_whole<'a>(file: &File, buffer: &'a mut [u8]) -> Option<&'a str> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], length as u64).ok()? {
            0 => break,
            read => length += read,
        }
    }
    std::str::from_utf8(&buffer[..length]).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MAIN: FileId = FileId { major: 0xfe, minor: 0, inode: 100 };
    const SHM: FileId = FileId { major: 0xfe, minor: 0, inode: 101 };

    #[test]
    fn the_holder_of_byte_120_is_the_writer() {
        let text = "1: POSIX  ADVISORY  WRITE 31860 fe:00:101 120 120\n\
                    2: POSIX  ADVISORY  READ  31861 fe:00:101 124 124\n\
                    3: POSIX  ADVISORY  READ  31861 fe:00:101 128 128\n\
                    4: FLOCK  ADVISORY  WRITE 7 fe:00:999 0 EOF\n";
        let held = parse(text, Some(MAIN), Some(SHM));
        assert_eq!(
            held,
            [
                Held { lock: Lock::Write, pid: 31860, exclusive: true },
                Held { lock: Lock::Read, pid: 31861, exclusive: false },
                Held { lock: Lock::ReadMark(1), pid: 31861, exclusive: false },
            ]
        );
    }

    #[test]
    fn locks_of_a_rollback_journal_are_on_the_main_file() {
        let text = "1: POSIX  ADVISORY  WRITE 9 fe:00:100 1073741825 1073741825\n\
                    1: -> POSIX  ADVISORY  WRITE 10 fe:00:100 1073741824 1073741825\n";
        let held = parse(text, Some(MAIN), None);
        assert_eq!(held, [Held { lock: Lock::Reserved, pid: 9, exclusive: true }]);
    }

    #[test]
    fn a_hold_is_as_long_as_it_was_unbroken_and_its_end_is_noted() {
        let mut seen = LockSeen::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        seen.follow(vec![5], at(0));
        seen.follow(vec![5], at(40));
        seen.follow(vec![], at(50));
        seen.follow(vec![5], at(60));
        seen.follow(vec![5], at(70));
        assert_eq!(seen.longest, Some((5, 40.0)));
        assert_eq!((seen.by_pid[&5], seen.released.clone()), (4, vec![at(50)]));
    }
}
