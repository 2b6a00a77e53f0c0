//! F20: a CPU quota of the server's cgroup holds it back.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// The cgroup was throttled for most of the request, by the kernel's own count.
pub(super) const CAUSE: Cause = Cause {
    id: "F20",
    slug: "cpu-quota-throttles-server",
    title: Code::QuotaTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::CgroupThrottledNs],
        &[FactKey::CgroupThrottledPeriods],
        &[FactKey::CgroupPeriods],
    ],
    supporting: &[FactKey::CgroupQuotaCores, FactKey::CgroupPath, FactKey::HostCpuBusyShare],
    refutes: &[],
    look_alikes: &["F19", "F14", "F21"],
    bound: None,
    examine,
};

/// Throttling of a process during one request.
struct Held<'a> {
    throttled_ns: &'a Fact,
    throttled: &'a Fact,
    periods: &'a Fact,
    share: Figure,
}

/// What the cgroup of the server went through during a symptom's request.
fn held<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<Held<'a>> {
    let (pid, _) = case.server()?;
    let process = symptom
        .windows()
        .iter()
        .map(|window| object::process_during(pid, window))
        .find(|process| case.evidence.find(FactKey::CgroupThrottledNs, process).is_some())?;
    let find = |key| case.evidence.find(key, &process);
    let throttled_ns = find(FactKey::CgroupThrottledNs)?;
    let window = find(FactKey::ProcessWindowNs)?;
    // Throttled time is counted for each CPU, so it can exceed the window.
    let share = Expr::value(throttled_ns).over(Expr::value(window)).at_most(Expr::Constant(1.0));
    Some(Held {
        throttled_ns,
        throttled: find(FactKey::CgroupThrottledPeriods)?,
        periods: find(FactKey::CgroupPeriods)?,
        share: case.share(share)?,
    })
}

fn examine(case: &Case<'_>) -> Judgement {
    let seen: Vec<_> =
        case.slow().filter_map(|symptom| Some((symptom, held(case, symptom)?))).collect();
    let held_back: Vec<_> = seen
        .iter()
        .filter_map(|(symptom, held)| {
            // Every throttled period is a coincidence of its own, counted by the kernel.
            let periods = held.throttled.value.number().unwrap_or(0.0) as usize;
            Some((*symptom, held, Grade::of(held.share.value, periods)?))
        })
        .collect();
    let judged = match (held_back.first(), seen.first()) {
        (Some((symptom, held, grade)), _) => {
            let explains = held_back.iter().map(|(symptom, ..)| symptom.object.clone()).collect();
            name(case, symptom, held, (*grade, explains))
        }
        (None, Some((_, held))) => why_not(case, held).map(Judgement::RuledOut),
        (None, None) => None,
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn why_not(case: &Case<'_>, held: &Held<'_>) -> Option<Sentence> {
    let periods = case.count(Expr::value(held.periods))?;
    if periods.value < 1.0 {
        return Some(Sentence::new(Code::QuotaNone).figure("periods", &periods));
    }
    Some(
        Sentence::new(Code::QuotaNotThrottled)
            .figure("throttled", &case.count(Expr::value(held.throttled))?)
            .figure("periods", &periods)
            .figure("share", &held.share),
    )
}

fn name(
    case: &Case<'_>,
    symptom: &Symptom,
    held: &Held<'_>,
    (grade, explains): (Grade, Vec<String>),
) -> Option<Judgement> {
    let (pid, _) = case.server()?;
    let path = case.evidence.find(FactKey::CgroupPath, &object::process(pid))?;
    let Value::Text(cgroup) = &path.value else { return None };
    let says = Sentence::new(Code::Quota)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("cgroup", cgroup, path)
        .name("pid", pid.to_string(), path)
        .figure("share", &held.share)
        .figure("throttled", &case.count(Expr::value(held.throttled))?)
        .figure("periods", &case.count(Expr::value(held.periods))?)
        .cite(held.throttled_ns);
    let quota = case.evidence.find(FactKey::CgroupQuotaCores, &object::process(pid));
    let quota = quota.and_then(|fact| {
        let cores = Figure::of(Expr::value(fact), crate::figure::Unit::Plain, case.evidence)?;
        Some(Sentence::new(Code::QuotaCores).figure("cores", &cores))
    });
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([quota]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: cgroup.clone(),
        says,
        chain: links,
        explains,
        share: Some(held.share.clone()),
        grade,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn quota(throttled: i64, periods: i64) -> Bed {
        let during = "4100 during /report";
        Bed::new()
            .with(|bed| sample::contended_loop(bed, 60, 2940))
            .fact(FactKey::CgroupPath, "4100", "/cpu/app")
            .fact(FactKey::CgroupQuotaCores, "4100", 0.02)
            .fact(FactKey::CgroupThrottledNs, during, throttled * 98_000_000)
            .fact(FactKey::CgroupThrottledPeriods, during, throttled)
            .fact(FactKey::CgroupPeriods, during, periods)
            .fact(FactKey::ProcessWindowNs, during, 3_000_000_000_i64)
    }

    #[test]
    fn a_server_throttled_in_nearly_every_period_is_found_by_its_cgroup() {
        let finding = assert_found(judge(&CAUSE, quota(30, 31)));
        assert_eq!((finding.object.as_str(), finding.grade), ("/cpu/app", Grade::Proven));
    }

    #[test]
    fn a_neighbour_that_takes_the_cpu_throttles_nobody_and_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, quota(0, 0)), Code::QuotaNone);
        assert_ruled_out(judge(&CAUSE, quota(1, 30)), Code::QuotaNotThrottled);
    }
}
