//! A SQLite database seen as bytes: header, `-wal`, `-shm` and locks, read in a child of its own.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::child::{self, Order};
use super::locks::sidecar;
use super::scene::Scene;
use super::sqlite_state;
use super::windows::database_object;
use crate::evidence::object::{self, Lock};
use crate::evidence::{FactKey, Source};
use crate::progress::Stage;

/// Reading a few hundred bytes takes no longer.
const DEADLINE: Duration = Duration::from_secs(3);
/// The database header (fileformat2.html §1.3).
const HEADER_BYTES: usize = 100;
/// The WAL index header and checkpoint information (walformat.html §2.1).
const SHM_BYTES: usize = 136;
/// The string every database file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Which database to read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RawOrder {
    /// The main file.
    pub database: PathBuf,
}

/// What the bytes say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawSeen {
    /// Why nothing could be read.
    pub error: Option<String>,
    /// Size of the main file.
    pub size_bytes: u64,
    /// The header; absent for an empty file or one that is no database.
    pub header: Option<Header>,
    /// Size of the `-wal`; 0 when there is none.
    pub wal_bytes: u64,
    /// The WAL index, when there is a `-shm`.
    pub index: Option<WalIndex>,
    /// Size of a rollback journal; 0 when there is none.
    pub journal_bytes: u64,
    /// A counter that grows with every transaction: of the WAL index, or of the main file.
    pub changes: Option<u64>,
    /// Whether the file has the attribute that forbids every change (chattr +i).
    pub immutable: bool,
}

/// The main file's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Whether the journal mode is WAL.
    pub wal: bool,
    /// Pages of the database.
    pub pages: u64,
    /// Pages on the freelist.
    pub freelist_pages: u64,
    /// `none`, `full` or `incremental`.
    pub auto_vacuum: String,
}

/// The parts of the WAL index that tell how far checkpoints have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalIndex {
    /// Valid frames in the WAL.
    pub mx_frame: u64,
    /// Frames already written back.
    pub backfilled: u64,
    /// Read marks; `u32::MAX` is an unused one.
    pub read_marks: Vec<u64>,
}

/// The child's part: reads and never opens with SQLite.
pub fn obey(order: &RawOrder) -> RawSeen {
    read(&order.database)
        .unwrap_or_else(|error| RawSeen { error: Some(error.to_string()), ..RawSeen::default() })
}

fn read(database: &Path) -> std::io::Result<RawSeen> {
    let meta = std::fs::metadata(database)?;
    if !meta.is_file() {
        return Err(std::io::Error::other("not a plain file"));
    }
    let mut header = [0; HEADER_BYTES];
    let file = File::open(database)?;
    let whole = file.read_exact_at(&mut header, 0).is_ok();
    // A filesystem without attributes forbids nothing by them.
    let immutable = rustix::fs::ioctl_getflags(&file)
        .is_ok_and(|flags| flags.contains(rustix::fs::IFlags::IMMUTABLE));
    let size_of =
        |suffix: &str| std::fs::metadata(sidecar(database, suffix)).map_or(0, |meta| meta.len());
    let mut shm = [0; SHM_BYTES];
    let has_index = File::open(sidecar(database, "-shm"))
        .and_then(|file| file.read_exact_at(&mut shm, 0))
        .is_ok();
    Ok(RawSeen {
        error: None,
        size_bytes: meta.len(),
        header: whole.then(|| parse_header(&header, meta.len())).flatten(),
        wal_bytes: size_of("-wal"),
        index: has_index.then(|| parse_index(&shm)),
        journal_bytes: size_of("-journal"),
        changes: match has_index {
            true => Some(u64::from(ne32(&shm, 8))),
            false => whole.then(|| u64::from(be32(&header, 24))),
        },
        immutable,
    })
}

/// Numbers of the main file are written big end first (fileformat2.html §1.3).
fn be32(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The WAL index is written in the byte order of the machine (walformat.html §2.1).
fn ne32(bytes: &[u8; SHM_BYTES], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn parse_header(header: &[u8; HEADER_BYTES], size_bytes: u64) -> Option<Header> {
    if !header.starts_with(MAGIC) {
        return None;
    }
    let be32 = |at: usize| u64::from(be32(header, at));
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        other => u64::from(other),
    };
    // The page count is valid only if the change counter is the one it was written with (§1.3.7).
    let pages = if be32(24) == be32(92) && be32(28) > 0 {
        be32(28)
    } else {
        size_bytes / page_bytes.max(1)
    };
    let auto_vacuum = match (be32(52), be32(64)) {
        (0, _) => "none",
        (_, 0) => "full",
        _ => "incremental",
    };
    Some(Header {
        page_bytes,
        wal: header[19] == 2,
        pages,
        freelist_pages: be32(36),
        auto_vacuum: auto_vacuum.to_owned(),
    })
}

fn parse_index(shm: &[u8; SHM_BYTES]) -> WalIndex {
    let ne32 = |at: usize| u64::from(ne32(shm, at));
    WalIndex {
        mx_frame: ne32(16),
        backfilled: ne32(96),
        read_marks: (0..5).map(|mark| ne32(100 + mark * 4)).collect(),
    }
}

/// The parent's part: one child per database.
pub async fn run(scene: &Scene<'_>) {
    for database in scene.found().databases {
        scene.step(Stage::Inspect, "database file");
        let name = database_object(&database);
        match look(scene, &database).await {
            Err(error) => scene.missing(FactKey::SqliteSizeBytes, name, error),
            Ok(seen) => {
                publish(scene, &name, &seen);
                sqlite_state::publish_forbidden(scene, &database, seen.immutable);
            }
        }
    }
}

/// The bytes of one database as they are now, read by a child.
///
/// # Errors
/// A sentence, when they cannot be read.
pub async fn look(scene: &Scene<'_>, database: &Path) -> Result<RawSeen, String> {
    let order = Order::Raw(RawOrder { database: database.to_owned() });
    match child::run::<RawSeen>(scene.target.child_exe.as_deref(), &order, DEADLINE).await {
        Ok(RawSeen { error: Some(error), .. }) | Err(error) => Err(error),
        Ok(seen) => Ok(seen),
    }
}

fn publish(scene: &Scene<'_>, name: &str, seen: &RawSeen) {
    let source = |from: &str, bytes: usize| {
        Source::new(
            "sqlite_file",
            format!("{name}{from}"),
            format!("head -c {bytes} {name}{from} | xxd"),
        )
    };
    let main = source("", HEADER_BYTES);
    scene.fact(FactKey::SqliteSizeBytes, name, seen.size_bytes, &main);
    scene.fact(FactKey::SqliteWalBytes, name, seen.wal_bytes, &source("-wal", 32));
    match &seen.header {
        Some(header) => {
            scene.fact(FactKey::SqlitePageSize, name, header.page_bytes, &main);
            scene.fact(FactKey::SqlitePages, name, header.pages, &main);
            scene.fact(FactKey::SqliteFreelistPages, name, header.freelist_pages, &main);
            scene.fact(
                FactKey::SqliteJournalMode,
                name,
                if header.wal { "wal" } else { "rollback" },
                &main,
            );
            scene.fact(FactKey::SqliteAutoVacuum, name, header.auto_vacuum.clone(), &main);
        }
        None => scene.missing(
            FactKey::SqlitePages,
            name,
            "the file does not begin like a SQLite database",
        ),
    }
    if let Some(index) = &seen.index {
        let shm = source("-shm", SHM_BYTES);
        scene.fact(FactKey::SqliteMxFrame, name, index.mx_frame, &shm);
        scene.fact(FactKey::SqliteBackfill, name, index.backfilled, &shm);
        for (mark, frame) in (0..).zip(&index.read_marks) {
            if *frame < u64::from(u32::MAX) {
                let lock = object::lock(name, Lock::ReadMark(mark));
                scene.fact(FactKey::SqliteReadMark, lock, *frame, &shm);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_the_format_says() {
        let mut header = [0; HEADER_BYTES];
        header[..16].copy_from_slice(MAGIC);
        header[16..18].copy_from_slice(&4096_u16.to_be_bytes());
        header[18] = 2;
        header[19] = 2;
        header[28..32].copy_from_slice(&81_u32.to_be_bytes());
        header[36..40].copy_from_slice(&7_u32.to_be_bytes());
        header[52] = 1;
        header[67] = 1;
        let read = parse_header(&header, 4096 * 81).unwrap();
        assert_eq!((read.pages, read.freelist_pages, read.wal), (81, 7, true));
        assert_eq!((read.page_bytes, read.auto_vacuum.as_str()), (4096, "incremental"));
        header[0] = b'X';
        assert_eq!(parse_header(&header, 0), None);
    }

    #[test]
    fn a_page_count_of_an_old_writer_is_reckoned_from_the_size() {
        let mut header = [0; HEADER_BYTES];
        header[..16].copy_from_slice(MAGIC);
        header[16..18].copy_from_slice(&1024_u16.to_be_bytes());
        header[24] = 9;
        header[31] = 5;
        assert_eq!(parse_header(&header, 10 * 1024).unwrap().pages, 10);
    }

    #[test]
    fn a_directory_or_an_absent_file_is_an_error_and_not_a_panic() {
        assert!(obey(&RawOrder { database: PathBuf::from("/tmp") }).error.is_some());
        assert!(obey(&RawOrder { database: PathBuf::from("/nowhere/at/all.db") }).error.is_some());
    }
}
