//! How the server has its SQLite files open, where they lie, and how many commits a request makes.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::databases::has_extension;
use super::http;
use super::http_client;
use super::scene::Scene;
use super::sqlite_file;
use super::windows::database_object;
use crate::evidence::object::{self, Window};
use crate::evidence::{FactKey, Source, Value};
use crate::progress::Stage;

/// Most descriptors of one process that are looked at.
const DESCRIPTORS_MAX: usize = 4_000;
/// What the kernel appends to the name of a file that has no name any more.
const DELETED: &str = " (deleted)";
/// O_ACCMODE of open(2): the bits of the flags that say how a file was opened.
const ACCESS_BITS: u32 = 0o3;

/// Kinds of filesystems by their magic number (statfs(2)); any other is printed as its number.
const FILESYSTEMS: &[(u64, &str)] = &[
    (0xef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x794c_7630, "overlay"),
    (0x6969, "nfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "fuse"),
    (0x00c3_6400, "ceph"),
    (0x4750_4653, "gpfs"),
    (0x2fc1_2fc1, "zfs"),
];

/// One database as the server has it open.
#[derive(Default)]
struct Open {
    inode: u64,
    writable: bool,
    read_only: bool,
}

/// Publishes how the server has its databases open, and which files they are.
pub async fn run(scene: &Scene<'_>) {
    let found = scene.found();
    let mut open: BTreeMap<PathBuf, Open> = BTreeMap::new();
    for pid in &found.pids {
        descriptors(*pid, &found.databases, &mut open);
    }
    for (path, one) in &open {
        publish(scene, found.pids.first().copied().unwrap_or_default(), path, one);
    }
    commits(scene).await;
}

/// The databases among a process's descriptors, those without a name any more included.
fn descriptors(pid: u32, known: &[PathBuf], open: &mut BTreeMap<PathBuf, Open>) {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return };
    for entry in entries.flatten().take(DESCRIPTORS_MAX) {
        let Ok(link) = std::fs::read_link(entry.path()) else { continue };
        let text = link.to_string_lossy();
        let path = PathBuf::from(text.strip_suffix(DELETED).unwrap_or(&text));
        if !has_extension(&path) && !known.contains(&path) {
            continue;
        }
        // stat(2) on the link of /proc reaches the open file itself and opens nothing.
        let Ok(meta) = std::fs::metadata(entry.path()) else { continue };
        if !meta.is_file() {
            continue;
        }
        let one = open.entry(path).or_default();
        one.inode = meta.ino();
        let number = entry.file_name();
        match access(pid, &number.to_string_lossy()) {
            Some(0) => one.read_only = true,
            Some(_) => one.writable = true,
            None => {}
        }
    }
}

/// How a descriptor was opened: 0 is O_RDONLY.
fn access(pid: u32, number: &str) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok().map(|flags| flags & ACCESS_BITS)
}

fn publish(scene: &Scene<'_>, pid: u32, path: &Path, one: &Open) {
    let name = database_object(path);
    let open = Source::new(
        "sqlite_state",
        format!("/proc/{pid}/fd and fdinfo"),
        format!("ls -liL /proc/{pid}/fd; cat /proc/{pid}/fdinfo/*"),
    );
    if one.writable || one.read_only {
        let mode = if one.writable { "read-write" } else { "read-only" };
        scene.fact(FactKey::SqliteOpenMode, &name, mode, &open);
    }
    scene.fact(FactKey::SqliteOpenInode, &name, one.inode, &open);
    let stat =
        Source::new("sqlite_state", format!("stat {name}"), format!("stat -f {name}; stat {name}"));
    match std::fs::metadata(path) {
        Ok(meta) => scene.fact(FactKey::SqlitePathInode, &name, meta.ino(), &stat),
        Err(error) => scene.missing(FactKey::SqlitePathInode, &name, error.to_string()),
    }
    if let Ok(fs) = rustix::fs::statfs(path) {
        let magic = u64::try_from(fs.f_type).unwrap_or_default();
        let known = FILESYSTEMS.iter().find(|(number, _)| *number == magic);
        let kind = known.map_or_else(|| format!("0x{magic:x}"), |(_, kind)| (*kind).to_owned());
        scene.fact(FactKey::SqliteFilesystem, &name, kind, &stat);
    }
}

/// Publishes what forbids the server to write a database, if anything outside it does.
pub fn publish_forbidden(scene: &Scene<'_>, database: &Path, immutable: bool) {
    let name = database_object(database);
    let folder = database.parent().unwrap_or(Path::new("/"));
    let is_mounted_so = rustix::fs::statvfs(database)
        .is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
    let by = if is_mounted_so {
        "mount"
    } else if immutable {
        "attribute"
    } else if [database, folder].iter().any(|path| is_forbidden(scene, path)) {
        "permission"
    } else {
        "nothing"
    };
    let source = Source::new(
        "sqlite_state",
        format!("flags of the mount, attributes and permissions of {name} and its folder"),
        format!("findmnt -T {name}; lsattr {name}; ls -ld {name} {}", folder.display()),
    );
    scene.fact(FactKey::SqliteReadOnlyBy, &name, by, &source);
}

/// Whether the permission bits forbid the server's user to write. Groups beyond the file's owner
/// and others are not known, so a group's bit counts as allowing.
fn is_forbidden(scene: &Scene<'_>, path: &Path) -> bool {
    let Some(server) = scene.found().pid else { return false };
    let Ok(meta) = std::fs::metadata(path) else { return false };
    let Ok(user) = std::fs::metadata(format!("/proc/{server}")).map(|meta| meta.uid()) else {
        return false;
    };
    let allowing = if user == meta.uid() { 0o200 } else { 0o022 };
    user != 0 && meta.mode() & allowing == 0
}

/// Counts the commits of one request to a path whose threads were seen making a database durable.
async fn commits(scene: &Scene<'_>) {
    let found = scene.found();
    let Some(address) = found.address.clone() else { return };
    let Some((path, database)) = durable(scene, &found.databases) else { return };
    scene.step(Stage::Probe, &format!("commits of {path}"));
    let Ok(before) = sqlite_file::look(scene, &database).await else { return };
    let full = http::full(&address, &path);
    http_client::get(&address, &full, http::limits(scene)).await;
    let Ok(after) = sqlite_file::look(scene, &database).await else { return };
    let (Some(first), Some(last)) = (before.changes, after.changes) else { return };
    let database = database_object(&database);
    let counter = Source::new(
        "sqlite_state",
        format!("the change counter of {database}, before and after one GET {path}"),
        format!("xxd -s 8 -l 4 {database}-shm; xxd -s 24 -l 4 {database}"),
    );
    // Both counters have 32 bits and wrap.
    let count = last.wrapping_sub(first) & u64::from(u32::MAX);
    let name = object::toward(&path, &database);
    scene.fact_over(1, (FactKey::SqliteCommits, &name), count as f64, &counter);
}

/// The held path and the database that a thread was seen waiting for in a system call on its files.
fn durable(scene: &Scene<'_>, databases: &[PathBuf]) -> Option<(String, PathBuf)> {
    scene.collector.so_far(FactKey::ThreadWaitsOn).iter().find_map(|draft| {
        let Window::Held(path) = object::parse_thread(&draft.object)?.window else { return None };
        let Value::Counts(counts) = &draft.value else { return None };
        let database = databases.iter().find(|database| {
            let file = format!("file {}", database_object(database));
            counts.keys().any(|label| label.starts_with(&file))
        })?;
        Some((path, database.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_told_by_its_inode_and_a_reader_by_its_mode() {
        let folder = std::env::temp_dir().join(format!("galen-state-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.db");
        std::fs::write(&path, b"x").unwrap();
        let kept = std::fs::File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"another").unwrap();
        let mut open = BTreeMap::new();
        descriptors(std::process::id(), &[], &mut open);
        let one = &open[&path];
        let now = std::fs::metadata(&path).unwrap().ino();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(one.inode, kept.metadata().unwrap().ino());
        assert_ne!(one.inode, now);
        assert!(one.read_only && !one.writable);
    }
}
