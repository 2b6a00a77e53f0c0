//! F47: the server works on a file that is no longer at its path, or that lies on a network.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::sentence::Sentence;
use crate::words::Code;

/// Another inode at the path than the one that is open; or a filesystem without reliable locks.
pub(super) const CAUSE: Cause = Cause {
    id: "F47",
    slug: "sqlite-file-replaced",
    title: Code::ReplacedTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::SqliteOpenInode]],
    supporting: &[FactKey::SqlitePathInode, FactKey::SqliteFilesystem],
    refutes: &[],
    look_alikes: &["F45", "F44"],
    bound: None,
    examine,
};

/// Filesystems on which SQLite's locks and shared memory do not hold (howtocorrupt.html, section 2.1).
const NETWORK: &[&str] = &["nfs", "cifs", "smb", "9p", "ceph", "gpfs"];

fn examine(case: &Case<'_>) -> Judgement {
    let open: Vec<&Fact> = case.evidence.all(FactKey::SqliteOpenInode).collect();
    let found = open
        .iter()
        .find_map(|fact| replaced(case, fact))
        .or_else(|| open.iter().find_map(|fact| on_a_network(case, fact)));
    if let Some((fact, says)) = found {
        return Judgement::found(Finding {
            cause: CAUSE.id,
            object: fact.object.clone(),
            says,
            chain: Vec::new(),
            explains: Vec::new(),
            share: None,
            grade: Grade::Proven,
        });
    }
    let same = open.first().and_then(|fact| {
        let path = case.evidence.find(FactKey::SqlitePathInode, &fact.object)?;
        Some(Sentence::new(Code::ReplacedNot).name("database", &fact.object, fact).cite(path))
    });
    same.map_or_else(|| Judgement::lacking(case, CAUSE.required[0]), Judgement::RuledOut)
}

fn replaced<'a>(case: &Case<'_>, fact: &'a Fact) -> Option<(&'a Fact, Sentence)> {
    let open = case.pid(fact)?;
    let says =
        Sentence::new(Code::Replaced).name("database", &fact.object, fact).figure("open", &open);
    match case.evidence.find(FactKey::SqlitePathInode, &fact.object) {
        Some(path) if path.value.number() != fact.value.number() => {
            Some((fact, says.figure("there", &case.pid(path)?)))
        }
        Some(_) => None,
        None => {
            case.evidence.gap(FactKey::SqlitePathInode, &fact.object)?;
            let says = Sentence::new(Code::Removed);
            Some((fact, says.name("database", &fact.object, fact).figure("open", &open)))
        }
    }
}

fn on_a_network<'a>(case: &Case<'_>, fact: &'a Fact) -> Option<(&'a Fact, Sentence)> {
    let lies_on = case.evidence.find(FactKey::SqliteFilesystem, &fact.object)?;
    let kind = case.evidence.text(FactKey::SqliteFilesystem, &fact.object)?;
    let says = Sentence::new(Code::OnNetwork)
        .name("database", &fact.object, lies_on)
        .name("kind", kind, lies_on)
        .cite(fact);
    NETWORK.contains(&kind).then_some((fact, says))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    const DB: &str = "/srv/app/a.db";

    fn bed(there: i64) -> Bed {
        Bed::new()
            .fact(FactKey::SqliteOpenInode, DB, 12)
            .fact(FactKey::SqlitePathInode, DB, there)
            .fact(FactKey::SqliteFilesystem, DB, "overlay")
    }

    #[test]
    fn another_file_at_the_path_is_found() {
        assert_eq!(assert_found(judge(&CAUSE, bed(15))).says.code, Code::Replaced);
    }

    #[test]
    fn a_file_without_a_name_is_found() {
        let bed = Bed::new().fact(FactKey::SqliteOpenInode, DB, 12).missing(
            FactKey::SqlitePathInode,
            DB,
            "No such file or directory",
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, Code::Removed);
    }

    #[test]
    fn a_network_filesystem_is_found() {
        let bed = Bed::new()
            .fact(FactKey::SqliteOpenInode, DB, 12)
            .fact(FactKey::SqlitePathInode, DB, 12)
            .fact(FactKey::SqliteFilesystem, DB, "nfs");
        assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, Code::OnNetwork);
    }

    #[test]
    fn the_same_file_on_a_local_filesystem_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed(12)), Code::ReplacedNot);
    }
}
