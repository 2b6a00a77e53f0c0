//! F32: the disk is slow to make writes durable.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, Wait};
use crate::words::Code;

/// A thread of the request stands in fsync or another call on a file, in state D.
pub(super) const CAUSE: Cause = Cause {
    id: "F32",
    slug: "disk-slow-to-sync",
    title: Code::DiskTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
        &[FactKey::ThreadStates],
    ],
    supporting: &[FactKey::FsyncMs, FactKey::ThreadWaitsOn, FactKey::HostPsiIo],
    refutes: &[],
    look_alikes: &["F07", "F33", "F35", "F24"],
    bound: None,
    examine,
};

/// Our own fsync above this says that the disk itself is slow, in milliseconds.
const FSYNC_SLOW_MS: f64 = 50.0;
/// A file lock or a cached read is no disk: the thread must stand in state D for this share of
/// its looks on the file.
const D_SHARE_MIN: f64 = 0.5;

fn examine(case: &Case<'_>) -> Judgement {
    let waiting = case.slow().find_map(|symptom| {
        case.threads(symptom).into_iter().find_map(|view| {
            let waited = view.share_expr(Wait::File).times(case.inside_share(symptom));
            let share = case.share(waited)?;
            Grade::of(share.value, 0)?;
            let states = view.fact(FactKey::ThreadStates)?;
            let slept = Expr::count(states, "D").over(Expr::n(states)).evaluate(case.evidence)?;
            (slept >= view.share(Wait::File) * D_SHARE_MIN).then_some((symptom, view, share))
        })
    });
    let judged = match waiting {
        Some((symptom, view, share)) => name(case, (symptom, &view), share),
        None => why_not(case).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn why_not(case: &Case<'_>) -> Option<Sentence> {
    match case.workers().first() {
        Some((_, view)) => {
            let files = view.labels(Wait::File);
            let looks = Expr::sum(files.iter().map(|(label, _)| Expr::count(view.waits, label)));
            let name = chain::thread_name(view);
            let says = Sentence::new(Code::DiskNotWaited).name("thread", name, view.waits);
            chain::looks(case, says, looks, view.waits)
        }
        None => Some(Sentence::new(Code::DiskNobody).cite(case.any_watched()?.waits)),
    }
}

/// Our own fsync beside the file, and whether it was slow as well.
fn own_fsync<'a>(case: &Case<'a>, file: &str) -> Option<(&'a Fact, bool)> {
    let beside = |fact: &&Fact| {
        std::path::Path::new(file.trim_start_matches("file "))
            .parent()
            .is_some_and(|directory| directory.to_string_lossy() == fact.object)
    };
    let fact = case.evidence.all(FactKey::FsyncMs).find(beside)?;
    Some((fact, fact.value.number()? >= FSYNC_SLOW_MS))
}

fn name(
    case: &Case<'_>,
    (symptom, view): (&Symptom, &ThreadView<'_>),
    share: Figure,
) -> Option<Judgement> {
    let (call, _) = *view.labels(Wait::File).first()?;
    let (file, waits) = view.waits_on()?;
    let states = view.fact(FactKey::ThreadStates)?;
    let own = own_fsync(case, file);
    // A second, independent look at the same disk is worth as much as two coincidences.
    let grade = Grade::of(share.value, if own.is_some_and(|(_, slow)| slow) { 2 } else { 0 })?;
    let says = Sentence::new(Code::Disk)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("thread", chain::thread_name(view), view.waits)
        .name("call", call, view.waits)
        .name("file", file, waits)
        .figure("share", &share);
    let slept =
        chain::looks(case, Sentence::new(Code::DiskState), Expr::count(states, "D"), states);
    let own = own.and_then(|(fact, slow)| {
        let code = if slow { Code::DiskOwnSlow } else { Code::DiskOwnFast };
        Some(
            Sentence::new(code)
                .name("directory", &fact.object, fact)
                .figure("time", &case.ms(Expr::median(fact))?)
                .figure("n", &case.count(Expr::n(fact))?),
        )
    });
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([chain::thread_wait(case, view), slept, own]));
    links.extend(chain::source_line(case, view));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: file.trim_start_matches("file ").to_owned(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn syncing(state: &str, fsync_ms: f64) -> Bed {
        let during = "4100/4107 during /save";
        let bed = sample::held(Bed::new().with(sample::server), "/save", [0, 0, 0, 64, 0], 2600.0);
        sample::thread(bed, 4107, "/save", "futex", &[("fsync", 62), ("running", 2)])
            .counts(FactKey::ThreadStates, during, &[(state, 62), ("R", 2)])
            .counts(FactKey::ThreadWaitsOn, during, &[("file /srv/data/a.db", 62)])
            .samples(FactKey::FsyncMs, "/srv/data", &[fsync_ms; 3])
    }

    #[test]
    fn a_thread_in_fsync_on_a_slow_disk_is_found_by_its_file() {
        let finding = assert_found(judge(&CAUSE, syncing("D", 510.0)));
        assert_eq!((finding.object.as_str(), finding.grade), ("/srv/data/a.db", Grade::Proven));
    }

    #[test]
    fn a_disk_that_is_fast_for_us_is_found_as_the_servers_own_limit() {
        let finding = assert_found(judge(&CAUSE, syncing("D", 1.0)));
        assert_eq!(finding.grade, Grade::Observed);
        assert!(finding.chain.iter().any(|link| link.code == Code::DiskOwnFast));
    }

    #[test]
    fn a_thread_that_waits_for_a_lock_sleeps_in_state_s_and_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, syncing("S", 1.0)), Code::DiskNotWaited);
        let judged = judge(
            &CAUSE,
            Bed::new().with(sample::foreign_lock).counts(
                FactKey::ThreadStates,
                "4100/4107 during /login",
                &[("S", 64)],
            ),
        );
        assert_ruled_out(judged, Code::DiskNotWaited);
    }
}
