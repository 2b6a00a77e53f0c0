//! The main process of a systemd unit, read from its control group: systemd itself is not asked.

use std::path::{Path, PathBuf};

use super::census::Census;

/// Where control groups are mounted: version 2, and systemd's own hierarchy of version 1.
const MOUNTS: [&str; 3] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];
/// How deep a unit lies at the most: `user.slice/user-1.slice/user@1.service/app.slice/x.service`.
const DEPTH_MAX: usize = 5;
/// How many folders are looked at before it is given up.
const FOLDERS_MAX: usize = 20_000;
/// The longest name of a unit (systemd.unit(5): 255 characters with its suffix).
const NAME_BYTES_MAX: usize = 255;

/// The process of a unit that no other process of it started.
///
/// # Errors
/// Why there is none, as a sentence without a full stop.
pub fn main_pid(unit: &str) -> Result<u32, String> {
    let unit = full_name(unit)?;
    let mounts = MOUNTS.map(PathBuf::from);
    let folder = mounts.iter().find_map(|mount| find(mount, &unit));
    let folder =
        folder.ok_or_else(|| format!("no control group is called {unit}: it does not run"))?;
    let pids = members(&folder);
    let census = Census::take();
    let parent = |pid: u32| census.get(pid).map(|member| member.parent);
    let first = pids.iter().copied().find(|pid| parent(*pid).is_none_or(|of| !pids.contains(&of)));
    first.ok_or_else(|| format!("{unit} has no process"))
}

/// A name with its suffix; without one a service is meant, as systemctl does.
fn full_name(unit: &str) -> Result<String, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    if unit.is_empty() || unit.len() > NAME_BYTES_MAX || !unit.chars().all(is_name) {
        return Err("it is no name of a unit, such as `shop.service`".to_owned());
    }
    let has_suffix = [".service", ".scope", ".slice"].iter().any(|end| unit.ends_with(end));
    Ok(if has_suffix { unit.to_owned() } else { format!("{unit}.service") })
}

/// The folder of this name, nearest to the mount.
fn find(mount: &Path, unit: &str) -> Option<PathBuf> {
    let mut level = vec![mount.to_owned()];
    let mut seen = 0;
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for folder in level {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                seen += 1;
                if seen > FOLDERS_MAX {
                    return None;
                }
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                if entry.file_name().as_encoded_bytes() == unit.as_bytes() {
                    return Some(entry.path());
                }
                next.push(entry.path());
            }
        }
        level = next;
    }
    None
}

/// The processes of a group and of those below it: a delegated unit keeps its own below.
fn members(folder: &Path) -> Vec<u32> {
    let mut pids = Vec::new();
    let mut folders = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        seen += 1;
        if seen > FOLDERS_MAX {
            break;
        }
        let listed = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        pids.extend(listed.lines().filter_map(|line| line.trim().parse::<u32>().ok()));
        let below = std::fs::read_dir(folder).into_iter().flatten().flatten();
        folders.extend(
            below
                .filter(|one| one.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|one| one.path()),
        );
    }
    pids.sort_unstable();
    pids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_found_below_its_slices_with_its_processes() {
        let mount = tempfile::tempdir().unwrap();
        let unit = mount.path().join("system.slice/shop.service");
        std::fs::create_dir_all(unit.join("worker")).unwrap();
        std::fs::write(unit.join("cgroup.procs"), "12\n7\n").unwrap();
        std::fs::write(unit.join("worker/cgroup.procs"), "40\n").unwrap();
        let found = find(mount.path(), "shop.service").unwrap();
        assert_eq!((found.clone(), members(&found)), (unit, vec![7, 12, 40]));
        assert_eq!(find(mount.path(), "other.service"), None);
    }

    #[test]
    fn a_name_means_a_service_and_leads_nowhere_else() {
        assert_eq!(full_name("shop").as_deref(), Ok("shop.service"));
        assert_eq!(full_name("run-1.scope").as_deref(), Ok("run-1.scope"));
        assert!(full_name("../../etc").is_err() && full_name("").is_err());
    }
}
