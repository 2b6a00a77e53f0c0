//! F17: one slow request holds up a worker that serves one request at a time.

use super::loop_blocked_by_wait::{sync_expr, timed_fact};
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// The server has no event loop, its thread stands in a wait of its own, and a request sent
/// meanwhile on a new connection waits as long.
pub(super) const CAUSE: Cause = Cause {
    id: "F17",
    slug: "slow-request-holds-sync-worker",
    title: Code::SyncTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
        &[FactKey::HeldControlMs],
    ],
    supporting: &[
        FactKey::HeldControlAcceptQueue,
        FactKey::FrameworkWorkers,
        FactKey::ThreadWaitsOn,
        FactKey::PythonLines,
    ],
    refutes: &[has_a_loop],
    look_alikes: &["F13", "F15", "F64"],
    bound: None,
    examine,
};

fn has_a_loop(case: &Case<'_>) -> Option<Sentence> {
    let (_, view) = case.loops().into_iter().next()?;
    let fact = view.loop_fact()?;
    Some(Sentence::new(Code::SyncLoop).name("thread", chain::thread_name(&view), fact))
}

fn examine(case: &Case<'_>) -> Judgement {
    let held_up: Vec<_> = case
        .workers()
        .into_iter()
        .filter_map(|(symptom, view)| {
            let share = case.share(sync_expr(&view).times(case.inside_share(symptom)))?;
            let behind = chain::control_blocked(case, symptom);
            let grade = Grade::of(share.value, behind).filter(|_| behind > 0)?;
            Some((symptom, view, share, grade))
        })
        .collect();
    let judged = match held_up.first() {
        Some((symptom, view, share, grade)) => {
            let explains = held_up.iter().map(|(symptom, ..)| symptom.object.clone()).collect();
            name(case, (symptom, view), (share, *grade), explains)
        }
        None => why_not(case).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[2]))
}

/// The control request of a held one: its path and its times.
fn control<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<(&'a Fact, &'a Fact)> {
    let find = |key| {
        [&symptom.object, &symptom.path].into_iter().find_map(|one| case.evidence.find(key, one))
    };
    Some((find(FactKey::HeldControlPath)?, find(FactKey::HeldControlMs)?))
}

fn name(
    case: &Case<'_>,
    (symptom, view): (&Symptom, &ThreadView<'_>),
    (share, grade): (&Figure, Grade),
    explains: Vec<String>,
) -> Option<Judgement> {
    let (call, _, _) = view.sync_wait()?;
    let (path, times) = control(case, symptom)?;
    let Value::Text(control) = &path.value else { return None };
    let says = Sentence::new(Code::Sync)
        .name("pid", view.pid.to_string(), view.waits)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("thread", chain::thread_name(view), view.waits)
        .name("call", call, view.waits)
        .figure("share", share)
        .name("control", control, path)
        .figure("waited", &case.ms(Expr::median(times))?);
    let peer =
        view.waits_on().map(|(peer, fact)| Sentence::new(Code::SyncOn).name("peer", peer, fact));
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([chain::thread_wait(case, view), chain::thread_idle(view), peer]));
    links.extend(chain::source_line(case, view));
    links.extend(chain::of([chain::control(case, symptom), workers(case, view.pid)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: view.pid.to_string(),
        says,
        chain: links,
        explains,
        share: Some(share.clone()),
        grade,
    }))
}

fn workers(case: &Case<'_>, pid: u32) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::FrameworkWorkers, &object::process(pid))?;
    let count = case.count(Expr::value(fact)).filter(|count| count.value < 1.5)?;
    Some(Sentence::new(Code::SyncWorkers).figure("count", &count))
}

fn why_not(case: &Case<'_>) -> Option<Sentence> {
    let free = case.slow().find_map(|symptom| {
        let (path, times) = control(case, symptom)?;
        let Value::Text(control) = &path.value else { return None };
        (chain::control_blocked(case, symptom) == 0).then_some((path, times, control))
    });
    if let Some((path, times, control)) = free {
        let says = Sentence::new(Code::SyncFree).name("control", control, path);
        let says = says.figure("median", &case.ms(Expr::median(times))?);
        return Some(says.name("path", &path.object, path));
    }
    Some(Sentence::new(Code::SyncIdle).cite(case.any_watched()?.waits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn waiting(control_ms: f64) -> Bed {
        let bed =
            sample::held(Bed::new().with(sample::server), "/report", [0, 0, 0, 64, 0], 3010.0);
        sample::thread(bed, 4100, "/report", "select", &[("recvfrom", 63), ("running", 1)])
            .counts(FactKey::ThreadWaitsOn, "4100/4100 during /report", &[("tcp 192.0.2.7:80", 63)])
            .fact(FactKey::FrameworkWorkers, "4100", 1)
            .fact(FactKey::HeldControlPath, "/report", "/health")
            .samples(FactKey::HeldControlMs, "/report", &[control_ms, control_ms])
    }

    #[test]
    fn a_worker_that_lets_others_wait_is_found_by_its_pid() {
        let finding = assert_found(judge(&CAUSE, waiting(2860.0)));
        assert_eq!((finding.object.as_str(), finding.grade), ("4100", Grade::Proven));
        assert!(finding.chain.iter().any(|link| link.code == Code::SyncOn));
    }

    #[test]
    fn a_second_worker_that_takes_the_next_request_rules_it_out() {
        assert_ruled_out(judge(&CAUSE, waiting(4.0)), Code::SyncFree);
    }

    #[test]
    fn an_event_loop_that_waits_is_ruled_out_here() {
        let bed = Bed::new()
            .with(sample::blocked_loop)
            .fact(FactKey::HeldControlPath, "/api/auth/csrf", "/static")
            .samples(FactKey::HeldControlMs, "/api/auth/csrf", &[2870.0]);
        assert_ruled_out(judge(&CAUSE, bed), Code::SyncLoop);
    }
}
