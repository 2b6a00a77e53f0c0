//! F13: the event loop is blocked by a synchronous wait.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure};
use crate::locks;
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, Wait};
use crate::words::Code;

/// The loop's thread stands in a sleep, a lock, a file or a socket in place of epoll.
pub(super) const CAUSE: Cause = Cause {
    id: "F13",
    slug: "event-loop-blocked-by-wait",
    title: Code::LoopWaitTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::ThreadSyscalls, FactKey::ThreadWchans]],
    supporting: &[
        FactKey::RoomAcceptQueue,
        FactKey::PythonLines,
        FactKey::PythonSourceText,
        FactKey::ThreadReleaseToResponseMs,
    ],
    refutes: &[waits_for_a_lock],
    look_alikes: &["F14", "F15", "F17", "F35", "F19"],
    bound: None,
    examine,
};

/// The loop's wait is SQLite's busy handler under a lock: then the lock is the cause.
fn waits_for_a_lock(case: &Case<'_>) -> Option<Sentence> {
    let (_, view) = case.loops().into_iter().next()?;
    let lock = locks::held(case.evidence)
        .into_iter()
        .find(|lock| lock.share() >= 0.6 && locks::wait_for(&view, lock).is_some())?;
    let pid = lock.holder.to_string();
    let share = case.share(lock.share_expr())?;
    Some(
        Sentence::new(Code::LoopWaitsForLock)
            .name("pid", pid, lock.fact)
            .figure("share", &share)
            .cite(view.waits),
    )
}

fn examine(case: &Case<'_>) -> Judgement {
    let loops = case.loops();
    if loops.is_empty() {
        return match case.any_watched().and_then(|view| no_loop(&view)) {
            Some(says) => Judgement::RuledOut(says),
            None => Judgement::lacking(case, CAUSE.required[1]),
        };
    }
    let blocked: Vec<_> = loops
        .iter()
        .filter_map(|(symptom, view)| {
            let share = blocked_share(case, symptom, view)?;
            let grade = Grade::of(share.value, coincidences(case, symptom, view))?;
            Some((*symptom, view, share, grade))
        })
        .collect();
    let Some((symptom, view, share, grade)) = blocked.first() else {
        return loops
            .first()
            .and_then(|(_, view)| why_not(case, view))
            .map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut);
    };
    let Some(says) = verdict(case, symptom, view, share) else {
        return Judgement::lacking(case, &[FactKey::HeldRequestMs]);
    };
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: view.line().map_or_else(|| chain::thread_name(view), |(line, _)| line.to_owned()),
        says,
        chain: links(case, symptom, view),
        explains: blocked.iter().map(|(symptom, ..)| symptom.object.clone()).collect(),
        share: Some(share.clone()),
        grade: *grade,
    })
}

/// Looks in any synchronous wait, over all looks, times the share spent at the server.
fn blocked_share(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Figure> {
    case.share(sync_expr(view).times(case.inside_share(symptom)))
}

/// The share of looks in any synchronous wait.
pub(super) fn sync_expr(view: &ThreadView<'_>) -> Expr {
    const SYNC: [Wait; 7] = [
        Wait::Sleep,
        Wait::Futex,
        Wait::Network,
        Wait::File,
        Wait::FileLock,
        Wait::Child,
        Wait::Other,
    ];
    Expr::sum(SYNC.map(|class| view.share_expr(class)))
}

/// Answers that came with the end of the wait, and control requests that hung with the held one.
fn coincidences(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> usize {
    let released = view.fact(FactKey::ThreadReleaseToResponseMs).map_or(0, locks::coincidences);
    released.max(chain::control_blocked(case, symptom))
}

fn verdict(
    case: &Case<'_>,
    symptom: &Symptom,
    view: &ThreadView<'_>,
    share: &Figure,
) -> Option<Sentence> {
    let time = case.time(symptom)?;
    let (call, _, _) = view.sync_wait()?;
    let code = if view.line().is_some() { Code::LoopWaitLine } else { Code::LoopWait };
    let timed = timed_fact(case, symptom)?;
    let mut says = Sentence::new(code)
        .name("path", &symptom.path, timed)
        .figure("time", &time)
        .name("thread", chain::thread_name(view), view.waits)
        .name("call", call, view.waits)
        .figure("share", share);
    if let Some((line, fact)) = view.line() {
        says = says.name("line", line, fact);
    }
    Some(says)
}

/// The fact a symptom's time is taken from.
pub(super) fn timed_fact<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<&'a Fact> {
    let find = |key, object: &str| case.evidence.find(key, object);
    find(FactKey::HeldRequestMs, &symptom.object)
        .or_else(|| find(FactKey::HeldRequestMs, &symptom.path))
        .or_else(|| find(FactKey::HttpTotalMs, &symptom.object))
}

fn links(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Vec<Sentence> {
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([
        chain::thread_wait(case, view),
        chain::thread_idle(view),
        chain::thread_cpu(case, view),
    ]));
    links.extend(chain::source_line(case, view));
    links.extend(chain::of([
        is_loop(view),
        chain::control(case, symptom),
        coincidence(case, view),
        chain::others(case, symptom),
    ]));
    links
}

/// The link that says that the thread runs the event loop.
pub(super) fn is_loop(view: &ThreadView<'_>) -> Option<Sentence> {
    let fact = view.loop_fact()?;
    Some(Sentence::new(Code::ThreadIsLoop).name("thread", chain::thread_name(view), fact))
}

fn coincidence(case: &Case<'_>, view: &ThreadView<'_>) -> Option<Sentence> {
    let fact = view.fact(FactKey::ThreadReleaseToResponseMs)?;
    if locks::coincidences(fact) < 2 {
        return None;
    }
    let n = case.count(Expr::n(fact))?;
    let ms = case.ms(Expr::median(fact))?;
    Some(Sentence::new(Code::Coincidence).figure("ms", &ms).figure("n", &n))
}

pub(super) fn no_loop(view: &ThreadView<'_>) -> Option<Sentence> {
    Some(Sentence::new(Code::NoLoop).name("pid", view.pid.to_string(), view.waits))
}

fn why_not(case: &Case<'_>, view: &ThreadView<'_>) -> Option<Sentence> {
    let name = chain::thread_name(view);
    if view.share(Wait::Running) > view.share(Wait::Parked) {
        let computed = view.on_cpu_expr().unwrap_or_else(|| view.share_expr(Wait::Running));
        let share = case.share(computed)?;
        return Some(
            Sentence::new(Code::LoopComputed)
                .name("thread", name, view.waits)
                .figure("share", &share),
        );
    }
    let parked = Expr::sum(
        view.labels(Wait::Parked).iter().map(|(label, _)| Expr::count(view.waits, label)),
    );
    chain::looks(
        case,
        Sentence::new(Code::LoopParked).name("thread", name, view.waits),
        parked,
        view.waits,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_sleep_on_the_loop_is_named_with_its_line() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::blocked_loop)));
        assert_eq!(finding.object, "/srv/app/app.py:42 slow");
        assert_eq!(finding.explains, ["/api/auth/csrf"]);
        assert_eq!(finding.grade, Grade::Observed);
    }

    #[test]
    fn two_coincidences_prove_it() {
        let bed = Bed::new().with(sample::blocked_loop).samples(
            FactKey::ThreadReleaseToResponseMs,
            "4100/4100 during /api/auth/csrf",
            &[22.0, 31.0],
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).grade, Grade::Proven);
    }

    #[test]
    fn control_requests_that_hang_with_it_prove_it() {
        let path = "/api/auth/csrf";
        let bed = Bed::new()
            .with(sample::blocked_loop)
            .fact(FactKey::HeldControlPath, path, "/static")
            .samples(FactKey::HeldControlMs, path, &[2870.0, 2868.0]);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.grade, Grade::Proven);
        assert!(finding.chain.iter().any(|link| link.code == Code::ControlBlocked));
    }

    #[test]
    fn a_handler_that_awaits_leaves_the_loop_parked() {
        let judged = judge(&CAUSE, Bed::new().with(sample::awaiting_handler));
        assert_ruled_out(judged, Code::LoopParked);
    }

    #[test]
    fn a_wait_in_a_pool_thread_leaves_the_loop_parked() {
        let judged = judge(&CAUSE, Bed::new().with(sample::foreign_lock));
        assert_ruled_out(judged, Code::LoopParked);
    }

    #[test]
    fn a_computing_loop_is_not_a_waiting_one() {
        let judged = judge(&CAUSE, Bed::new().with(sample::computing_loop));
        assert_ruled_out(judged, Code::LoopComputed);
    }

    #[test]
    fn a_loop_that_waits_for_a_foreign_lock_is_not_the_cause() {
        let judged = judge(&CAUSE, Bed::new().with(sample::foreign_lock_on_the_loop));
        assert_ruled_out(judged, Code::LoopWaitsForLock);
    }

    #[test]
    fn without_a_slow_endpoint_there_is_nothing_to_explain() {
        let bed = Bed::new().with(sample::server).with(|bed| sample::fast(bed, "/health"));
        assert_ruled_out(judge(&CAUSE, bed), Code::NothingSlow);
    }

    #[test]
    fn without_the_right_to_see_threads_it_cannot_tell() {
        let bed = sample::held(Bed::new(), "/a", [0, 64, 0, 0, 0], 3000.0).missing(
            FactKey::ThreadSyscalls,
            "4100",
            "another user's process",
        );
        let Judgement::CannotTell(gaps) = judge(&CAUSE, bed) else { panic!("it told") };
        assert_eq!(gaps[0].reason, "another user's process");
    }
}
