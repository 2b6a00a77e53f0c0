//! The time inside the handler, split by the server's own ledger or by what its threads did.

use galen_core::Phase;

use super::{Component, Part};
use crate::evidence::object::{self, Window};
use crate::evidence::{Evidence, FactKey};
use crate::figure::{Expr, Figure};
use crate::locks;
use crate::peers;
use crate::pools::{self, FullPool};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{self, ThreadView, Wait};
use crate::words::Code;

/// The time inside the handler, by the server's own ledger or by what its threads did.
pub(super) fn parts(
    evidence: &Evidence,
    symptom: &Symptom,
    views: &[ThreadView<'_>],
    inside: &Expr,
) -> Vec<Part> {
    let ledger = ledger_parts(evidence, symptom, inside);
    if !ledger.is_empty() {
        return ledger;
    }
    if let Some(pool) = pools::full(views) {
        return pool_parts(evidence, &pool, inside);
    }
    let mut parts = match threads::working(views) {
        Some(view) => thread_parts(evidence, symptom, view, inside),
        None => Vec::new(),
    };
    let explained = Expr::sum(parts.iter().map(|part| part.time.clone()));
    parts.extend(peer_part(evidence, symptom, inside, explained));
    parts
}

/// The time an answer of another was awaited, as far as no thread's wait explains it already: an
/// event loop waits without any thread showing for whom.
fn peer_part(
    evidence: &Evidence,
    symptom: &Symptom,
    inside: &Expr,
    explained: Expr,
) -> Option<Part> {
    let peer = peers::waiting_for(evidence, symptom)?;
    let component = if peer.is_database() { Component::DbWork } else { Component::Upstream };
    let awaited = inside.clone().times(peer.share_expr());
    let note = Sentence::new(Code::PeerUnanswered)
        .name("peer", peer.peer, peer.fact)
        .figure("looks", &Figure::count(Expr::count(peer.fact, peer.peer), evidence)?)
        .figure("n", &Figure::count(Expr::n(peer.fact), evidence)?);
    let time = awaited.at_most(inside.clone().less(explained));
    Some(Part { component, time, note: Some(note) })
}

/// Below this ratio of a burst's median to one request alone its requests were served together.
const BURST_SLOWDOWN_MIN: f64 = 1.4;

/// An endpoint that is slow only in company, while no thread works on it: the whole is the median
/// of a burst, and what it took beyond one request alone was the wait for a permit.
pub(super) fn of_burst(
    evidence: &Evidence,
    symptom: &Symptom,
    views: &[ThreadView<'_>],
) -> Option<(Expr, Vec<Part>)> {
    let burst = evidence.find(FactKey::BurstMs, &symptom.path)?;
    let alone = evidence.find(FactKey::HeldRequestMs, &symptom.path)?;
    let (total, one) = (burst.value.number()?, alone.value.number()?);
    if threads::occupied(views).is_some() || total < one * BURST_SLOWDOWN_MIN {
        return None;
    }
    let figure = |expr| Figure::ms(expr, evidence);
    let note = Sentence::new(Code::LimiterWait)
        .figure("n", &Figure::count(Expr::n(burst), evidence)?)
        .figure("median", &figure(Expr::median(burst))?)
        .figure("alone", &figure(Expr::value(alone))?);
    let waited = Expr::median(burst).less(Expr::value(alone));
    let part = Part { component: Component::PoolWait, time: waited, note: Some(note) };
    Some((Expr::median(burst), vec![part]))
}

/// With a full pool the request waits for a thread of it, or with all of them for a lock.
fn pool_parts(evidence: &Evidence, pool: &FullPool<'_>, inside: &Expr) -> Vec<Part> {
    let locked = pool.views.iter().find_map(|view| lock_share(evidence, view, Wait::Sleep));
    let Some(locked) = locked else {
        return vec![Part::new(Component::PoolWait, inside.clone())];
    };
    let lock = inside.clone().times(locked);
    let note = pool.views.first().and_then(|view| wait_note(evidence, view, Wait::Sleep));
    vec![
        Part { component: Component::DbLock, time: lock.clone(), note },
        Part::new(Component::PoolWait, inside.clone().less(lock)),
    ]
}

/// Where the phases of Galen's own ledger belong.
fn component_of_phase(phase: Phase) -> Component {
    match phase {
        Phase::AcceptQueue => Component::NotAccepted,
        Phase::ExecutorQueue | Phase::Blocked => Component::RunQueue,
        Phase::BodyRead => Component::Unread,
        Phase::Limits | Phase::Cors | Phase::Session | Phase::Csrf => Component::OnCpu,
        Phase::Handler | Phase::Hash => Component::OnCpu,
        Phase::PoolWait | Phase::HashWait => Component::PoolWait,
        Phase::LockWait => Component::DbLock,
        Phase::Query => Component::DbWork,
        Phase::CommitWait => Component::Disk,
        Phase::Outbound => Component::Upstream,
        Phase::Evened => Component::Sleep,
        Phase::Write => Component::Answer,
    }
}

fn ledger_parts(evidence: &Evidence, symptom: &Symptom, inside: &Expr) -> Vec<Part> {
    let route = format!("GET {}", symptom.path);
    let Some(wall) = evidence.find(FactKey::WitnessRouteMs, &route) else { return Vec::new() };
    evidence
        .all(FactKey::WitnessPhaseMs)
        .filter_map(|fact| {
            let (of, name) = object::parse_phase(&fact.object)?;
            let phase = Phase::ALL.into_iter().find(|phase| of == route && phase.name() == name)?;
            let share = Expr::value(fact).over(Expr::median(wall)).at_most(Expr::Constant(1.0));
            Some(Part::new(component_of_phase(phase), inside.clone().times(share)))
        })
        .collect()
}

/// Splits the handler's time by what the working thread did in it.
fn thread_parts(
    evidence: &Evidence,
    symptom: &Symptom,
    view: &ThreadView<'_>,
    inside: &Expr,
) -> Vec<Part> {
    let mut parts = cpu_parts(evidence, symptom, view, inside);
    let cpu: Expr = Expr::sum(parts.iter().map(|part| part.time.clone()));
    let rest = inside.clone().less(cpu);
    let waiting = view.looks_total().saturating_sub(view.looks(Wait::Running));
    if waiting == 0 {
        return parts;
    }
    let running = view.share_expr(Wait::Running);
    let not_running = Expr::Constant(1.0).less(running);
    let share_of_rest = |expr: Expr| rest.clone().times(expr.over(not_running.clone()));
    for (class, component) in wait_components(view) {
        let time = share_of_rest(view.share_expr(class));
        match (component, lock_share(evidence, view, class)) {
            (Component::Sleep, Some(held)) => {
                let locked = time.clone().times(held);
                parts.push(Part {
                    component: Component::DbLock,
                    time: locked.clone(),
                    note: wait_note(evidence, view, class),
                });
                parts.push(Part::new(Component::Sleep, time.less(locked)));
            }
            _ => parts.push(Part { component, time, note: wait_note(evidence, view, class) }),
        }
    }
    parts
}

fn cpu_parts(
    evidence: &Evidence,
    symptom: &Symptom,
    view: &ThreadView<'_>,
    inside: &Expr,
) -> Vec<Part> {
    let on_cpu = view.on_cpu_expr().unwrap_or_else(|| view.share_expr(Wait::Running));
    let on_cpu = inside.clone().times(on_cpu.at_most(Expr::Constant(1.0)));
    let component = if calls_database(view) { Component::DbWork } else { Component::OnCpu };
    let mut parts = vec![Part { component, time: on_cpu.clone(), note: line_note(evidence, view) }];
    let Some(run_queue) = view.run_queue_expr() else { return parts };
    let queued = inside.clone().times(run_queue).at_most(inside.clone().less(on_cpu.clone()));
    match throttled(evidence, symptom, view.pid) {
        Some(share) => {
            // A throttled thread is out of the run queue: what it computed is all that is certain.
            let share = share.at_most(Expr::Constant(1.0));
            let held_back = inside.clone().times(share).at_most(inside.clone().less(on_cpu));
            parts.push(Part::new(Component::Throttled, held_back.clone()));
            parts.push(Part::new(Component::RunQueue, queued.less(held_back)));
        }
        None => parts.push(Part::new(Component::RunQueue, queued)),
    }
    parts
}

/// The share of the window in which the server's cgroup was throttled.
fn throttled(evidence: &Evidence, symptom: &Symptom, pid: u32) -> Option<Expr> {
    symptom.windows().iter().find_map(|window: &Window| {
        let process = object::process_during(pid, window);
        let part = evidence.find(FactKey::CgroupThrottledNs, &process)?;
        let whole = evidence.find(FactKey::ProcessWindowNs, &process)?;
        Some(Expr::value(part).over(Expr::value(whole)))
    })
}

fn wait_components(view: &ThreadView<'_>) -> Vec<(Wait, Component)> {
    let other = match view.waits_on().map(|(target, _)| target) {
        Some(target) if target.starts_with("file ") => Component::Disk,
        Some(target) if target.starts_with("tcp ") || target.starts_with("udp ") => {
            Component::Upstream
        }
        // Blocked outside any system call: a page is read back from the disk.
        _ if view.waits_outside() => Component::Disk,
        _ => Component::Unexplained,
    };
    [
        (Wait::Sleep, Component::Sleep),
        (Wait::Futex, Component::PoolWait),
        (Wait::FileLock, Component::DbLock),
        (Wait::File, Component::Disk),
        (Wait::Network, Component::Upstream),
        (Wait::Child, Component::Upstream),
        (Wait::Other, other),
    ]
    .into_iter()
    .filter(|(class, component)| view.looks(*class) > 0 && *component != Component::Unexplained)
    .collect()
}

/// The share of a timed sleep that stood under a foreign or own write lock.
fn lock_share(evidence: &Evidence, view: &ThreadView<'_>, class: Wait) -> Option<Expr> {
    if class != Wait::Sleep {
        return None;
    }
    let lock =
        locks::held(evidence).into_iter().find(|lock| locks::wait_for(view, lock).is_some())?;
    Some(lock.share_expr().at_most(Expr::Constant(1.0)))
}

/// Whether the working line calls a database driver.
fn calls_database(view: &ThreadView<'_>) -> bool {
    const CALLS: [&str; 8] = [
        ".execute",
        ".executemany",
        ".fetchone",
        ".fetchall",
        ".fetchmany",
        ".scalar",
        ".query(",
        ".commit(",
    ];
    view.source_text().is_some_and(|(text, _)| CALLS.iter().any(|call| text.contains(call)))
}

fn line_note(evidence: &Evidence, view: &ThreadView<'_>) -> Option<Sentence> {
    let (line, fact) = view.line()?;
    let looks = Figure::count(Expr::count(fact, line), evidence)?;
    let n = Figure::count(Expr::n(fact), evidence)?;
    Some(
        Sentence::new(Code::AtLine)
            .name("line", line, fact)
            .figure("looks", &looks)
            .figure("n", &n),
    )
}

fn wait_note(evidence: &Evidence, view: &ThreadView<'_>, class: Wait) -> Option<Sentence> {
    let (label, _) = *view.labels(class).first()?;
    let looks = Figure::count(Expr::count(view.waits, label), evidence)?;
    let n = Figure::count(Expr::n(view.waits), evidence)?;
    let sentence = match view.line() {
        Some((line, fact)) => Sentence::new(Code::InCallAtLine).name("line", line, fact),
        None => Sentence::new(Code::InCall),
    };
    Some(
        sentence
            .name("call", label, view.waits)
            .name("thread", format!("{}/{}", view.pid, view.tid), view.waits)
            .figure("looks", &looks)
            .figure("n", &n),
    )
}
