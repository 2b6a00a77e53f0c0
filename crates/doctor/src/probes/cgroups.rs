//! The cgroups above a process and their limits, in version 1 and version 2 alike.

use std::path::{Path, PathBuf};

/// Where the hierarchies are mounted.
const MOUNT: &str = "/sys/fs/cgroup";
/// No hierarchy is deeper than is of any use.
const DEPTH_MAX: usize = 32;
/// Version 1 writes "no limit" as a number near 2^63; nothing real is beyond this.
const UNLIMITED_BYTES: u64 = 1 << 60;

/// The hierarchies a process belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cgroups {
    mount: PathBuf,
    /// The controllers of each hierarchy (none for version 2) and the path within it.
    lines: Vec<(Vec<String>, String)>,
}

/// A limited resource of a cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The cgroup's directory.
    pub directory: PathBuf,
    /// The limit.
    pub limit: u64,
    /// What is used of it.
    pub used: u64,
    /// How often the limit was hit since the cgroup exists.
    pub hits: u64,
    /// Processes killed for it since the cgroup exists; memory only.
    pub kills: u64,
}

impl Cgroups {
    /// The cgroups of a process.
    pub fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        Some(Self::read(&text, Path::new(MOUNT)))
    }

    /// Reads `/proc/PID/cgroup` (cgroups(7): number, controllers and path, separated by colons).
    fn read(text: &str, mount: &Path) -> Self {
        let line = |line: &str| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next()?, parts.next()?);
            let controllers = controllers.split(',').filter(|name| !name.is_empty());
            Some((controllers.map(str::to_owned).collect(), path.to_owned()))
        };
        Self { mount: mount.to_owned(), lines: text.lines().filter_map(line).collect() }
    }

    /// The directories of a controller, the innermost first, up to the root of its hierarchy.
    fn above(&self, controller: &str) -> Vec<PathBuf> {
        let own = self.lines.iter().find(|(names, _)| names.iter().any(|name| name == controller));
        own.map_or_else(|| self.unified(), |(names, path)| self.up(controller, names, path))
    }

    /// The directories of version 2, the innermost first.
    fn unified(&self) -> Vec<PathBuf> {
        let own = self.lines.iter().find(|(names, _)| names.is_empty());
        own.map(|(names, path)| self.up("", names, path)).unwrap_or_default()
    }

    fn up(&self, controller: &str, names: &[String], path: &str) -> Vec<PathBuf> {
        let roots = match names.is_empty() {
            true => vec![self.mount.clone(), self.mount.join("unified")],
            false => vec![self.mount.join(names.join(",")), self.mount.join(controller)],
        };
        // A path out of the reader's cgroup namespace begins with `..` and leads nowhere.
        let within = path.trim_start_matches('/');
        let Some(root) = roots.into_iter().find(|root| root.join(within).is_dir()) else {
            return Vec::new();
        };
        let innermost = root.join(within);
        let inside = innermost.ancestors().take(DEPTH_MAX);
        inside.take_while(|directory| directory.starts_with(&root)).map(Path::to_owned).collect()
    }

    /// The cgroup whose CPU quota holds, or else the innermost that counts periods; and its path.
    pub fn cpu(&self) -> Option<(String, PathBuf)> {
        let above = self.above("cpu");
        let counted = |directory: &&PathBuf| directory.join("cpu.stat").exists();
        let directory = above
            .iter()
            .find(|directory| quota_of(directory).is_some())
            .or_else(|| above.iter().find(counted))?;
        Some((self.name_of(directory), directory.clone()))
    }

    /// The CPU quota that holds, in cores.
    pub fn quota_cores(&self) -> Option<f64> {
        self.above("cpu").iter().find_map(|directory| quota_of(directory))
    }

    /// Whether the process is frozen by either version's freezer, and the cgroup that says so.
    pub fn frozen(&self) -> Option<(bool, PathBuf)> {
        let v1 = self.above("freezer").into_iter().find_map(|directory| {
            Some((text(&directory, "freezer.state")? != "THAWED", directory))
        });
        let v2 = self.unified().into_iter().find_map(|directory| {
            Some((field(&text(&directory, "cgroup.events")?, "frozen")? == 1, directory))
        });
        [v1.clone(), v2.clone()].into_iter().flatten().find(|(frozen, _)| *frozen).or(v1).or(v2)
    }

    /// The innermost memory limit.
    pub fn memory(&self) -> Option<Limited> {
        self.above("memory").into_iter().find_map(|directory| {
            if let Some(limit) = number(&directory, "memory.max") {
                let events = text(&directory, "memory.events")?;
                return Some(Limited {
                    limit,
                    used: number(&directory, "memory.current")?,
                    hits: field(&events, "max").unwrap_or(0),
                    kills: field(&events, "oom_kill").unwrap_or(0),
                    directory,
                });
            }
            let limit = number(&directory, "memory.limit_in_bytes");
            let limit = limit.filter(|limit| *limit < UNLIMITED_BYTES)?;
            let control = text(&directory, "memory.oom_control").unwrap_or_default();
            Some(Limited {
                limit,
                used: number(&directory, "memory.usage_in_bytes")?,
                hits: number(&directory, "memory.failcnt").unwrap_or(0),
                kills: field(&control, "oom_kill").unwrap_or(0),
                directory,
            })
        })
    }

    /// The innermost limit of tasks.
    pub fn pids(&self) -> Option<Limited> {
        self.above("pids").into_iter().find_map(|directory| {
            let limit = number(&directory, "pids.max")?;
            let events = text(&directory, "pids.events").unwrap_or_default();
            Some(Limited {
                limit,
                used: number(&directory, "pids.current")?,
                hits: field(&events, "max").unwrap_or(0),
                kills: 0,
                directory,
            })
        })
    }

    fn name_of(&self, directory: &Path) -> String {
        let within = directory.strip_prefix(&self.mount).unwrap_or(directory);
        format!("/{}", within.display())
    }
}

/// The quota of one cgroup in cores: version 2 writes `max 100000` or `20000 100000`.
fn quota_of(directory: &Path) -> Option<f64> {
    if let Some(line) = text(directory, "cpu.max") {
        let (quota, period) = line.split_once(' ')?;
        let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
        return (period > 0.0).then_some(quota / period);
    }
    let quota: f64 = text(directory, "cpu.cfs_quota_us")?.parse().ok()?;
    let period: f64 = text(directory, "cpu.cfs_period_us")?.parse().ok()?;
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

fn text(directory: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(directory.join(file)).ok().map(|text| text.trim().to_owned())
}

/// A file of one number; `max`, which is no limit, is no number.
fn number(directory: &Path, file: &str) -> Option<u64> {
    text(directory, file)?.parse().ok()
}

/// A field of a flat keyed file: `name number` on a line of its own.
pub fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        (key == name).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lays a recorded hierarchy into a folder.
    fn recorded(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    // The files of a service under cgroup version 2, in the words of the kernel's
    // Documentation/admin-guide/cgroup-v2.rst: CPUQuota=20%, MemoryMax=60M and TasksMax=40 on the
    // service, and an inner cgroup without limits of its own.
    const V2: &[(&str, &str)] = &[
        ("system.slice/app.service/cpu.max", "20000 100000\n"),
        (
            "system.slice/app.service/cpu.stat",
            "usage_usec 1318000\nnr_periods 63\nnr_throttled 61\nthrottled_usec 6170000\n",
        ),
        ("system.slice/app.service/memory.max", "62914560\n"),
        ("system.slice/app.service/memory.current", "62803968\n"),
        (
            "system.slice/app.service/memory.events",
            "low 0\nhigh 0\nmax 118\noom 2\noom_kill 1\noom_group_kill 0\n",
        ),
        ("system.slice/app.service/pids.max", "40\n"),
        ("system.slice/app.service/pids.current", "40\n"),
        ("system.slice/app.service/pids.events", "max 7\n"),
        ("system.slice/app.service/inner/cpu.max", "max 100000\n"),
        ("system.slice/app.service/inner/memory.max", "max\n"),
        ("system.slice/app.service/inner/pids.max", "max\n"),
        ("system.slice/app.service/inner/cgroup.events", "populated 1\nfrozen 1\n"),
    ];

    #[test]
    fn the_limits_of_version_2_hold_from_the_service_downwards() {
        let folder = recorded(V2);
        let cgroups = Cgroups::read("0::/system.slice/app.service/inner\n", folder.path());
        assert_eq!(cgroups.quota_cores(), Some(0.2));
        assert_eq!(cgroups.cpu().unwrap().0, "/system.slice/app.service");
        assert_eq!(cgroups.frozen().map(|(frozen, _)| frozen), Some(true));
        let memory = cgroups.memory().unwrap();
        assert_eq!((memory.limit, memory.hits, memory.kills), (62_914_560, 118, 1));
        let pids = cgroups.pids().unwrap();
        assert_eq!((pids.limit, pids.used, pids.hits), (40, 40, 7));
    }

    #[test]
    fn the_limits_of_version_1_are_read_from_each_controllers_own_hierarchy() {
        let folder = recorded(&[
            ("cpu,cpuacct/app/cpu.cfs_quota_us", "2000\n"),
            ("cpu,cpuacct/app/cpu.cfs_period_us", "100000\n"),
            ("cpu,cpuacct/app/cpu.stat", "nr_periods 63\nnr_throttled 61\nthrottled_time 6\n"),
            ("memory/app/memory.limit_in_bytes", "62914560\n"),
            ("memory/app/memory.usage_in_bytes", "62000000\n"),
            ("memory/app/memory.failcnt", "118\n"),
            ("memory/app/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
            ("freezer/app/freezer.state", "THAWED\n"),
        ]);
        let proc = "4:cpu,cpuacct:/app\n3:memory:/app\n2:freezer:/app\n0::/\n";
        let cgroups = Cgroups::read(proc, folder.path());
        assert_eq!(cgroups.quota_cores(), Some(0.02));
        assert_eq!(cgroups.memory().unwrap().kills, 1);
        assert_eq!(cgroups.frozen().map(|(frozen, _)| frozen), Some(false));
        assert_eq!(cgroups.pids(), None);
    }

    #[test]
    fn no_limit_is_no_limit() {
        let folder = recorded(&[
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/memory.usage_in_bytes", "1\n"),
            ("cpu/cpu.cfs_quota_us", "-1\n"),
            ("cpu/cpu.cfs_period_us", "100000\n"),
        ]);
        let cgroups = Cgroups::read("2:memory:/\n1:cpu:/\n", folder.path());
        assert_eq!((cgroups.memory(), cgroups.quota_cores()), (None, None));
    }
}
