//! F76: the measuring machine itself is slow, so what was measured is not judged.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{FactKey, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::words::Code;

/// Our own timers fire late by a quarter or more of the time that is to be judged.
pub(super) const CAUSE: Cause = Cause {
    id: "F76",
    slug: "measuring-machine-slow",
    title: Code::MeasurerTitle,
    nature: Nature::Measurement,
    required: &[&[FactKey::DoctorTimerLateMs]],
    supporting: &[FactKey::DoctorRunQueueNs, FactKey::HostPsiCpu],
    refutes: &[],
    look_alikes: &["F19", "F14"],
    bound: None,
    examine,
};

/// From which share of the symptom's time on our own lateness forbids a judgement, in percent.
const SHARE_PERCENT_MIN: f64 = 25.0;

/// The doctor's lateness as a share of the worst symptom's time.
fn lateness(case: &Case<'_>) -> Option<(Figure, Figure)> {
    let fact = case.evidence.find(FactKey::DoctorTimerLateMs, object::DOCTOR)?;
    let late = case.ms(Expr::p95(fact))?;
    let symptom = case.slow().next()?;
    let time = crate::budget::total_expr(case.evidence, symptom)?;
    Some((late, case.percent(Expr::p95(fact), time)?))
}

/// Evidence against every cause that rests on computing: this machine computes too late itself.
pub(super) fn refutes_computing(case: &Case<'_>) -> Option<Sentence> {
    let (late, share) = lateness(case)?;
    (share.value >= SHARE_PERCENT_MIN)
        .then(|| Sentence::new(Code::MeasurerQuiet).figure("late", &late))
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some(fact) = case.evidence.find(FactKey::DoctorTimerLateMs, object::DOCTOR) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Some(late) = case.ms(Expr::p95(fact)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let quiet = Sentence::new(Code::MeasurerQuiet).figure("late", &late);
    let Some((_, share)) = lateness(case) else { return Judgement::RuledOut(quiet) };
    if share.value < SHARE_PERCENT_MIN {
        return Judgement::RuledOut(quiet);
    }
    let Some((symptom, timed)) =
        case.slow().next().and_then(|symptom| Some((symptom, timed_fact(case, symptom)?)))
    else {
        return Judgement::RuledOut(quiet);
    };
    let says = Sentence::new(Code::Measurer).figure("late", &late).figure("share", &share).name(
        "path",
        &symptom.path,
        timed,
    );
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: object::HOST.to_owned(),
        says,
        chain: chain::of([own_queue(case)]),
        explains: Vec::new(),
        share: Some(share),
        grade: Grade::Proven,
    })
}

fn own_queue(case: &Case<'_>) -> Option<Sentence> {
    let queued = case.evidence.find(FactKey::DoctorRunQueueNs, object::DOCTOR)?;
    let on_cpu = case.evidence.find(FactKey::DoctorOnCpuNs, object::DOCTOR)?;
    let whole = Expr::value(queued).plus(Expr::value(on_cpu));
    let share = case.percent(Expr::value(queued), whole)?;
    Some(Sentence::new(Code::MeasurerQueue).figure("share", &share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn late_timers_forbid_a_judgement() {
        let bed = sample::held(Bed::new(), "/a", [0, 0, 0, 64, 0], 3000.0).samples(
            FactKey::DoctorTimerLateMs,
            "doctor",
            &[1200.0; 40],
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "host");
    }

    #[test]
    fn a_quiet_machine_may_judge() {
        let judged = judge(&CAUSE, Bed::new().with(sample::blocked_loop));
        assert_ruled_out(judged, Code::MeasurerQuiet);
    }
}
