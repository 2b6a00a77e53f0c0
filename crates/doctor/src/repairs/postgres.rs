//! Repairs of PostgreSQL: asked for or told, never carried out on a stranger's database by themselves.

use super::advice::{named, told};
use super::{Class, Repair, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::postgres::table_name;
use crate::sentence::Sentence;
use crate::words::Code;

/// A row for every target: none of these is this installation's own.
const fn row(
    id: &'static str,
    causes: &'static [&'static str],
    (title, risk, undo): (Code, Code, Code),
    class: Class,
    offer: fn(&Case<'_>, &Finding) -> Option<Terms>,
) -> Repair {
    Repair { id, causes, title, class, own: None, risk, undo, offer, state: None }
}

pub(super) const CANCEL: Repair = row(
    "pg-cancel-blocker",
    &["F49"],
    (Code::RepairPgCancel, Code::RiskPgCancel, Code::UndoNever),
    Class::Ask,
    cancel,
);
pub(super) const IDLE: Repair = row(
    "pg-end-idle-transaction",
    &["F50"],
    (Code::RepairPgIdle, Code::RiskPgCancel, Code::UndoNever),
    Class::Ask,
    idle,
);
pub(super) const POOL: Repair = row(
    "pg-hold-connections-shorter",
    &["F51"],
    (Code::RepairPgPool, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |_, _| told(Sentence::new(Code::RepairPgPoolHow)),
);
pub(super) const LEAK: Repair = row(
    "pg-return-connections",
    &["F52"],
    (Code::RepairPgLeak, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |_, _| told(Sentence::new(Code::RepairPgLeakHow)),
);
pub(super) const SLOTS: Repair = row(
    "pg-free-connections",
    &["F53"],
    (Code::RepairPgSlots, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |_, _| told(Sentence::new(Code::RepairPgSlotsHow)),
);
pub(super) const INDEX: Repair = row(
    "pg-create-index",
    &["F54"],
    (Code::RepairPgIndex, Code::RiskPgIndex, Code::UndoPgIndex),
    Class::Ask,
    index,
);
pub(super) const ANALYZE: Repair = row(
    "pg-analyze",
    &["F55"],
    (Code::RepairPgAnalyze, Code::RiskPgBeside, Code::UndoPgAnalyze),
    Class::Ask,
    analyze,
);
pub(super) const VACUUM: Repair = row(
    "pg-vacuum",
    &["F56"],
    (Code::RepairPgVacuum, Code::RiskPgBeside, Code::UndoNone),
    Class::Ask,
    vacuum,
);
pub(super) const DISK: Repair = row(
    "pg-relieve-disk",
    &["F58"],
    (Code::RepairPgDisk, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    disk,
);
pub(super) const CONNECT: Repair = row(
    "pg-keep-connections",
    &["F59"],
    (Code::RepairPgConnect, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |_, _| told(Sentence::new(Code::RepairPgConnectHow)),
);
pub(super) const UP: Repair = row(
    "pg-start",
    &["F61"],
    (Code::RepairPgUp, Code::RiskNone, Code::UndoStop),
    Class::Tell,
    |_, _| told(Sentence::new(Code::RepairPgUpHow)),
);
pub(super) const SLOT: Repair = row(
    "pg-revive-slot",
    &["F62"],
    (Code::RepairPgSlot, Code::RiskNone, Code::UndoNone),
    Class::Tell,
    slot,
);

/// Cancels a statement only if the session is still the one that was seen.
fn cancel(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (pid, fact) = named(case, finding, "pid")?;
    let (path, at) = named(case, finding, "path")?;
    let effect = Sentence::new(Code::RepairPgCancelEffect)
        .name("path", path, at)
        .figure("share", printed(finding, "share")?);
    Some(Terms {
        how: Some(Sentence::new(Code::RepairPgCancelHow).name("pid", &pid, fact)),
        command: Some(pinned(case, "pg_cancel_backend", "active", &pid)?),
        effect: Some(effect),
        action: None,
    })
}

fn idle(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (pid, fact) = named(case, finding, "pid")?;
    let (application, of) = named(case, finding, "application")?;
    let how = Sentence::new(Code::RepairPgIdleHow).name("pid", &pid, fact).name(
        "application",
        application,
        of,
    );
    let command = pinned(case, "pg_terminate_backend", "idle in transaction", &pid)?;
    Some(Terms { how: Some(how), command: Some(command), ..Terms::default() })
}

/// A statement about one session, pinned by its PID, its start and its state: a PID alone can be
/// another's by the time somebody types it.
fn pinned(case: &Case<'_>, function: &str, state: &str, pid: &str) -> Option<String> {
    let ending = format!(" backend {pid}");
    let mut starts = case.evidence.all(FactKey::PgBackendStarted).rev();
    let started = starts.find(|fact| fact.object.ends_with(&ending))?;
    let Value::Text(started) = &started.value else { return None };
    Some(format!(
        "SELECT {function}(pid) FROM pg_stat_activity WHERE pid = {pid} \
         AND backend_start = '{started}' AND state LIKE '{state}%';"
    ))
}

/// The fact about the finding's table.
fn of_table<'a>(case: &Case<'a>, finding: &Finding, key: FactKey) -> Option<&'a Fact> {
    case.evidence.find(key, &finding.object)
}

fn index(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (ddl, _) = named(case, finding, "index")?;
    let size = of_table(case, finding, FactKey::PgTableBytes)?;
    let writes = of_table(case, finding, FactKey::PgTableWrites)?;
    let how = Sentence::new(Code::RepairPgIndexHow)
        .name("table", table_name(&finding.object), size)
        .figure("size", &case.bytes(size)?)
        .figure("writes", &case.count(Expr::value(writes))?);
    let effect = Sentence::new(Code::RepairPgIndexEffect)
        .figure("kept", printed(finding, "kept")?)
        .figure("rows", printed(finding, "rows")?);
    let command = format!(
        "SET lock_timeout = '2s'; {ddl}; SELECT indexrelid::regclass FROM pg_index \
         WHERE indrelid = '{}'::regclass AND NOT indisvalid;",
        table_name(&finding.object)
    );
    Some(Terms { how: Some(how), command: Some(command), effect: Some(effect), action: None })
}

fn analyze(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let modified = of_table(case, finding, FactKey::PgTableModified)?;
    let table = table_name(&finding.object);
    let how = Sentence::new(Code::RepairPgAnalyzeHow)
        .name("table", table, modified)
        .figure("modified", &case.count(Expr::value(modified))?);
    let command = format!("SET lock_timeout = '2s'; ANALYZE {table};");
    Some(Terms { how: Some(how), command: Some(command), ..Terms::default() })
}

fn vacuum(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let dead = of_table(case, finding, FactKey::PgTableDead)?;
    let table = table_name(&finding.object);
    let how = Sentence::new(Code::RepairPgVacuumHow).name("table", table, dead);
    let command = format!("SET lock_timeout = '2s'; VACUUM (ANALYZE) {table};");
    Some(Terms { how: Some(how), command: Some(command), ..Terms::default() })
}

fn disk(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (wait, fact) = named(case, finding, "wait")?;
    told(Sentence::new(Code::RepairPgDiskHow).name("wait", wait, fact))
}

fn slot(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (slot, fact) = named(case, finding, "slot")?;
    told(Sentence::new(Code::RepairPgSlotHow).name("slot", slot, fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{self, Judgement};
    use crate::repairs;
    use crate::sample::Bed;
    use crate::sample_postgres as sample;
    use crate::thresholds::Thresholds;

    fn offered(cause: &str, bed: Bed) -> Vec<repairs::Offer> {
        let evidence = bed.seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, false);
        let judged = checks::judge(checks::by_name(cause).unwrap(), &case);
        let Judgement::Found(finding) = judged else { panic!("{cause}: {judged:?}") };
        repairs::offers(&case, [&*finding])
    }

    #[test]
    fn a_cancel_is_asked_for_and_pinned_to_the_session_that_was_seen() {
        let offers = offered("F49", Bed::new().with(|bed| sample::locked(bed, "active")));
        let command = offers[0].terms.command.as_deref().unwrap();
        assert_eq!(offers[0].repair.class, Class::Ask);
        assert!(command.contains("pg_cancel_backend(pid)") && command.contains("pid = 815"));
        assert!(command.contains("backend_start = '2026-11-28 03:00:01.5+00'"));
    }

    #[test]
    fn an_index_is_built_beside_live_traffic_and_its_wreck_is_looked_for() {
        let offers = offered("F54", Bed::new().with(sample::scanning));
        let command = offers[0].terms.command.as_deref().unwrap();
        for part in ["lock_timeout", "CREATE INDEX CONCURRENTLY", "NOT indisvalid"] {
            assert!(command.contains(part), "{part}");
        }
    }

    #[test]
    fn nothing_here_runs_by_itself() {
        for repair in repairs::ALL.iter().filter(|one| one.id.starts_with("pg-")) {
            assert_ne!(repair.class, Class::Auto, "{}", repair.id);
        }
    }
}
