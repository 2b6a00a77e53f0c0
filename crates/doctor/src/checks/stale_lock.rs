//! F80: a lock or PID file whose owner is gone.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Figure;
use crate::sentence::Sentence;
use crate::words::Code;

/// The PID in the file belongs to nobody, to another program, or to a process that is younger
/// than the file. A kernel lock on it means that its owner lives.
pub(super) const CAUSE: Cause = Cause {
    id: "F80",
    slug: "stale-lock-file",
    title: Code::StaleLockTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::LockFilePid, FactKey::LockFilesSought]],
    supporting: &[
        FactKey::LockFileAlive,
        FactKey::LockFileExe,
        FactKey::LockFileStartedAt,
        FactKey::LockFileHeld,
    ],
    refutes: &[],
    look_alikes: &["F79", "F02"],
    bound: None,
    examine,
};

/// A process cannot have written the file if it started this much later, in milliseconds.
const YOUNGER_MS: i64 = 2_000;

fn examine(case: &Case<'_>) -> Judgement {
    let files: Vec<&Fact> = case.evidence.all(FactKey::LockFilePid).collect();
    if let Some((file, says)) =
        files.iter().find_map(|file| stale(case, file).map(|says| (file, says)))
    {
        return Judgement::found(Finding {
            cause: CAUSE.id,
            object: file.object.clone(),
            says,
            chain: Vec::new(),
            explains: Vec::new(),
            share: None,
            grade: Grade::Proven,
        });
    }
    if let (None, Some(says)) = (files.first(), none_there(case)) {
        return Judgement::RuledOut(says);
    }
    files
        .first()
        .and_then(|file| alive(case, file))
        .map_or_else(|| Judgement::lacking(case, &[FactKey::LockFileAlive]), Judgement::RuledOut)
}

/// The directories were searched and hold no such file.
fn none_there(case: &Case<'_>) -> Option<Sentence> {
    let fact = case.evidence.any(FactKey::LockFilesSought)?;
    match &fact.value {
        Value::List(directories) if !directories.is_empty() => {
            let names = directories.join(", ");
            Some(Sentence::new(Code::NoLockFiles).name("directories", names, fact))
        }
        _ => None,
    }
}

fn stale(case: &Case<'_>, file: &Fact) -> Option<Sentence> {
    let object = &file.object;
    if case.evidence.flag(FactKey::LockFileHeld, object) == Some(true) {
        return None;
    }
    let pid = case.pid(file)?;
    let named = |code| Sentence::new(code).name("file", object, file).figure("pid", &pid);
    let alive = case.evidence.find(FactKey::LockFileAlive, object)?;
    if alive.value == Value::Bool(false) {
        return Some(named(Code::StaleLockDead).cite(alive));
    }
    other_program(case, file, &pid).or_else(|| {
        let started = case.evidence.find(FactKey::LockFileStartedAt, object)?;
        let written = case.evidence.find(FactKey::LockFileModifiedAt, object)?;
        let (Value::Int(start), Value::Int(write)) = (&started.value, &written.value) else {
            return None;
        };
        (*start > *write + YOUNGER_MS)
            .then(|| named(Code::StaleLockReused).cite(started).cite(written))
    })
}

/// The process of that PID runs another executable than the server does.
fn other_program(case: &Case<'_>, file: &Fact, pid: &Figure) -> Option<Sentence> {
    let exe = case.evidence.find(FactKey::LockFileExe, &file.object)?;
    let Value::Text(path) = &exe.value else { return None };
    let (server, _) = case.server()?;
    let own = case.evidence.text(FactKey::ProcessExe, &server.to_string())?;
    (path != own).then(|| {
        Sentence::new(Code::StaleLockOther)
            .name("file", &file.object, file)
            .figure("pid", pid)
            .name("exe", path, exe)
    })
}

fn alive(case: &Case<'_>, file: &Fact) -> Option<Sentence> {
    if case.evidence.flag(FactKey::LockFileHeld, &file.object) == Some(true) {
        let held = case.evidence.find(FactKey::LockFileHeld, &file.object)?;
        return Some(Sentence::new(Code::LockHeld).name("file", &file.object, held));
    }
    let fact = case.evidence.find(FactKey::LockFileAlive, &file.object)?;
    Some(
        Sentence::new(Code::LockAlive)
            .name("file", &file.object, file)
            .figure("pid", &case.pid(file)?)
            .cite(fact),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn file() -> Bed {
        Bed::new().fact(FactKey::LockFilePid, "/run/app.pid", 700)
    }

    #[test]
    fn a_file_whose_process_is_gone_is_stale() {
        let bed = file().fact(FactKey::LockFileAlive, "/run/app.pid", false);
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "/run/app.pid");
    }

    #[test]
    fn a_reused_number_is_stale() {
        let bed = file()
            .fact(FactKey::LockFileAlive, "/run/app.pid", true)
            .fact(FactKey::LockFileStartedAt, "/run/app.pid", 9_000_000_i64)
            .fact(FactKey::LockFileModifiedAt, "/run/app.pid", 1_000_000_i64);
        assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, Code::StaleLockReused);
    }

    #[test]
    fn a_living_owner_is_not_stale() {
        let bed = file()
            .fact(FactKey::LockFileAlive, "/run/app.pid", true)
            .fact(FactKey::LockFileStartedAt, "/run/app.pid", 1_000_000_i64)
            .fact(FactKey::LockFileModifiedAt, "/run/app.pid", 1_000_400_i64);
        assert_ruled_out(judge(&CAUSE, bed), Code::LockAlive);
    }

    #[test]
    fn a_search_without_a_file_rules_it_out() {
        let bed = Bed::new().list(FactKey::LockFilesSought, "target", &["/srv/app"]);
        assert_ruled_out(judge(&CAUSE, bed), Code::NoLockFiles);
    }

    #[test]
    fn a_kernel_lock_shows_a_living_owner() {
        let bed = file().fact(FactKey::LockFileAlive, "/run/app.pid", false).fact(
            FactKey::LockFileHeld,
            "/run/app.pid",
            true,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::LockHeld);
    }
}
