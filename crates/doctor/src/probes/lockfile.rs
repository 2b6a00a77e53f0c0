//! PID and lock files beside the database and the program, and whether their owner still lives.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use procfs::process::Process;

use super::census::Census;
use super::locks;
use super::process;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, object, redact};
use crate::progress::Stage;

/// Most entries of a directory that are looked at.
const ENTRIES_MAX: usize = 500;
/// Most files described.
const FILES_MAX: usize = 16;
/// A PID stands in the first bytes or nowhere.
const BYTES_MAX: u64 = 4096;

/// Looks beside every database and in the working directory.
pub async fn run(scene: &Scene<'_>) {
    scene.step(Stage::Inspect, "lock files");
    let found = scene.found();
    let census = Census::take();
    let mut directories: Vec<PathBuf> =
        found.databases.iter().filter_map(|file| Some(file.parent()?.to_owned())).collect();
    directories.extend(found.pid.and_then(|pid| census.get(pid)?.cwd.clone()));
    directories.sort();
    directories.dedup();
    let files = directories.iter().flat_map(|directory| candidates(directory)).take(FILES_MAX);
    for file in files {
        if let Some(pid) = pid_in(&file) {
            publish(scene, &census, &file, pid, &found.databases);
        }
    }
    if !directories.is_empty() {
        let source = Source::new(
            "lock_files",
            "*.pid, *.lock and *.lck beside the database and in the working directory",
            "ls DIR/*.pid DIR/*.lock",
        );
        let sought = directories.iter().map(|path| redact::text(&path.display().to_string()));
        scene.fact(FactKey::LockFilesSought, object::TARGET, sought.collect::<Vec<_>>(), &source);
    }
}

fn candidates(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(ENTRIES_MAX);
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| matches!(extension.to_str(), Some("pid" | "lock" | "lck")))
        })
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// The PID written in a file: alone on its first line, or after `pid`.
fn pid_in(file: &Path) -> Option<u32> {
    let mut raw = String::new();
    File::open(file).ok()?.take(BYTES_MAX).read_to_string(&mut raw).ok()?;
    parse_pid(&raw)
}

fn parse_pid(text: &str) -> Option<u32> {
    let first = text.lines().next()?.trim();
    if let Ok(pid) = first.parse() {
        return Some(pid).filter(|pid| *pid > 1);
    }
    let lower = text.to_ascii_lowercase();
    let after = lower.split("pid").nth(1)?.trim_start_matches(['"', '\'', ' ', '=', ':', '\t']);
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|pid| *pid > 1)
}

fn publish(scene: &Scene<'_>, census: &Census, file: &Path, pid: u32, databases: &[PathBuf]) {
    let name = redact::text(&file.display().to_string());
    let source = Source::new("lock_files", name.clone(), format!("cat {name}; ps -fp {pid}"));
    scene.fact(FactKey::LockFilePid, &name, pid, &source);
    let member = census.get(pid);
    scene.fact(FactKey::LockFileAlive, &name, member.is_some(), &source);
    if let Some(exe) = member.and_then(|member| member.exe.as_ref()) {
        scene.fact(FactKey::LockFileExe, &name, redact::text(&exe.display().to_string()), &source);
    }
    let started =
        i32::try_from(pid).ok().and_then(|pid| process::started_at_ms(&Process::new(pid).ok()?));
    if let Some(started) = started.filter(|_| member.is_some()) {
        scene.fact(FactKey::LockFileStartedAt, &name, started, &source);
    }
    if let Ok(meta) = std::fs::metadata(file) {
        scene.fact(
            FactKey::LockFileModifiedAt,
            &name,
            meta.mtime() * 1000 + meta.mtime_nsec() / 1_000_000,
            &source,
        );
    }
    let kernel = Source::new(
        "lock_files",
        "/proc/locks by device and inode",
        format!("fuser {name}; cat /proc/locks"),
    );
    match locks::holder_of_any_lock(file) {
        Ok(holder) => scene.fact(FactKey::LockFileHeld, &name, holder.is_some(), &kernel),
        Err(error) => scene.missing(FactKey::LockFileHeld, &name, format!("/proc/locks: {error}")),
    }
    let beside_own = databases.iter().any(|database| locks::sidecar(database, ".lock") == file);
    scene.fact(FactKey::LockFileOwn, &name, scene.target.own && beside_own, &source);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_read_from_the_usual_forms_and_from_no_other() {
        assert_eq!(parse_pid("4242\n"), Some(4242));
        assert_eq!(parse_pid("pid = 17\nexe = /usr/bin/galen"), Some(17));
        assert_eq!(parse_pid("{\"pid\": 99, \"since\": 5}"), Some(99));
        assert_eq!(
            parse_pid("# This file is automatically @generated by Cargo.\nversion = 4"),
            None
        );
        assert_eq!(parse_pid("1"), None);
        assert_eq!(parse_pid(""), None);
    }
}
