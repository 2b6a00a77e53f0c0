//! F21: the hypervisor takes this machine's CPU.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{FactKey, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::words::Code;

/// A tenth of the CPU time is stolen, and the working thread stands ready without a CPU.
pub(super) const CAUSE: Cause = Cause {
    id: "F21",
    slug: "cpu-stolen-by-hypervisor",
    title: Code::StealTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::HostStealShare],
        &[FactKey::ThreadRunQueueNs],
    ],
    supporting: &[FactKey::HostPsiCpu],
    refutes: &[],
    look_alikes: &["F19", "F20", "F76"],
    bound: None,
    examine,
};

/// Below this share of all CPU time steal is the ordinary noise of shared machines, in percent.
const STEAL_PERCENT_MIN: f64 = 10.0;

fn examine(case: &Case<'_>) -> Judgement {
    judged(case).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[2]))
}

fn judged(case: &Case<'_>) -> Option<Judgement> {
    let fact = case.evidence.find(FactKey::HostStealShare, object::HOST)?;
    let steal = Figure::of(Expr::value(fact), Unit::Percent, case.evidence)?;
    if steal.value < STEAL_PERCENT_MIN {
        return Some(Judgement::RuledOut(Sentence::new(Code::StealLow).figure("steal", &steal)));
    }
    let (symptom, view) = case.workers().into_iter().next()?;
    let share = case.share(view.run_queue_expr()?.times(case.inside_share(symptom)))?;
    let thread = chain::thread_name(&view);
    let Some(grade) = Grade::of(share.value, 0) else {
        let says = Sentence::new(Code::StealNotQueued).name("thread", thread, view.waits);
        return Some(Judgement::RuledOut(says.figure("share", &share)));
    };
    let says = Sentence::new(Code::Steal)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("thread", thread, view.waits)
        .figure("share", &share)
        .figure("steal", &steal);
    let links = [chain::timing(case, &symptom.object), chain::thread_run_queue(case, &view)];
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: object::HOST.to_owned(),
        says,
        chain: chain::of(links),
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn stolen(percent: f64) -> Bed {
        Bed::new().with(sample::starved_loop).fact(FactKey::HostStealShare, "host", percent)
    }

    #[test]
    fn a_starved_thread_on_a_machine_that_loses_a_third_of_its_cpu_is_found() {
        assert_eq!(assert_found(judge(&CAUSE, stolen(34.0))).object, "host");
    }

    #[test]
    fn one_percent_of_steal_is_nothing_and_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, stolen(1.1)), Code::StealLow);
    }

    #[test]
    fn a_thread_that_gets_its_cpu_is_ruled_out() {
        let bed =
            Bed::new().with(sample::computing_loop).fact(FactKey::HostStealShare, "host", 20.0);
        assert_ruled_out(judge(&CAUSE, bed), Code::StealNotQueued);
    }
}
