//! What a repair looks at once more, in the moment before it acts: who a process is, and who has a
//! database open.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use procfs::process::Process;

use super::census::Census;
use super::locks::sidecar;
use super::process::started_at_ms;
use crate::evidence::redact;

/// How far two readings of one start time lie apart at the most, in milliseconds: it is derived from the
/// wall clock, which is adjusted.
const START_MS_MAX: i64 = 1_500;
/// How many holders are named.
const HOLDERS_SHOWN: usize = 5;
/// Magic numbers of network filesystems: NFS, SMB1, SMB2, 9p, FUSE (statfs(2)).
const NETWORK: [i64; 5] = [0x6969, 0x517b, 0xfe53_4d42, 0x0102_1997, 0x6573_5546];

/// Whether a PID still is the process that started then: a number is used again.
pub fn is_still(pid: u32, started_at: i64) -> bool {
    let process = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok());
    let started = process.and_then(|process| started_at_ms(&process));
    started.is_some_and(|now| (now - started_at).abs() <= START_MS_MAX)
}

/// A process' state, as in `ps`.
pub fn state(pid: u32) -> Option<char> {
    Some(Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?.state)
}

/// Refuses when a process other than this one has a database, its journal or its log open, or when it
/// cannot be seen that none has.
///
/// # Errors
/// Who has it open, or why it cannot be told.
pub fn nobody_holds(database: &Path) -> Result<(), String> {
    let names = ["", "-wal", "-shm", "-journal"];
    let files: Vec<(u64, u64)> = names
        .iter()
        .filter_map(|ending| {
            let meta = std::fs::metadata(sidecar(database, ending)).ok()?;
            Some((meta.dev(), meta.ino()))
        })
        .collect();
    let census = Census::take();
    if census.is_blind() {
        return Err(
            "not every process shows its open files to this user, so it cannot be seen that \
                    nobody has the database open: run it as root"
                .to_owned(),
        );
    }
    let own = std::process::id();
    let is_it = |path: &std::path::PathBuf| {
        std::fs::metadata(path).is_ok_and(|meta| files.contains(&(meta.dev(), meta.ino())))
    };
    let holders: Vec<String> = census
        .all()
        .filter(|(pid, member)| *pid != own && member.files.iter().any(is_it))
        .map(|(pid, member)| {
            let command = redact::command_line(member.command.iter().map(String::as_str));
            format!("PID {pid} ({command})")
        })
        .collect();
    match holders.as_slice() {
        [] => Ok(()),
        some => {
            let shown: Vec<&str> = some.iter().take(HOLDERS_SHOWN).map(String::as_str).collect();
            let verb = if some.len() == 1 { "has" } else { "have" };
            Err(format!("{} {verb} it open: stop it first", shown.join(", ")))
        }
    }
}

/// Whether a file lies on a network filesystem.
pub fn is_on_network(file: &Path) -> bool {
    rustix::fs::statfs(file).is_ok_and(|fs| NETWORK.contains(&fs.f_type))
}

/// Bytes free for this user where a file lies.
pub fn free_beside(file: &Path) -> Option<u64> {
    let fs = rustix::fs::statvfs(file).ok()?;
    Some(fs.f_bavail.saturating_mul(fs.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_somebody_has_open_is_held_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        std::fs::write(&database, "x").unwrap();
        // Whoever may not look into every process is told so, and told nothing else.
        match nobody_holds(&database) {
            Ok(()) => {}
            Err(says) => assert!(says.contains("run it as root"), "{says}"),
        }
        assert!(free_beside(&database).is_some_and(|free| free > 0));
    }

    #[test]
    fn a_pid_with_another_start_time_is_somebody_else() {
        let own = std::process::id();
        let process = Process::myself().unwrap();
        let started = started_at_ms(&process).unwrap();
        assert!(is_still(own, started));
        assert!(!is_still(own, started - 10_000));
        assert!(state(own).is_some());
    }
}
