//! Repairs a person carries out: asked for or told, each with what to do here.

use super::port::Action;
use super::{Class, Repair, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Fact, FactKey, Value};
use crate::sentence::{Param, Sentence};
use crate::words::Code;

/// A row of advice without a state of its own.
pub(super) const fn advice(
    id: &'static str,
    causes: &'static [&'static str],
    (title, risk, undo): (Code, Code, Code),
    class: Class,
    offer: fn(&Case<'_>, &Finding) -> Option<Terms>,
) -> Repair {
    Repair { id, causes, title, class, own: None, risk, undo, offer, state: None }
}

pub(super) const INDEX: Repair = advice(
    "create-index",
    &["F41"],
    (Code::RepairIndex, Code::RiskWriteLock, Code::UndoIndex),
    Class::Ask,
    index,
);
pub(super) const VACUUM: Repair = advice(
    "vacuum",
    &["F43"],
    (Code::RepairVacuum, Code::RiskVacuum, Code::UndoBackup),
    Class::Ask,
    vacuum,
);
pub(super) const START: Repair = advice(
    "start-service",
    &["F01"],
    (Code::RepairStart, Code::RiskNone, Code::UndoStop),
    Class::Ask,
    start,
);
pub(super) const HOLDER_OF_PORT: Repair = advice(
    "end-port-holder",
    &["F02"],
    (Code::RepairHolderOfPort, Code::RiskKill, Code::UndoRestart),
    Class::Ask,
    holder_of_port,
);
pub(super) const COPY: Repair = advice(
    "end-copy",
    &["F79"],
    (Code::RepairCopy, Code::RiskKill, Code::UndoRestart),
    Class::Ask,
    copy,
);
pub(super) const LOOP_WAIT: Repair = advice(
    "free-the-loop-of-waits",
    &["F13"],
    (Code::RepairLoopWait, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    loop_wait,
);
pub(super) const LOOP_CPU: Repair = advice(
    "free-the-loop-of-computing",
    &["F14"],
    (Code::RepairLoopCpu, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    loop_cpu,
);
pub(super) const POOL: Repair = advice(
    "empty-the-pool",
    &["F15"],
    (Code::RepairPool, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    pool,
);
pub(super) const HASH: Repair = advice(
    "bound-hashing",
    &["F18"],
    (Code::RepairHash, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    hash,
);
pub(super) const NEIGHBOUR: Repair = advice(
    "give-cpu-back",
    &["F19"],
    (Code::RepairNeighbour, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    neighbour,
);
pub(super) const LOCK_HOLDER: Repair = advice(
    "end-lock-holder",
    &["F35"],
    (Code::RepairHolder, Code::RiskKill, Code::UndoRestart),
    Class::Tell,
    lock_holder,
);
pub(super) const TRANSACTION: Repair = advice(
    "shorten-transaction",
    &["F36"],
    (Code::RepairTransaction, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    transaction,
);
pub(super) const ZOMBIES: Repair = advice(
    "collect-children",
    &["F29"],
    (Code::RepairZombies, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    zombies,
);
pub(super) const UPGRADE_SQLITE: Repair = advice(
    "upgrade-sqlite",
    &["F78"],
    (Code::RepairUpgradeSqlite, Code::RiskNone, Code::UndoInstall),
    Class::Tell,
    upgrade_sqlite,
);

/// A process by its number and its start, so that an act meets it and none that has its number later.
pub(super) fn pinned(case: &Case<'_>, pid: &str) -> Option<(u32, i64)> {
    let started = case.evidence.find(FactKey::ProcessStartedAt, pid)?;
    match started.value {
        Value::Int(started_at) => Some((pid.parse().ok()?, started_at)),
        _ => None,
    }
}

/// Advice in words alone.
pub(super) fn told(how: Sentence) -> Option<Terms> {
    Some(Terms { how: Some(how), ..Terms::default() })
}

/// A name the finding prints, and the fact among its evidence that carries it.
pub(super) fn named<'c>(
    case: &Case<'c>,
    finding: &Finding,
    name: &str,
) -> Option<(String, &'c Fact)> {
    let text = std::iter::once(&finding.says).chain(&finding.chain).find_map(|sentence| {
        sentence.params.iter().find_map(|(key, param)| match param {
            Param::Name(text) if *key == name => Some(text.clone()),
            _ => None,
        })
    })?;
    let carries = |fact: &&Fact| match &fact.value {
        Value::Text(value) => value.contains(&text),
        Value::Counts(counts) => counts.contains_key(&text),
        _ => false,
    };
    let facts: Vec<&Fact> =
        finding.evidence().into_iter().filter_map(|id| case.evidence.get(id)).collect();
    let fact = facts
        .iter()
        .copied()
        .find(carries)
        .or_else(|| facts.iter().copied().find(|fact| fact.object.contains(&text)))?;
    Some((text, fact))
}

fn index(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (ddl, _) = named(case, finding, "index")?;
    let database = case.evidence.any(FactKey::SqlitePath).map(|fact| fact.object.clone());
    let action = database.map(|database| Action::CreateIndex { database, sql: ddl.clone() });
    let effect = Sentence::new(Code::RepairIndexEffect)
        .figure("indexed", printed(finding, "indexed")?)
        .figure("scan", printed(finding, "scan")?);
    Some(Terms {
        command: Some(format!("{ddl};")),
        effect: Some(effect),
        action,
        ..Terms::default()
    })
}

fn vacuum(_case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let effect = Sentence::new(Code::RepairVacuumEffect).figure("free", printed(finding, "free")?);
    let command = format!("sqlite3 '{}' 'PRAGMA incremental_vacuum;'", finding.object);
    Some(Terms { command: Some(command), effect: Some(effect), ..Terms::default() })
}

fn start(_case: &Case<'_>, _finding: &Finding) -> Option<Terms> {
    told(Sentence::new(Code::RepairStartHow))
}

fn holder_of_port(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let pid = printed(finding, "pid")?;
    let how = Sentence::new(Code::RepairHolderOfPortHow).figure("pid", pid);
    let command = format!("ps -o pid,lstart,cmd -p {pid}  &&  kill -TERM {pid}");
    let action = pinned(case, &pid.to_string())
        .map(|(pid, started_at)| Action::Terminate { pid, started_at });
    Some(Terms { how: Some(how), command: Some(command), action, ..Terms::default() })
}

fn copy(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let pids = finding.object.replace(", ", ",");
    let command = format!("ps -o pid,lstart,cmd -p {pids}");
    let how = Sentence::new(Code::RepairCopyHow);
    // One stray copy can be ended for whoever asks; which of several is meant, a person must say.
    let action = pinned(case, &finding.object)
        .map(|(pid, started_at)| Action::Terminate { pid, started_at });
    Some(Terms { how: Some(how), command: Some(command), action, ..Terms::default() })
}

fn loop_wait(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    at_line(case, finding, Code::RepairLoopWaitHow).map(|mut terms| {
        terms.effect = named(case, finding, "path").and_then(|(path, fact)| {
            let share = finding.share.as_ref()?;
            let effect = Sentence::new(Code::RepairLoopWaitEffect);
            Some(effect.name("path", path, fact).figure("share", share))
        });
        terms
    })
}

fn loop_cpu(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    at_line(case, finding, Code::RepairLoopCpuHow)
}

/// Advice at the source line; without one, how to find it.
fn at_line(case: &Case<'_>, finding: &Finding, code: Code) -> Option<Terms> {
    if let Some((line, fact)) = named(case, finding, "line") {
        return told(Sentence::new(code).name("line", line, fact));
    }
    let (pid, fact) = case.server()?;
    told(Sentence::new(Code::RepairLoopHow).name("pid", pid.to_string(), fact))
}

fn pool(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let place = named(case, finding, "call").or_else(|| named(case, finding, "line"));
    let (place, fact) = place?;
    told(Sentence::new(Code::RepairPoolHow).name("place", place, fact))
}

fn hash(_case: &Case<'_>, _finding: &Finding) -> Option<Terms> {
    told(Sentence::new(Code::RepairHashHow))
}

fn neighbour(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let fact = case.evidence.find(FactKey::HostNeighbourCpu, &finding.object)?;
    let how = Sentence::new(Code::RepairNeighbourHow).name("pid", &finding.object, fact);
    told(case.command(how, finding.object.parse().ok()?))
}

fn lock_holder(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (pid, fact) = named(case, finding, "pid")?;
    let how = Sentence::new(Code::RepairHolderHow).name("pid", &pid, fact);
    told(case.command(how, pid.parse().ok()?))
}

fn transaction(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (database, fact) = named(case, finding, "database")?;
    told(Sentence::new(Code::RepairTransactionHow).name("database", database, fact))
}

fn zombies(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let fact = case.evidence.find(FactKey::ProcessZombies, &finding.object)?;
    told(Sentence::new(Code::RepairZombiesHow).name("pid", &finding.object, fact))
}

fn upgrade_sqlite(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let fact = case.evidence.find(FactKey::SqliteLibraryVersion, &finding.object)?;
    let Value::Text(version) = &fact.value else { return None };
    told(
        Sentence::new(Code::RepairUpgradeSqliteHow)
            .name("pid", &finding.object, fact)
            .name("version", version, fact),
    )
}
