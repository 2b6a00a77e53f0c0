//! Repairs of what goes wrong inside the process (group B): asked for or told, none done by itself.

use super::advice::{advice, named, told};
use super::{Class, Repair, Terms};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{FactKey, object};
use crate::sentence::Sentence;
use crate::words::Code;

pub(super) const LIMITER: Repair = advice(
    "widen-limiter",
    &["F16"],
    (Code::RepairLimiter, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairLimiterHow, &["path"]),
);
pub(super) const SYNC: Repair = advice(
    "separate-slow-work",
    &["F17"],
    (Code::RepairSync, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairSyncHow, &["pid", "path"]),
);
pub(super) const QUOTA: Repair = advice(
    "raise-cpu-quota",
    &["F20"],
    (Code::RepairQuota, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairQuotaHow, &["cgroup"]),
);
pub(super) const STEAL: Repair = advice(
    "move-off-shared-cpu",
    &["F21"],
    (Code::RepairSteal, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |case, _| {
        let fact = case.evidence.find(FactKey::HostStealShare, object::HOST)?;
        told(Sentence::new(Code::RepairStealHow).cite(fact))
    },
);
pub(super) const GC: Repair = advice(
    "collect-less",
    &["F23"],
    (Code::RepairGc, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairGcHow, &["path"]),
);
pub(super) const PRESSURE: Repair = advice(
    "give-memory",
    &["F24"],
    (Code::RepairPressure, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |case, _| {
        let (pid, fact) = case.server()?;
        told(Sentence::new(Code::RepairPressureHow).name("pid", pid.to_string(), fact))
    },
);
pub(super) const OOM: Repair = advice(
    "raise-memory-limit",
    &["F25"],
    (Code::RepairOom, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |case, _| {
        let fact = case.evidence.find(FactKey::ServersGone, object::TARGET)?;
        told(Sentence::new(Code::RepairOomHow).cite(fact))
    },
);
pub(super) const LEAK: Repair = advice(
    "find-what-is-kept",
    &["F26"],
    (Code::RepairLeak, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairLeakHow, &["path"]),
);
pub(super) const DEADLOCK: Repair = advice(
    "order-locks",
    &["F27"],
    (Code::RepairDeadlock, Code::RiskKill, Code::UndoCode),
    Class::Ask,
    deadlock,
);
pub(super) const CRASH: Repair = advice(
    "read-why-it-ended",
    &["F28"],
    (Code::RepairCrash, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |case, _| {
        let fact = case.evidence.find(FactKey::ServersGone, object::TARGET)?;
        told(Sentence::new(Code::RepairCrashHow).cite(fact))
    },
);
pub(super) const TASKS: Repair = advice(
    "raise-task-limit",
    &["F30"],
    (Code::RepairTasks, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairTasksHow, &["pid"]),
);
pub(super) const DISK: Repair = advice(
    "write-less-often",
    &["F32"],
    (Code::RepairDisk, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairDiskHow, &["file"]),
);
pub(super) const FULL: Repair = advice(
    "rotate-own-logs",
    &["F33"],
    (Code::RepairFull, Code::RiskNone, Code::UndoNever),
    Class::Ask,
    |case, finding| about(case, finding, Code::RepairFullHow, &["directory"]),
);
pub(super) const DEBUG: Repair = advice(
    "start-for-production",
    &["F34"],
    (Code::RepairDebug, Code::RiskNone, Code::UndoRestart),
    Class::Tell,
    |case, finding| about(case, finding, Code::RepairDebugHow, &["pid"]),
);

/// Advice whose names are those the finding prints.
fn about(case: &Case<'_>, finding: &Finding, code: Code, names: &[&'static str]) -> Option<Terms> {
    let filled = names.iter().try_fold(Sentence::new(code), |says, key| {
        let (text, fact) = named(case, finding, key)?;
        Some(says.name(key, text, fact))
    });
    told(filled?)
}

/// Where every thread stands is saved before anything is restarted: a restart destroys it.
fn deadlock(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (pid, fact) = named(case, finding, "pid")?;
    let how = Sentence::new(Code::RepairDeadlockHow).name("pid", &pid, fact);
    let python = case.evidence.any(FactKey::PythonLines).is_some();
    let command = if python {
        format!("py-spy dump --pid {pid} > deadlock-{pid}.txt")
    } else {
        format!("gdb -p {pid} -batch -ex 'thread apply all bt' > deadlock-{pid}.txt")
    };
    Some(Terms { how: Some(how), command: Some(command), ..Terms::default() })
}
