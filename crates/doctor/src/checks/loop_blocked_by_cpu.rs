//! F14: the event loop is blocked by computing.

use super::loop_blocked_by_wait::{is_loop, no_loop, timed_fact};
use super::{
    Cause, Finding, Grade, Judgement, Nature, chain, descriptors, gc_pauses, hashing, measurer_slow,
};
use crate::budget::Component;
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, Wait};
use crate::words::Code;

/// The loop's thread is on a CPU for most of the window, by its own CPU time.
pub(super) const CAUSE: Cause = Cause {
    id: "F14",
    slug: "event-loop-blocked-by-cpu",
    title: Code::LoopCpuTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::ThreadOnCpuNs], &[FactKey::ThreadWindowNs]],
    supporting: &[FactKey::PythonLines, FactKey::PythonSourceText, FactKey::RoomAcceptQueue],
    refutes: &[
        measurer_slow::refutes_computing,
        hashes_instead,
        gc_pauses::collects_instead,
        descriptors::accepts_in_vain,
        waits_elsewhere,
    ],
    look_alikes: &["F13", "F18", "F19", "F20"],
    bound: None,
    examine,
};

fn hashes_instead(case: &Case<'_>) -> Option<Sentence> {
    let (_, view) = case.loops().into_iter().next()?;
    let (line, fact) = hashing::hash_line(&view)?;
    let computes = view.share(Wait::Running) > 0.5;
    computes.then(|| Sentence::new(Code::LoopHashes).name("line", line, fact))
}

/// Where a request can wait while the loop only serves others.
const ELSEWHERE: [Component; 6] = [
    Component::DbLock,
    Component::DbWork,
    Component::PoolWait,
    Component::Disk,
    Component::Upstream,
    Component::Sleep,
];

/// The request itself waited for something else most of its time: then a busy loop is not what it
/// waited for.
fn waits_elsewhere(case: &Case<'_>) -> Option<Sentence> {
    let (symptom, view) = case.loops().into_iter().next()?;
    let rows = case.budget(symptom)?.rows.iter();
    let row = rows
        .filter(|row| ELSEWHERE.contains(&row.component) && row.share.value >= 60.0)
        .max_by(|a, b| a.share.value.total_cmp(&b.share.value))?;
    Some(
        Sentence::new(Code::LoopWaitsElsewhere)
            .name("path", &symptom.path, timed_fact(case, symptom)?)
            .figure("share", &row.share)
            .word("where", row.component.word())
            .cite(view.waits),
    )
}

fn examine(case: &Case<'_>) -> Judgement {
    let loops = case.loops();
    let Some((first_symptom, first)) = loops.first() else {
        return match case.any_watched().and_then(|view| no_loop(&view)) {
            Some(says) => Judgement::RuledOut(says),
            None => Judgement::lacking(case, CAUSE.required[1]),
        };
    };
    let computing: Vec<_> = loops
        .iter()
        .filter_map(|(symptom, view)| {
            let share = computed_share(case, symptom, view)?;
            let cpu = chain::cpu_of_request(case, symptom, view)?;
            let queued = view.run_queue().unwrap_or(0.0) * 100.0;
            let proof = chain::control_blocked(case, symptom);
            let grade = Grade::of(share.value, proof)
                .or_else(|| Grade::of_computing(case, &share, cpu.value, queued))?;
            Some((*symptom, view, grade, share))
        })
        .collect();
    let Some((symptom, view, grade, share)) = computing.first() else {
        return match why_not(case, first_symptom, first) {
            Some(says) => Judgement::RuledOut(says),
            None => Judgement::lacking(case, CAUSE.required[1]),
        };
    };
    let Some(says) = verdict(case, symptom, view, share) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: view.line().map_or_else(|| chain::thread_name(view), |(line, _)| line.to_owned()),
        says,
        chain: links(case, symptom, view),
        explains: computing.iter().map(|(symptom, ..)| symptom.object.clone()).collect(),
        share: Some(share.clone()),
        grade: *grade,
    })
}

fn computed_share(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Figure> {
    case.share(view.on_cpu_expr()?.times(case.inside_share(symptom)))
}

fn verdict(
    case: &Case<'_>,
    symptom: &Symptom,
    view: &ThreadView<'_>,
    share: &Figure,
) -> Option<Sentence> {
    let time = case.time(symptom)?;
    let timed = timed_fact(case, symptom)?;
    let code = if view.line().is_some() { Code::LoopCpuLine } else { Code::LoopCpu };
    let mut says = Sentence::new(code)
        .name("path", &symptom.path, timed)
        .figure("time", &time)
        .name("thread", chain::thread_name(view), view.waits)
        .figure("share", share);
    if let Some((line, fact)) = view.line() {
        says = says.name("line", line, fact);
    }
    Some(says)
}

fn links(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Vec<Sentence> {
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([
        chain::thread_cpu(case, view),
        chain::thread_run_queue(case, view),
        chain::cpu_alone(case, symptom, view),
        chain::thread_idle(view),
    ]));
    links.extend(chain::source_line(case, view));
    links.extend(chain::of([
        is_loop(view),
        chain::control(case, symptom),
        chain::others(case, symptom),
    ]));
    links
}

fn why_not(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Sentence> {
    let share = computed_share(case, symptom, view)
        .or_else(|| case.share(view.on_cpu_expr().unwrap_or(Expr::Constant(0.0))))?;
    Some(
        Sentence::new(Code::LoopIdleCpu)
            .name("thread", chain::thread_name(view), view.waits)
            .figure("share", &share),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_busy_loop_is_named_with_its_line() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::computing_loop)));
        assert_eq!(finding.object, "/srv/app/app.py:55 report");
    }

    #[test]
    fn beside_a_neighbour_it_is_named_when_its_cpu_time_alone_misses_the_target() {
        let bed = Bed::new().with(|bed| sample::contended_loop(bed, 2_700, 2_300));
        let finding = assert_found(judge(&CAUSE, bed));
        assert!(finding.chain.iter().any(|link| link.code == Code::CpuAlone));
        let bed = Bed::new().with(|bed| sample::contended_loop(bed, 1_700, 3_300));
        assert_ruled_out(judge(&CAUSE, bed), Code::LoopIdleCpu);
    }

    #[test]
    fn a_loop_that_serves_others_while_the_request_waits_for_a_lock_is_not_the_cause() {
        let bed = Bed::new()
            .with(sample::foreign_lock)
            .fact(FactKey::ThreadOnCpuNs, "4100/4100 during /login", 1_600_000_000)
            .fact(FactKey::ThreadRunQueueNs, "4100/4100 during /login", 3_400_000_000_i64)
            .fact(FactKey::ThreadWindowNs, "4100/4100 during /login", 5_100_000_000_i64);
        let bed = sample::thread(bed, 4100, "/login", "epoll_wait", &[("running", 40)]);
        assert_ruled_out(judge(&CAUSE, bed), Code::LoopWaitsElsewhere);
    }

    #[test]
    fn a_sleeping_loop_computes_nothing() {
        let judged = judge(&CAUSE, Bed::new().with(sample::blocked_loop));
        assert_ruled_out(judged, Code::LoopIdleCpu);
    }

    #[test]
    fn a_loop_starved_by_a_neighbour_computes_too_little() {
        let judged = judge(&CAUSE, Bed::new().with(sample::starved_loop));
        assert_ruled_out(judged, Code::LoopIdleCpu);
    }

    #[test]
    fn hashing_on_the_loop_belongs_to_hashing() {
        let judged = judge(&CAUSE, Bed::new().with(sample::hashing_loop));
        assert_ruled_out(judged, Code::LoopHashes);
    }
}
