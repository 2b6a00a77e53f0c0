//! How much room the server's filesystems leave its user, and how fast they make bytes durable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use procfs::process::Process;
use rustix::fs::{Mode, OFlags};
use tokio::time::Instant;

use super::http_client::ms;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, Value, redact};

/// Most directories looked at.
const DIRECTORIES_MAX: usize = 8;
/// Most descriptors looked at for files open for writing.
const DESCRIPTORS_MAX: usize = 2_000;
/// Our own fsyncs.
const FSYNCS: usize = 3;
/// No further fsync is tried once they took this long together.
const FSYNC_BUDGET: Duration = Duration::from_secs(2);
/// System calls that wait for the disk.
const SYNCS: [&str; 2] = ["fsync", "fdatasync"];

/// Room in every directory the server writes to, and our own fsync where it was seen waiting.
pub async fn run(scene: &Scene<'_>) {
    let found = scene.found();
    let Some(pid) = found.pid else { return };
    let uid = uid_of(pid);
    let mut directories: BTreeSet<PathBuf> =
        found.databases.iter().filter_map(|file| file.parent().map(Path::to_owned)).collect();
    directories.extend(written_by(pid));
    directories.extend(std::fs::read_link(format!("/proc/{pid}/cwd")));
    for directory in directories.iter().take(DIRECTORIES_MAX) {
        publish_room(scene, pid, uid, directory);
    }
    for directory in waited_for(scene) {
        publish_fsync(scene, pid, directory).await;
    }
}

fn uid_of(pid: u32) -> Option<u32> {
    Some(Process::new(i32::try_from(pid).ok()?).ok()?.status().ok()?.euid)
}

/// A path as the server sees it, also from another mount namespace.
fn seen_by(pid: u32, path: &Path) -> PathBuf {
    let within = path.strip_prefix("/").unwrap_or(path);
    let theirs = PathBuf::from(format!("/proc/{pid}/root")).join(within);
    if theirs.exists() { theirs } else { path.to_owned() }
}

/// The directories of regular files the process has open for writing (fdinfo: octal flags).
fn written_by(pid: u32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let is_written = |fd: &std::ffi::OsStr| {
        let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", fd.to_string_lossy()));
        let flags = info.ok().and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("flags:"))?.trim().to_owned();
            u32::from_str_radix(&line, 8).ok()
        });
        flags.is_some_and(|flags| flags & 0o3 != 0)
    };
    entries
        .take(DESCRIPTORS_MAX)
        .filter(|entry| is_written(&entry.file_name()))
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter(|file| {
            file.is_absolute() && !file.starts_with("/dev") && !file.starts_with("/proc")
        })
        .filter_map(|file| file.parent().map(Path::to_owned))
        .collect()
}

fn publish_room(scene: &Scene<'_>, pid: u32, uid: Option<u32>, directory: &Path) {
    let name = redact::text(&directory.display().to_string());
    let place = seen_by(pid, directory);
    let Ok(room) = rustix::fs::statvfs(&place) else { return };
    // Reserved blocks are free for root alone, except those ext4 keeps for itself.
    let for_root = room.f_bfree.saturating_sub(kept_by_ext4(&place, &room));
    let blocks = if uid == Some(0) { for_root } else { room.f_bavail };
    let source = Source::new("filesystems", format!("statvfs({name})"), format!("df {name}"));
    scene.fact(FactKey::FsFreeBytes, &name, blocks.saturating_mul(room.f_frsize), &source);
    let total = room.f_blocks.saturating_mul(room.f_frsize);
    scene.fact(FactKey::FsTotalBytes, &name, total, &source);
    if room.f_files > 0 {
        let source =
            Source::new("filesystems", format!("statvfs({name})"), format!("df -i {name}"));
        scene.fact(FactKey::FsFreeInodes, &name, room.f_favail, &source);
    }
}

/// Blocks that ext4 gives to nobody: a fiftieth of all, 4,096 at most
/// (`ext4_calculate_resv_clusters` in fs/ext4/super.c).
fn kept_by_ext4(place: &Path, room: &rustix::fs::StatVfs) -> u64 {
    const EXT4: i64 = 0xef53;
    let is_ext4 = rustix::fs::statfs(place).is_ok_and(|fs| fs.f_type == EXT4);
    if is_ext4 { (room.f_blocks / 50).min(4096) } else { 0 }
}

/// The directories of files whose fsync a thread of the server was seen waiting in.
fn waited_for(scene: &Scene<'_>) -> BTreeSet<PathBuf> {
    let synced: BTreeMap<String, u64> = scene
        .collector
        .so_far(FactKey::ThreadSyscalls)
        .into_iter()
        .filter_map(|draft| match draft.value {
            Value::Counts(calls) => {
                let looks = SYNCS.iter().filter_map(|call| calls.get(*call)).sum();
                Some((draft.object, looks))
            }
            _ => None,
        })
        .filter(|(_, looks)| *looks >= 2)
        .collect();
    let files = scene.collector.so_far(FactKey::ThreadWaitsOn).into_iter();
    let files = files.filter(|draft| synced.contains_key(&draft.object));
    let labels = files.filter_map(|draft| match draft.value {
        Value::Counts(labels) => Some(labels.into_keys()),
        _ => None,
    });
    let paths = labels.flatten().filter_map(|label| {
        let file = label.strip_prefix("file ")?;
        Path::new(file).parent().map(Path::to_owned)
    });
    paths.take(DIRECTORIES_MAX).collect()
}

/// Our own fsync of 4 KiB, in a file without a name, which leaves nothing behind.
async fn publish_fsync(scene: &Scene<'_>, pid: u32, directory: PathBuf) {
    let name = redact::text(&directory.display().to_string());
    let place = seen_by(pid, &directory);
    let timed = tokio::task::spawn_blocking(move || fsyncs(&place)).await;
    match timed {
        Ok(Ok(times)) => {
            let source = Source::new(
                "filesystems",
                format!("fsync(2) of 4 KiB in an unnamed file (O_TMPFILE) in {name}"),
                format!("dd if=/dev/zero of={name}/x bs=4k count=1 conv=fsync; rm {name}/x"),
            );
            scene.fact(FactKey::FsyncMs, &name, times, &source);
        }
        Ok(Err(error)) => scene.missing(FactKey::FsyncMs, &name, error.to_string()),
        Err(error) => scene.missing(FactKey::FsyncMs, &name, error.to_string()),
    }
}

fn fsyncs(directory: &Path) -> std::io::Result<Vec<f64>> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(directory, flags, Mode::RUSR | Mode::WUSR)?);
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < FSYNCS && begun.elapsed() < FSYNC_BUDGET {
        file.write_all(&[0; 4096])?;
        let started = Instant::now();
        file.sync_all()?;
        times.push(ms(started.elapsed()));
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_open_for_writing_names_its_directory_and_an_fsync_leaves_nothing() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let log = File::create(folder.path().join("app.log")).unwrap();
        let written = written_by(std::process::id());
        assert!(written.contains(&folder.path().to_owned()), "{written:?}");
        drop(log);
        assert!(!fsyncs(folder.path()).unwrap().is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
