//! F78: the linked SQLite library can corrupt a WAL database.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// Library 3.7.0 to 3.51.2 (3.50.7 and 3.44.6 fixed), WAL mode, two or more connections.
pub(super) const CAUSE: Cause = Cause {
    id: "F78",
    slug: "sqlite-wal-reset-hazard",
    title: Code::WalResetTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::SqliteLibraryVersion], &[FactKey::SqliteJournalMode]],
    supporting: &[FactKey::SqliteConnections],
    refutes: &[],
    look_alikes: &[],
    bound: None,
    examine,
};

/// Whether a version has the WAL-reset fault (sqlite.org, release 3.51.3).
pub(crate) fn is_affected(version: &str) -> Option<bool> {
    let mut parts = version.trim().split('.').map(str::parse::<u32>);
    let major = parts.next()?.ok()?;
    let minor = parts.next()?.ok()?;
    let patch = parts.next().and_then(Result::ok).unwrap_or(0);
    let fixed = match (major, minor) {
        (3, 44) => patch >= 6,
        (3, 50) => patch >= 7,
        (3, 51) => patch >= 3,
        (3, minor) => !(7..=51).contains(&minor),
        _ => true,
    };
    Some(!fixed)
}

fn examine(case: &Case<'_>) -> Judgement {
    let wal = case.evidence.all(FactKey::SqliteJournalMode).find(|fact| is_text(fact, "wal"));
    let Some(wal) = wal else {
        return match case.evidence.any(FactKey::SqliteJournalMode) {
            Some(fact) => Judgement::RuledOut(Sentence::new(Code::WalResetNotWal).name(
                "database",
                &fact.object,
                fact,
            )),
            None => Judgement::lacking(case, CAUSE.required[1]),
        };
    };
    let versions: Vec<(&Fact, &str)> = case
        .evidence
        .all(FactKey::SqliteLibraryVersion)
        .filter_map(|fact| match &fact.value {
            Value::Text(version) => Some((fact, version.as_str())),
            _ => None,
        })
        .collect();
    let Some((fact, version)) =
        versions.iter().find(|(_, version)| is_affected(version) == Some(true))
    else {
        return versions.first().map_or_else(
            || Judgement::lacking(case, CAUSE.required[0]),
            |(fact, version)| {
                Judgement::RuledOut(
                    Sentence::new(Code::WalResetFixed).name("version", *version, fact),
                )
            },
        );
    };
    let Some(open) = case.evidence.find(FactKey::SqliteConnections, &wal.object) else {
        return Judgement::lacking(case, &[FactKey::SqliteConnections]);
    };
    let Some(connections) = case.count(Expr::value(open)) else {
        return Judgement::lacking(case, &[FactKey::SqliteConnections]);
    };
    if connections.value < 2.0 {
        return Judgement::RuledOut(
            Sentence::new(Code::WalResetOne)
                .name("database", &wal.object, wal)
                .figure("connections", &connections),
        );
    }
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says: Sentence::new(Code::WalReset)
            .name("pid", &fact.object, fact)
            .name("version", *version, fact)
            .name("database", &wal.object, wal)
            .figure("connections", &connections),
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    })
}

fn is_text(fact: &Fact, text: &str) -> bool {
    matches!(&fact.value, Value::Text(value) if value == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};

    fn bed(version: &str, mode: &str, connections: i64) -> Bed {
        Bed::new()
            .fact(FactKey::SqliteLibraryVersion, "4100", version)
            .fact(FactKey::SqliteJournalMode, "/a.db", mode)
            .fact(FactKey::SqliteConnections, "/a.db", connections)
    }

    #[test]
    fn debians_library_on_a_wal_database_is_a_hazard() {
        let finding = assert_found(judge(&CAUSE, bed("3.40.1", "wal", 2)));
        assert!(finding.is_hygiene());
    }

    #[test]
    fn a_fixed_library_one_connection_or_no_wal_are_innocent() {
        assert_ruled_out(judge(&CAUSE, bed("3.51.3", "wal", 4)), Code::WalResetFixed);
        assert_ruled_out(judge(&CAUSE, bed("3.40.1", "wal", 1)), Code::WalResetOne);
        assert_ruled_out(judge(&CAUSE, bed("3.40.1", "rollback", 4)), Code::WalResetNotWal);
    }

    #[test]
    fn the_affected_versions_are_those_the_project_lists() {
        for affected in ["3.7.0", "3.40.1", "3.44.5", "3.50.6", "3.51.2", "3.46"] {
            assert_eq!(is_affected(affected), Some(true), "{affected}");
        }
        for fixed in ["3.6.23", "3.44.6", "3.50.7", "3.51.3", "3.54.1"] {
            assert_eq!(is_affected(fixed), Some(false), "{fixed}");
        }
        assert_eq!(is_affected("unknown"), None);
    }
}
