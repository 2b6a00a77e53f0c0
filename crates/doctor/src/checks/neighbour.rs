//! F19: another process takes the CPU the server needs.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// The working thread stands ready without a CPU for longer than it computes, nothing throttles
/// it, and other processes use at least half a core.
pub(super) const CAUSE: Cause = Cause {
    id: "F19",
    slug: "cpu-taken-by-neighbour",
    title: Code::NeighbourTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ThreadRunQueueNs],
        &[FactKey::HostNeighbourCpu],
    ],
    supporting: &[FactKey::HostPsiCpu, FactKey::CgroupThrottledNs, FactKey::ProcessRunnable],
    refutes: &[throttled, own_threads],
    look_alikes: &["F20", "F14", "F76"],
    bound: None,
    examine,
};

/// From how many cores on the neighbours count as taking the CPU.
const CORES_MIN: f64 = 0.5;

/// The server's own quota holds it back: then the neighbour is not the cause.
fn throttled(case: &Case<'_>) -> Option<Sentence> {
    case.evidence.all(FactKey::CgroupThrottledNs).find_map(|fact| {
        let window = case.evidence.find(FactKey::ProcessWindowNs, &fact.object)?;
        let share = case.percent(Expr::value(fact), Expr::value(window))?;
        (share.value >= 20.0).then(|| Sentence::new(Code::Throttled).figure("share", &share))
    })
}

/// More of the server's own threads are ready than there are CPUs: they wait for one another.
fn own_threads(case: &Case<'_>) -> Option<Sentence> {
    let (symptom, view) = case.workers().into_iter().next()?;
    let runnable = symptom.windows().into_iter().find_map(|window| {
        let process = object::process_during(view.pid, &window);
        case.evidence.find(FactKey::ProcessRunnable, &process)
    })?;
    let cpus = case.evidence.any(FactKey::HostCpus)?;
    let threads = case.count(Expr::median(runnable))?;
    (threads.value > cpus.value.number()?).then(|| {
        let cpus = case.count(Expr::value(cpus))?;
        Some(
            Sentence::new(Code::NeighbourOwnThreads)
                .figure("threads", &threads)
                .figure("cpus", &cpus),
        )
    })?
}

/// The cores that all other processes used together: what was busy on the machine less what the
/// server used, or, where that was not measured, the sum over the greatest few.
fn others(case: &Case<'_>, symptom: &Symptom, pid: u32) -> Option<Figure> {
    let of_server = symptom.windows().into_iter().find_map(|window| {
        let process = object::process_during(pid, &window);
        let used = case.evidence.find(FactKey::ProcessOnCpuNs, &process)?;
        let whole = case.evidence.find(FactKey::ProcessWindowNs, &process)?;
        Some(Expr::value(used).over(Expr::value(whole)))
    });
    let busy =
        case.evidence.any(FactKey::HostCpuBusyShare).zip(case.evidence.any(FactKey::HostCpus));
    let together = match (busy, of_server) {
        (Some((share, cpus)), Some(server)) => {
            Expr::value(share).times(Expr::Constant(0.01)).times(Expr::value(cpus)).less(server)
        }
        _ => Expr::sum(case.evidence.all(FactKey::HostNeighbourCpu).map(Expr::value)),
    };
    Figure::of(together, Unit::Plain, case.evidence)
}

fn greatest<'a>(case: &Case<'a>) -> Option<(&'a Fact, f64)> {
    case.evidence
        .all(FactKey::HostNeighbourCpu)
        .filter_map(|fact| Some((fact, fact.value.number()?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((symptom, view)) =
        case.workers().into_iter().next().or_else(|| case.loops().into_iter().next())
    else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let share = view.run_queue_expr().and_then(|share| case.share(share));
    let Some(share) = share else { return Judgement::lacking(case, CAUSE.required[1]) };
    let name = chain::thread_name(&view);
    let Some(grade) = Grade::of(share.value, 0) else {
        let quiet = Sentence::new(Code::NeighbourQuiet).name("thread", name, view.waits);
        return Judgement::RuledOut(quiet.figure("share", &share));
    };
    let figure = others(case, symptom, view.pid);
    let (Some((fact, _)), Some(figure)) = (greatest(case), figure) else {
        return Judgement::lacking(case, CAUSE.required[2]);
    };
    if figure.value < CORES_MIN {
        return Judgement::RuledOut(Sentence::new(Code::NeighbourNone).figure("cores", &figure));
    }
    let (Some(time), Some(timed)) = (case.time(symptom), timed_fact(case, symptom)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let pid = object::parse_process(&fact.object).unwrap_or_default();
    let says = Sentence::new(Code::Neighbour)
        .name("path", &symptom.path, timed)
        .figure("time", &time)
        .name("thread", name, view.waits)
        .figure("share", &share)
        .name("pid", &fact.object, fact)
        .figure("cores", &figure);
    let who = case.command(Sentence::new(Code::ProcessIs).name("pid", &fact.object, fact), pid);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says,
        chain: chain::of([
            chain::timing(case, &symptom.object),
            chain::thread_run_queue(case, &view),
            chain::thread_cpu(case, &view),
            Some(who),
        ]),
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_starved_thread_beside_a_busy_neighbour_names_it() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::starved_loop)));
        assert_eq!(finding.object, "777");
    }

    #[test]
    fn threads_of_one_server_that_compete_are_no_neighbours() {
        let bed = Bed::new().with(sample::starved_loop).samples(
            FactKey::ProcessRunnable,
            "4100 during /report",
            &[38.0, 41.0, 22.0],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::NeighbourOwnThreads);
    }

    #[test]
    fn a_thread_that_gets_its_cpu_has_no_bad_neighbour() {
        let bed =
            Bed::new().with(sample::computing_loop).fact(FactKey::HostNeighbourCpu, "777", 0.9);
        assert_ruled_out(judge(&CAUSE, bed), Code::NeighbourQuiet);
    }
}
