//! F37: a rollback journal lets one long reader keep every writer back.

use super::foreign_writer_lock::lock_links;
use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::Figure;
use crate::locks::{self, HeldLock};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// A rollback database whose SHARED lock another process holds while a thread of the server waits
/// as SQLite's busy handler does.
pub(super) const CAUSE: Cause = Cause {
    id: "F37",
    slug: "sqlite-rollback-journal-reader",
    title: Code::NoWalTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::SqliteJournalMode],
        &[FactKey::SqliteLockHeldBy],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
    ],
    supporting: &[FactKey::SqliteLockHeldMs, FactKey::SqliteReleaseToResponseMs],
    refutes: &[],
    look_alikes: &["F35", "F36", "F13"],
    bound: None,
    examine,
};

/// The reader that keeps a writer of the server back, and who waits for it.
pub(super) struct KeptBack<'c, 'a> {
    pub symptom: &'c Symptom,
    pub reader: HeldLock<'a>,
    pub view: ThreadView<'a>,
    pub mode: &'a Fact,
    pub share: Figure,
}

/// Whether a slow endpoint waits because another process reads a rollback database.
pub(super) fn kept_back<'c, 'a>(case: &'c Case<'a>) -> Option<KeptBack<'c, 'a>> {
    let (server, _) = case.server()?;
    let reader = locks::reader(case.evidence, server)?;
    let mode = case.evidence.find(FactKey::SqliteJournalMode, &reader.database)?;
    if case.evidence.text(FactKey::SqliteJournalMode, &reader.database) != Some("rollback") {
        return None;
    }
    case.slow().find_map(|symptom| {
        let view = case
            .threads(symptom)
            .into_iter()
            .find(|view| locks::wait_for(view, &reader).is_some())?;
        let waits = locks::wait_for(&view, &reader)?.at_most(reader.share_expr());
        let share = case.share(waits.times(case.inside_share(symptom)))?;
        Some(KeptBack { symptom, reader: reader.clone(), view, mode, share })
    })
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some(kept) = kept_back(case) else { return not_kept_back(case) };
    let coincidences = kept.reader.releases().map_or(0, locks::coincidences);
    let Some(grade) = Grade::of(kept.share.value, coincidences) else {
        return not_kept_back(case);
    };
    named(case, &kept, grade).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn named(case: &Case<'_>, kept: &KeptBack<'_, '_>, grade: Grade) -> Option<Judgement> {
    let reader = &kept.reader;
    let says = Sentence::new(Code::NoWal)
        .name("path", &kept.symptom.path, timed_fact(case, kept.symptom)?)
        .figure("time", &case.time(kept.symptom)?)
        .name("database", &reader.database, kept.mode)
        .name("pid", reader.holder.to_string(), reader.fact)
        .figure("share", &case.share(reader.share_expr())?)
        .cite(kept.view.waits);
    let says = case.command(says, reader.holder);
    let mut links = chain::of([chain::timing(case, &kept.symptom.object)]);
    links.extend(chain::rooms(case, kept.symptom));
    links.extend(lock_links(case, reader));
    links.extend(chain::of([chain::thread_wait(case, &kept.view)]));
    links.extend(chain::source_line(case, &kept.view));
    links.extend(chain::of([chain::control(case, kept.symptom)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: reader.holder.to_string(),
        says,
        chain: links,
        explains: vec![kept.symptom.object.clone()],
        share: Some(kept.share.clone()),
        grade,
    }))
}

/// In WAL mode readers keep nobody back; with a rollback journal nobody was.
fn not_kept_back(case: &Case<'_>) -> Judgement {
    let modes: Vec<&Fact> = case.evidence.all(FactKey::SqliteJournalMode).collect();
    let is_wal =
        |fact: &&Fact| case.evidence.text(FactKey::SqliteJournalMode, &fact.object) == Some("wal");
    let rollback = modes.iter().find(|fact| !is_wal(fact));
    let says = match (rollback, modes.first()) {
        (Some(fact), _) => {
            Sentence::new(Code::NoWalNobodyWaits).name("database", &fact.object, fact)
        }
        (None, Some(fact)) => Sentence::new(Code::NoWalIsWal).name("database", &fact.object, fact),
        (None, None) => return Judgement::lacking(case, CAUSE.required[1]),
    };
    Judgement::RuledOut(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, beds, judge};

    #[test]
    fn a_reader_that_keeps_a_writer_back_is_found_by_its_pid() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(beds::kept_back_by_a_reader)));
        assert_eq!((finding.object.as_str(), finding.explains.len()), ("51", 1));
    }

    #[test]
    fn a_foreign_writer_of_a_wal_database_is_ruled_out() {
        let bed = Bed::new().with(sample::foreign_lock).fact(
            FactKey::SqliteJournalMode,
            "/srv/app/a.db",
            "wal",
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::NoWalIsWal);
    }

    #[test]
    fn a_rollback_journal_that_nobody_waits_for_is_ruled_out() {
        let bed = Bed::new().with(sample::blocked_loop).with(sample::small_database).fact(
            FactKey::SqliteJournalMode,
            "/srv/app/dev.db",
            "rollback",
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::NoWalNobodyWaits);
    }
}
