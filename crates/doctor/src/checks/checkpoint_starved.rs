//! F39: a reader that stays keeps the write-ahead log from being written back.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::object::{self, Lock};
use crate::evidence::{Fact, FactKey};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::threads::most_frequent;
use crate::words::Code;

/// Frames that are due for a checkpoint, and a read mark below the log's end whose lock one process
/// holds in every look.
pub(super) const CAUSE: Cause = Cause {
    id: "F39",
    slug: "sqlite-checkpoint-starved",
    title: Code::StarvedTitle,
    nature: Nature::Hygiene,
    required: &[
        &[FactKey::SqliteMxFrame],
        &[FactKey::SqliteBackfill],
        &[FactKey::SqliteLockHeldBy],
    ],
    supporting: &[FactKey::SqliteReadMark, FactKey::SqliteWalBytes, FactKey::ProcessCmdline],
    refutes: &[],
    look_alikes: &["F40", "F35"],
    bound: None,
    examine,
};

/// SQLite checkpoints by itself from this many frames on (wal_autocheckpoint), so fewer are normal.
const FRAMES_DUE: f64 = 1_000.0;
/// A reader that is seen less often comes and goes.
const HELD_SHARE_MIN: f64 = 0.95;

/// A reader that stays.
struct Reader<'a> {
    database: &'a str,
    frames: &'a Fact,
    backfilled: &'a Fact,
    lock: &'a Fact,
    mark: &'a Fact,
    pid: &'a str,
}

fn examine(case: &Case<'_>) -> Judgement {
    let logs: Vec<(&Fact, &Fact, f64)> = logs(case);
    let Some((frames, backfilled, due)) = logs.iter().max_by(|a, b| a.2.total_cmp(&b.2)).copied()
    else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let says = |code| {
        Some(
            Sentence::new(code)
                .figure("frames", &case.count(Expr::value(frames))?)
                .figure("backfilled", &case.count(Expr::value(backfilled))?),
        )
    };
    let ruled_out = |code| {
        says(code).map_or_else(|| Judgement::lacking(case, CAUSE.required[0]), Judgement::RuledOut)
    };
    if due < FRAMES_DUE {
        return ruled_out(Code::StarvedNot);
    }
    match reader(case, frames, backfilled) {
        Some(reader) => {
            named(case, &reader).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[2]))
        }
        None => ruled_out(Code::StarvedNoReader),
    }
}

/// Logs with their frames, those written back, and how many are not.
fn logs<'a>(case: &Case<'a>) -> Vec<(&'a Fact, &'a Fact, f64)> {
    case.evidence
        .all(FactKey::SqliteMxFrame)
        .filter_map(|frames| {
            let backfilled = case.evidence.find(FactKey::SqliteBackfill, &frames.object)?;
            let due = frames.value.number()? - backfilled.value.number()?;
            Some((frames, backfilled, due))
        })
        .collect()
}

/// The process that holds a read mark below the end of the log, look after look.
fn reader<'a>(case: &Case<'a>, frames: &'a Fact, backfilled: &'a Fact) -> Option<Reader<'a>> {
    (0..5).find_map(|number| {
        let name = object::lock(&frames.object, Lock::ReadMark(number));
        let mark = case.evidence.find(FactKey::SqliteReadMark, &name)?;
        let lock = case.evidence.find(FactKey::SqliteLockHeldBy, &name)?;
        let pid = most_frequent(lock)?;
        let share = case.share(Expr::count(lock, pid).over(Expr::n(lock)))?;
        let is_behind = mark.value.number()? < frames.value.number()?;
        let stays = share.value >= HELD_SHARE_MIN * 100.0;
        (is_behind && stays).then_some(Reader {
            database: &frames.object,
            frames,
            backfilled,
            lock,
            mark,
            pid,
        })
    })
}

fn named(case: &Case<'_>, reader: &Reader<'_>) -> Option<Judgement> {
    let says = Sentence::new(Code::Starved)
        .name("pid", reader.pid, reader.lock)
        .name("database", reader.database, reader.lock)
        .figure("frames", &case.count(Expr::value(reader.frames))?)
        .figure("backfilled", &case.count(Expr::value(reader.backfilled))?);
    let says = case.command(says, reader.pid.parse().ok()?);
    let looks = Sentence::new(Code::WalReader).name("pid", reader.pid, reader.lock);
    let mark = Sentence::new(Code::StarvedMark)
        .figure("mark", &case.count(Expr::value(reader.mark))?)
        .figure("frames", &case.count(Expr::value(reader.frames))?);
    let held = case.evidence.find(FactKey::SqliteLockHeldMs, &reader.lock.object);
    let held = held.and_then(|fact| case.ms(Expr::value(fact)));
    let size = case.evidence.find(FactKey::SqliteWalBytes, reader.database);
    let size = size.and_then(|fact| case.bytes(fact));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: reader.pid.to_owned(),
        says,
        chain: chain::of([
            chain::looks(case, looks, Expr::count(reader.lock, reader.pid), reader.lock),
            Some(mark),
            held.map(|held| Sentence::new(Code::LockHeldFor).figure("held", &held)),
            size.map(|wal| Sentence::new(Code::WalSmall).figure("wal", &wal)),
        ]),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    #[test]
    fn a_reader_that_stays_below_the_end_of_the_log_is_found_by_its_pid() {
        let bed =
            Bed::new().with(|bed| beds::log(bed, 2413, 12)).with(|bed| beds::reader(bed, 12, 64));
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "51");
    }

    #[test]
    fn a_log_that_nobody_reads_is_ruled_out_because_nothing_starves_it() {
        let bed =
            Bed::new().with(|bed| beds::log(bed, 2413, 0)).with(|bed| beds::reader(bed, 12, 0));
        assert_ruled_out(judge(&CAUSE, bed), Code::StarvedNoReader);
    }

    #[test]
    fn readers_that_come_and_go_are_ruled_out() {
        let bed =
            Bed::new().with(|bed| beds::log(bed, 2413, 12)).with(|bed| beds::reader(bed, 12, 40));
        assert_ruled_out(judge(&CAUSE, bed), Code::StarvedNoReader);
    }

    #[test]
    fn a_reader_at_the_end_of_the_log_is_ruled_out() {
        let bed =
            Bed::new().with(|bed| beds::log(bed, 2413, 12)).with(|bed| beds::reader(bed, 2413, 64));
        assert_ruled_out(judge(&CAUSE, bed), Code::StarvedNoReader);
    }

    #[test]
    fn a_log_that_is_not_due_is_ruled_out_beside_any_reader() {
        let bed =
            Bed::new().with(|bed| beds::log(bed, 40, 0)).with(|bed| beds::reader(bed, 12, 64));
        assert_ruled_out(judge(&CAUSE, bed), Code::StarvedNot);
    }
}
