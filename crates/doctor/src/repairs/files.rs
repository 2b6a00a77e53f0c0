//! What a person is asked or told about SQLite as a file.

use super::advice::{advice, named, told};
use super::port::Action;
use super::protocol::with_name;
use super::{Class, Repair, Terms};
use crate::case::Case;
use crate::checks::Finding;
use crate::sentence::Sentence;
use crate::words::Code;

pub(super) const READER: Repair = advice(
    "end-reader",
    &["F39"],
    (Code::RepairReader, Code::RiskKill, Code::UndoRestart),
    Class::Tell,
    reader,
);
pub(super) const WAL: Repair = advice(
    "switch-to-wal",
    &["F37"],
    (Code::RepairWal, Code::RiskWal, Code::UndoWal),
    Class::Ask,
    wal,
);
pub(super) const IMMEDIATE: Repair = advice(
    "begin-immediate",
    &["F38"],
    (Code::RepairImmediate, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    |case, finding| with_name(case, finding, ("path", "path"), Code::RepairImmediateHow),
);
pub(super) const WRITABLE: Repair = advice(
    "make-writable",
    &["F44"],
    (Code::RepairWritable, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    |_, _| told(Sentence::new(Code::RepairWritableHow)),
);
pub(super) const DAMAGE: Repair = advice(
    "recover-into-a-new-file",
    &["F45"],
    (Code::RepairDamage, Code::RiskNone, Code::UndoBackup),
    Class::Tell,
    |case, finding| with_name(case, finding, ("database", "database"), Code::RepairDamageHow),
);
pub(super) const ONE_COMMIT: Repair = advice(
    "commit-once",
    &["F46"],
    (Code::RepairOneCommit, Code::RiskCode, Code::UndoCode),
    Class::Ask,
    |_, _| told(Sentence::new(Code::RepairOneCommitHow)),
);
pub(super) const REOPEN: Repair = advice(
    "reopen-database",
    &["F47"],
    (Code::RepairReopen, Code::RiskKill, Code::UndoNever),
    Class::Tell,
    |case, finding| with_name(case, finding, ("database", "database"), Code::RepairReopenHow),
);

fn reader(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (pid, fact) = named(case, finding, "pid")?;
    let how = Sentence::new(Code::RepairReaderHow).name("pid", &pid, fact);
    told(case.command(how, pid.parse().ok()?))
}

fn wal(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (database, _) = named(case, finding, "database")?;
    let command =
        format!("sqlite3 '{database}' '.backup {database}.bak' 'PRAGMA journal_mode=WAL;'");
    let how = Some(Sentence::new(Code::RepairWalHow));
    let action = Some(Action::SwitchToWal { database });
    Some(Terms { how, command: Some(command), action, ..Terms::default() })
}
