//! The probes: the only files that touch the examined world, each bounded, none of them judging.

mod answers;
mod burst;
mod census;
mod cgroups;
pub mod child;
mod cors;
mod counters;
mod databases;
mod defaults;
mod descriptors;
mod discover;
mod filesystems;
mod framework;
mod growth;
mod handshake;
mod held;
mod host;
mod http;
pub(crate) mod http_client;
mod idle;
mod kernel;
mod ladder;
mod library;
mod limiter;
mod limits;
mod lockfile;
mod locks;
mod log_tail;
mod paths;
mod peer_facts;
mod peers;
pub(crate) mod pin;
mod postgres;
mod process;
mod protocol;
#[cfg_attr(
    not(feature = "python"),
    expect(dead_code, reason = "without py-spy nothing fills what these types hold")
)]
mod python;
mod resolver;
mod rooms;
mod scene;
mod series;
mod sessions;
mod sock_diag;
mod source_sql;
mod spread;
mod sqlite_damage;
mod sqlite_file;
mod sqlite_open;
mod sqlite_plans;
mod sqlite_sql;
mod sqlite_state;
mod sqlite_tables;
mod still;
mod syscalls;
mod threads;
pub mod unit;
mod vigil;
mod watch;
mod windows;

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use galen_core::Clock;

pub use child::child_main;
pub use cors::FOREIGN as FOREIGN_ORIGIN;
pub use locks::write_lock_holder;
use scene::Scene;

use crate::evidence::{Collector, FactKey, object};
use crate::progress::Progress;
use crate::target::Target;

/// What a probe gives back: nothing; its facts and gaps are in the collector.
type Probing<'s> = Pin<Box<dyn Future<Output = ()> + Send + 's>>;

/// When a probe runs. Probes of one step run side by side, and the next step begins when all of
/// them have ended, because it builds on what they found or must not be disturbed by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Who listens, and what serves.
    Address,
    /// What it works with.
    Surroundings,
    /// The server at rest.
    Rest,
    /// Requests, in series and held.
    Requests,
    /// The same requests again, asked in other ways and counted.
    Trips,
    /// Bytes of files, and what the requests brought to light.
    Files,
    /// What would be load of our own beside the requests.
    Contents,
}

impl Step {
    /// Every step, in order.
    pub const ALL: &'static [Self] = &[
        Self::Address,
        Self::Surroundings,
        Self::Rest,
        Self::Requests,
        Self::Trips,
        Self::Files,
        Self::Contents,
    ];
}

/// One probe.
pub struct Probe {
    /// Its name in gaps.
    pub name: &'static str,
    /// When it runs.
    pub step: Step,
    /// Its deadline; nothing of it is waited for any longer.
    pub deadline: Duration,
    /// The fact that is missing first of all when the deadline passes.
    pub first_fact: FactKey,
    run: for<'s> fn(&'s Scene<'s>) -> Probing<'s>,
}

/// ALL probes: a new one is one file, one `mod` line and one entry here.
pub const ALL: &[Probe] = &[
    Probe {
        name: "discover",
        step: Step::Address,
        deadline: Duration::from_secs(8),
        first_fact: FactKey::TargetPid,
        run: |scene| Box::pin(discover::run(scene)),
    },
    Probe {
        name: "handshake",
        step: Step::Address,
        deadline: Duration::from_secs(12),
        first_fact: FactKey::TlsOutcome,
        run: |scene| Box::pin(handshake::run(scene)),
    },
    Probe {
        name: "databases",
        step: Step::Surroundings,
        deadline: Duration::from_secs(5),
        first_fact: FactKey::SqlitePath,
        run: |scene| Box::pin(databases::run(scene)),
    },
    Probe {
        name: "python",
        step: Step::Surroundings,
        deadline: Duration::from_secs(5),
        first_fact: FactKey::PythonLines,
        run: |scene| Box::pin(idle::attach(scene)),
    },
    Probe {
        name: "idle",
        step: Step::Rest,
        deadline: Duration::from_secs(3),
        first_fact: FactKey::ThreadStates,
        run: |scene| Box::pin(idle::run(scene)),
    },
    Probe {
        name: "sqlite_file",
        step: Step::Files,
        deadline: Duration::from_secs(6),
        first_fact: FactKey::SqliteSizeBytes,
        run: |scene| Box::pin(sqlite_file::run(scene)),
    },
    Probe {
        name: "http",
        step: Step::Requests,
        deadline: Duration::from_secs(40),
        first_fact: FactKey::HttpTotalMs,
        run: |scene| Box::pin(http::run(scene)),
    },
    Probe {
        name: "lock_holders",
        step: Step::Files,
        deadline: Duration::from_secs(4),
        first_fact: FactKey::ProcessCmdline,
        run: |scene| Box::pin(process::publish_holders(scene)),
    },
    Probe {
        name: "protocol",
        step: Step::Trips,
        deadline: Duration::from_secs(20),
        first_fact: FactKey::PeersMet,
        run: |scene| Box::pin(protocol::run(scene)),
    },
    Probe {
        name: "lock_files",
        step: Step::Files,
        deadline: Duration::from_secs(4),
        first_fact: FactKey::LockFilePid,
        run: |scene| Box::pin(lockfile::run(scene)),
    },
    Probe {
        name: "log",
        step: Step::Surroundings,
        deadline: Duration::from_secs(2),
        first_fact: FactKey::LogPhrases,
        run: |scene| Box::pin(log_tail::begin(scene)),
    },
    Probe {
        name: "log_added",
        step: Step::Contents,
        deadline: Duration::from_secs(2),
        first_fact: FactKey::LogPhrases,
        run: |scene| Box::pin(log_tail::end(scene)),
    },
    Probe {
        name: "sqlite_state",
        step: Step::Files,
        deadline: Duration::from_secs(15),
        first_fact: FactKey::SqliteOpenMode,
        run: |scene| Box::pin(sqlite_state::run(scene)),
    },
    Probe {
        name: "server_again",
        step: Step::Files,
        deadline: Duration::from_secs(4),
        first_fact: FactKey::ProcessFds,
        run: |scene| Box::pin(process::look_again(scene)),
    },
    Probe {
        name: "resolver",
        step: Step::Files,
        deadline: Duration::from_secs(8),
        first_fact: FactKey::ResolverOutcome,
        run: |scene| Box::pin(resolver::run(scene)),
    },
    Probe {
        name: "filesystems",
        step: Step::Files,
        deadline: Duration::from_secs(10),
        first_fact: FactKey::FsFreeBytes,
        run: |scene| Box::pin(filesystems::run(scene)),
    },
    Probe {
        name: "library",
        step: Step::Contents,
        deadline: Duration::from_secs(4),
        first_fact: FactKey::SqliteLibraryVersion,
        run: |scene| Box::pin(databases::conclude(scene)),
    },
    Probe {
        name: "postgres",
        step: Step::Surroundings,
        deadline: Duration::from_secs(8),
        first_fact: FactKey::PgVersion,
        run: |scene| Box::pin(postgres::open(scene)),
    },
    Probe {
        name: "postgres_statements",
        step: Step::Contents,
        deadline: Duration::from_secs(15),
        first_fact: FactKey::PgStatementPlan,
        run: |scene| Box::pin(postgres::conclude(scene)),
    },
    Probe {
        name: "sqlite_sql",
        step: Step::Contents,
        deadline: Duration::from_secs(15),
        first_fact: FactKey::SqliteScanMs,
        run: |scene| Box::pin(sqlite_sql::run(scene)),
    },
];

/// Runs every probe, step by step, within the caps of the target. Never fails: what could not be
/// taken is in the collector as missing, with the reason.
pub async fn run(
    target: &Target,
    collector: &Collector,
    clock: &dyn Clock,
    progress: &dyn Progress,
) {
    let scene = Scene::new(target, collector, clock, progress);
    host::publish_machine(&scene);
    let before = host::begin();
    let mut vigil = None;
    for step in Step::ALL {
        let probes = ALL.iter().filter(|probe| probe.step == *step);
        side_by_side(probes.map(|probe| bounded(&scene, probe)).collect()).await;
        // Who serves is known after the first step; from then on it is watched.
        vigil.get_or_insert_with(|| vigil::begin(&scene));
    }
    if let Some(vigil) = vigil {
        vigil.finish(&scene).await;
    }
    before.finish(&scene).await;
}

fn bounded<'s>(scene: &'s Scene<'s>, probe: &'static Probe) -> Probing<'s> {
    Box::pin(async move {
        let deadline = probe.deadline.min(scene.left_of(Duration::MAX));
        if tokio::time::timeout(deadline, (probe.run)(scene)).await.is_err() {
            let reason = format!(
                "the probe `{}` did not end within {:.1} s",
                probe.name,
                deadline.as_secs_f64()
            );
            scene.missing(probe.first_fact, object::TARGET, reason);
        }
    })
}

/// Waits for all of them; polling a handful of probes again for the sake of one costs nothing.
async fn side_by_side(mut probings: Vec<Probing<'_>>) {
    std::future::poll_fn(|cx| {
        probings.retain_mut(|probing| probing.as_mut().poll(cx).is_pending());
        if probings.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_probe_and_no_two_probes_share_a_name() {
        for step in Step::ALL {
            assert!(ALL.iter().any(|probe| probe.step == *step), "{step:?}");
        }
        let mut names: Vec<_> = ALL.iter().map(|probe| probe.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
