//! F24: memory is short, and the server waits for pages to be read back.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// A thread blocked outside any system call, in state D, with page faults that needed the disk,
/// under a cgroup at its limit or a machine whose tasks stand still for memory.
pub(super) const CAUSE: Cause = Cause {
    id: "F24",
    slug: "memory-pressure",
    title: Code::PressureTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ProcessMajorFaults],
        &[FactKey::CgroupMemoryFailures, FactKey::HostPsiMemory],
    ],
    supporting: &[FactKey::ThreadSyscalls, FactKey::ThreadStates, FactKey::HostSwapIn],
    refutes: &[],
    look_alikes: &["F32", "F25", "F26"],
    bound: None,
    examine,
};

/// The label of a thread that is blocked in no system call: in a page fault.
pub(super) const OUTSIDE: &str = "outside";
/// Fewer page faults that need the disk are the first touch of a file.
const FAULTS_MIN: f64 = 50.0;
/// From this share of the examination on, tasks that stand still for memory count, in percent.
const PSI_PERCENT_MIN: f64 = 10.0;

fn faults<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<&'a Fact> {
    let (pid, _) = case.server()?;
    symptom.windows().iter().find_map(|window| {
        case.evidence.find(FactKey::ProcessMajorFaults, &object::process_during(pid, window))
    })
}

fn examine(case: &Case<'_>) -> Judgement {
    let faulting = case.slow().find_map(|symptom| {
        let faults = faults(case, symptom)?;
        (faults.value.number()? >= FAULTS_MIN).then_some((symptom, faults))
    });
    let Some((symptom, faults)) = faulting else {
        let few = case.slow().find_map(|symptom| faults(case, symptom));
        return few.and_then(|fact| case.count(Expr::value(fact))).map_or_else(
            || Judgement::lacking(case, CAUSE.required[1]),
            |count| {
                let says = Sentence::new(Code::PressureNone).figure("faults", &count);
                Judgement::RuledOut(says)
            },
        );
    };
    let views = case.threads(symptom);
    let waiting = views.iter().find_map(|view| {
        let outside = Expr::count(view.waits, OUTSIDE).over(Expr::n(view.waits));
        let share = case.share(outside.times(case.inside_share(symptom)))?;
        Some((view, Grade::of(share.value, 0)?, share))
    });
    let judged = match waiting {
        Some((view, grade, share)) => name(case, (symptom, view), faults, (share, grade)),
        None => not_waited(case, &views).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[2]))
}

fn not_waited(case: &Case<'_>, views: &[ThreadView<'_>]) -> Option<Sentence> {
    let view = crate::threads::working(views).or(views.first())?;
    let says = Sentence::new(Code::PressureNotWaited);
    let says = says.name("thread", chain::thread_name(view), view.waits);
    chain::looks(case, says, Expr::count(view.waits, OUTSIDE), view.waits)
}

fn name(
    case: &Case<'_>,
    (symptom, view): (&Symptom, &ThreadView<'_>),
    faults: &Fact,
    (share, grade): (Figure, Grade),
) -> Option<Judgement> {
    let (pid, _) = case.server()?;
    // Without one of the two nothing says that memory is short.
    let short = limit(case, pid).or_else(|| host(case))?;
    let says = Sentence::new(Code::Pressure)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("thread", chain::thread_name(view), view.waits)
        .figure("share", &share)
        .figure("faults", &case.count(Expr::value(faults))?);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([Some(short), swap(case)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: pid.to_string(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

/// The limit of the server's cgroup, where it was hit during the examination.
fn limit(case: &Case<'_>, pid: u32) -> Option<Sentence> {
    let find = |key| case.evidence.find(key, &object::process(pid));
    let hits = case.count(Expr::value(find(FactKey::CgroupMemoryFailures)?))?;
    if hits.value < 1.0 {
        return None;
    }
    Some(
        Sentence::new(Code::PressureLimit)
            .figure("usage", &case.bytes(find(FactKey::CgroupMemoryUsage)?)?)
            .figure("limit", &case.bytes(find(FactKey::CgroupMemoryLimit)?)?)
            .figure("hits", &hits),
    )
}

fn host(case: &Case<'_>) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::HostPsiMemory, object::HOST)?;
    let psi = Figure::of(Expr::value(fact), Unit::Percent, case.evidence)?;
    (psi.value >= PSI_PERCENT_MIN).then(|| Sentence::new(Code::PressureHost).figure("psi", &psi))
}

/// Swapping is only spoken of where there is swap.
fn swap(case: &Case<'_>) -> Option<Sentence> {
    let total = case.evidence.find(FactKey::HostSwapTotal, object::HOST)?;
    let swapped = case.evidence.find(FactKey::HostSwapIn, object::HOST)?;
    let pages = case.count(Expr::value(swapped)).filter(|pages| pages.value >= 1.0)?;
    let size = case.bytes(total).filter(|size| size.value > 0.0)?;
    Some(Sentence::new(Code::PressureSwap).figure("pages", &pages).figure("swap", &size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn faulting(faults: i64, outside: u64) -> Bed {
        let bed = sample::held(Bed::new().with(sample::server), "/read", [0, 0, 0, 64, 0], 3000.0);
        let calls = [("outside", outside), ("running", 64 - outside)];
        sample::thread(bed, 4100, "/read", "epoll_wait", &calls)
            .counts(FactKey::ThreadStates, "4100/4100 during /read", &[("D", 60), ("R", 4)])
            .fact(FactKey::ProcessMajorFaults, "4100 during /read", faults)
            .fact(FactKey::CgroupMemoryFailures, "4100", 118)
            .fact(FactKey::CgroupMemoryUsage, "4100", 62_000_000)
            .fact(FactKey::CgroupMemoryLimit, "4100", 62_914_560)
    }

    #[test]
    fn a_thread_that_waits_for_its_pages_below_a_limit_is_found() {
        assert_eq!(assert_found(judge(&CAUSE, faulting(4_000, 60))).object, "4100");
    }

    #[test]
    fn the_first_touch_of_a_file_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, faulting(12, 2)), Code::PressureNone);
    }

    #[test]
    fn faults_of_a_thread_that_computes_are_ruled_out() {
        assert_ruled_out(judge(&CAUSE, faulting(400, 3)), Code::PressureNotWaited);
    }
}
