//! What the cgroups above the server allow it, and how often a limit was hit in the meantime.

use super::cgroups::{Cgroups, Limited};
use super::scene::Scene;
use crate::evidence::{FactKey, Source, object, redact};

/// The first reading; the second is taken when it is published.
pub struct Limits {
    cgroups: Cgroups,
    memory: Option<Limited>,
    pids: Option<Limited>,
}

impl Limits {
    /// Reads the limits of a process.
    pub fn read(pid: u32) -> Option<Self> {
        let cgroups = Cgroups::of(pid)?;
        Some(Self { memory: cgroups.memory(), pids: cgroups.pids(), cgroups })
    }

    /// Reads again, and publishes what holds and how often it was hit. The directories are those
    /// of the first reading: a process that was killed belongs to none any more.
    pub fn publish(self, scene: &Scene<'_>, pid: u32) {
        let name = object::process(pid);
        if let Some((frozen, directory)) = self.cgroups.frozen() {
            let file = format!("{}/freezer.state or cgroup.events", directory.display());
            let source = Source::new("cgroup", redact::text(&file), format!("cat {file}"));
            let state = if frozen { "frozen" } else { "thawed" };
            scene.fact(FactKey::FreezerState, &name, state, &source);
        }
        if let Some(cores) = self.cgroups.quota_cores() {
            let source = Source::new(
                "cgroup",
                "cpu.max, or cpu.cfs_quota_us over cpu.cfs_period_us, of the innermost limited cgroup",
                format!("cat /proc/{pid}/cgroup"),
            );
            scene.fact(FactKey::CgroupQuotaCores, &name, cores, &source);
        }
        self.publish_memory(scene, &name);
        self.publish_tasks(scene, &name);
    }

    fn publish_memory(&self, scene: &Scene<'_>, name: &str) {
        if let Some((before, after)) = self.memory.as_ref().zip(self.cgroups.memory()) {
            let source = of(&after, "memory.max, current and events, or limit, usage and failcnt");
            scene.fact(FactKey::CgroupMemoryLimit, name, after.limit, &source);
            scene.fact(FactKey::CgroupMemoryUsage, name, after.used, &source);
            let hits = after.hits.saturating_sub(before.hits);
            scene.fact(FactKey::CgroupMemoryFailures, name, hits, &source);
            let kills = after.kills.saturating_sub(before.kills);
            scene.fact(FactKey::CgroupOomKills, name, kills, &source);
        } else {
            scene.fact(FactKey::CgroupMemoryLimit, name, 0, &nothing("memory"));
        }
    }

    fn publish_tasks(&self, scene: &Scene<'_>, name: &str) {
        if let Some((before, after)) = self.pids.as_ref().zip(self.cgroups.pids()) {
            let source = of(&after, "pids.max, current and events");
            scene.fact(FactKey::CgroupPidsLimit, name, after.limit, &source);
            scene.fact(FactKey::CgroupPids, name, after.used, &source);
            let refused = after.hits.saturating_sub(before.hits);
            scene.fact(FactKey::CgroupPidsRefused, name, refused, &source);
        } else {
            scene.fact(FactKey::CgroupPidsLimit, name, 0, &nothing("pids"));
            scene.fact(FactKey::CgroupPids, name, 0, &nothing("pids"));
        }
    }
}

/// No cgroup above the process limits this.
fn nothing(controller: &str) -> Source {
    let from = format!("the {controller} cgroups above the process: none is limited");
    Source::new("cgroup", from, "cat /proc/PID/cgroup")
}

fn of(limited: &Limited, files: &str) -> Source {
    let directory = redact::text(&limited.directory.display().to_string());
    Source::new("cgroup", format!("{directory}: {files}"), format!("grep . {directory}/*"))
}
