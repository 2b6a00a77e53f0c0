//! F18: password hashing saturates the CPU.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain, measurer_slow};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure, Stat, Unit};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, Wait};
use crate::words::Code;

/// The working thread computes at a line that hashes passwords; or Galen's own queue says so.
pub(super) const CAUSE: Cause = Cause {
    id: "F18",
    slug: "password-hashing-saturates-cpu",
    title: Code::HashTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs, FactKey::HttpTotalMs],
        &[FactKey::ThreadOnCpuNs, FactKey::WitnessHashQueued],
        &[FactKey::PythonLines, FactKey::PythonLeaves, FactKey::WitnessHashQueued],
    ],
    supporting: &[FactKey::ProcessRunnable, FactKey::ProcessRssBumpBytes, FactKey::HostCpus],
    refutes: &[measurer_slow::refutes_computing],
    look_alikes: &["F14", "F19", "F20"],
    bound: None,
    examine,
};

/// Names that appear in calls of password hashes (bcrypt, argon2, scrypt, PBKDF2, passlib).
const HASH_WORDS: [&str; 10] = [
    "hashpw",
    "checkpw",
    "bcrypt",
    "argon2",
    "scrypt",
    "pbkdf2",
    "passlib",
    "verify_password",
    "hash_password",
    "check_password",
];

/// The line of a thread, if that line or its text calls a password hash.
pub(super) fn hash_line<'a>(view: &ThreadView<'a>) -> Option<(&'a str, &'a Fact)> {
    let (line, fact) = view.line()?;
    hashes(view, line).then_some((line, fact))
}

fn examine(case: &Case<'_>) -> Judgement {
    if let Some(judged) = by_own_queue(case) {
        return judged;
    }
    if let Some(judged) = case.slow().find_map(|symptom| by_many_threads(case, symptom)) {
        return judged;
    }
    let workers = case.workers();
    let hashing: Vec<_> = workers
        .iter()
        .filter_map(|(symptom, view)| {
            let (line, fact) = hash_line(view)?;
            let share = hash_share(case, symptom, view)?;
            let cpu = chain::cpu_of_request(case, symptom, view)?;
            let queued = view.run_queue().unwrap_or(0.0) * 100.0;
            let grade = Grade::of_computing(case, &share, cpu.value, queued)?;
            Some((*symptom, view, line, fact, grade, share))
        })
        .collect();
    let Some((symptom, view, line, fact, grade, share)) = hashing.first() else {
        return why_not(case, workers.first().map(|(_, view)| view));
    };
    let (Some(time), Some(timed)) = (case.time(symptom), timed_fact(case, symptom)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let says = Sentence::new(Code::HashLine)
        .name("path", &symptom.path, timed)
        .figure("time", &time)
        .figure("share", share)
        .name("line", *line, fact);
    let mut links = chain::of([
        chain::timing(case, &symptom.object),
        chain::thread_cpu(case, view),
        chain::thread_run_queue(case, view),
        chain::cpu_alone(case, symptom, view),
        runnable(case, symptom, view),
    ]);
    links.extend(chain::source_line(case, view));
    links.extend(chain::of([chain::others(case, symptom)]));
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: (*line).to_owned(),
        says,
        chain: links,
        explains: hashing.iter().map(|(symptom, ..)| symptom.object.clone()).collect(),
        share: Some(share.clone()),
        grade: *grade,
    })
}

/// Whether a line, with its text if that was read, calls a password hash.
fn hashes(view: &ThreadView<'_>, line: &str) -> bool {
    let names = format!("{line} {}", view.text_of(line).unwrap_or("")).to_ascii_lowercase();
    HASH_WORDS.iter().any(|word| names.contains(word))
}

/// More threads hash than there are CPUs: whatever else is asked of the server waits for them.
fn by_many_threads(case: &Case<'_>, symptom: &Symptom) -> Option<Judgement> {
    let cpus = case.evidence.any(FactKey::HostCpus)?;
    let views = case.threads(symptom);
    let hashing: Vec<(&ThreadView<'_>, &Fact, Vec<&str>)> = views
        .iter()
        .filter_map(|view| {
            let (_, fact) = view.app_line()?;
            let Value::Counts(counts) = &fact.value else { return None };
            let lines = counts.keys().map(String::as_str).filter(|line| hashes(view, line));
            let lines: Vec<&str> = lines.collect();
            (!lines.is_empty()).then_some((view, fact, lines))
        })
        .collect();
    let sampled = Expr::sum(hashing.iter().map(|(_, fact, _)| Expr::n(fact)));
    let at_hash = Expr::sum(
        hashing
            .iter()
            .flat_map(|(_, fact, lines)| lines.iter().map(|line| Expr::count(fact, line))),
    );
    // Each thread counts once: n over n of its own samples.
    let threads = Expr::sum(hashing.iter().map(|(_, fact, _)| Expr::n(fact).over(Expr::n(fact))));
    let threads = case.count(threads)?;
    let at_once = threads.value * at_hash.clone().over(sampled.clone()).evaluate(case.evidence)?;
    if at_once <= cpus.value.number()? {
        return None;
    }
    let share = case.share(at_hash.over(sampled).times(case.inside_share(symptom)))?;
    let grade = Grade::of(share.value, 0)?;
    let (view, fact, lines) = hashing.first()?;
    let line = *lines.first()?;
    let says = Sentence::new(Code::HashPool)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("threads", &threads)
        .name("pid", view.pid.to_string(), fact)
        .figure("cpus", &case.count(Expr::value(cpus))?)
        .figure("share", &share)
        .name("line", line, fact)
        .cite(view.waits);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([runnable(case, symptom, view), chain::thread_cpu(case, view)]));
    links.extend(chain::source_line(case, view));
    links.extend(chain::of([chain::control(case, symptom), chain::others(case, symptom)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: line.to_owned(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

/// Computing plus waiting for a CPU that other hashes of the same server hold; waiting does not
/// count when a neighbour takes the CPU.
fn hash_share(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Figure> {
    let on_cpu = view.on_cpu_expr()?;
    let contended = case
        .evidence
        .all(FactKey::HostNeighbourCpu)
        .any(|fact| fact.value.number().is_some_and(|cores| cores >= 0.5));
    let computed = match view.run_queue_expr() {
        Some(queued) if !contended => on_cpu.plus(queued),
        _ => on_cpu,
    };
    case.share(computed.at_most(Expr::Constant(1.0)).times(case.inside_share(symptom)))
}

fn runnable(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Sentence> {
    let process = |window| object::process_during(view.pid, &window);
    let fact = symptom
        .windows()
        .into_iter()
        .find_map(|window| case.evidence.find(FactKey::ProcessRunnable, &process(window)))?;
    let cpus = case.evidence.any(FactKey::HostCpus)?;
    let most = Figure::of(Expr::Of(fact.id, Stat::Max), Unit::Count, case.evidence)?;
    Some(
        Sentence::new(Code::HashRunnable)
            .figure("threads", &most)
            .figure("cpus", &case.count(Expr::value(cpus))?),
    )
}

/// Galen's own hashing permits: all in use and a queue behind them.
fn by_own_queue(case: &Case<'_>) -> Option<Judgement> {
    let find = |key| case.evidence.find(key, object::TARGET);
    let queued = find(FactKey::WitnessHashQueued)?;
    let running = find(FactKey::WitnessHashRunning)?;
    let permits = find(FactKey::WitnessHashPermits)?;
    let number = |fact: &Fact| fact.value.number().unwrap_or(0.0);
    let full = number(running) >= number(permits) && number(queued) >= number(permits);
    let running_figure = case.count(Expr::value(running))?;
    let permits_figure = case.count(Expr::value(permits))?;
    if !full {
        let says = Sentence::new(Code::HashQueueEmpty)
            .figure("running", &running_figure)
            .figure("permits", &permits_figure)
            .cite(queued);
        return Some(Judgement::RuledOut(says));
    }
    let symptom = case.slow().find(|symptom| {
        case.budget(symptom).is_some_and(|budget| {
            budget.percent(crate::budget::Component::PoolWait)
                + budget.percent(crate::budget::Component::OnCpu)
                >= 60.0
        })
    })?;
    let says = Sentence::new(Code::HashQueue)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("queued", &case.count(Expr::value(queued))?)
        .figure("permits", &permits_figure)
        .figure("running", &running_figure);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: "hash queue".to_owned(),
        says,
        chain: chain::of([chain::timing(case, &symptom.object)]),
        explains: vec![symptom.object.clone()],
        share: None,
        grade: Grade::Observed,
    }))
}

fn why_not(case: &Case<'_>, view: Option<&ThreadView<'_>>) -> Judgement {
    let Some(view) = view.cloned().or_else(|| case.any_watched()) else {
        return Judgement::lacking(case, &[FactKey::ThreadOnCpuNs]);
    };
    let share = view.on_cpu_expr().and_then(|share| case.share(share));
    if let Some(share) = share.filter(|share| share.value < 60.0) {
        return Judgement::RuledOut(Sentence::new(Code::HashCheap).figure("share", &share));
    }
    match view.line() {
        Some((line, fact)) if view.share(Wait::Running) > 0.0 => {
            Judgement::RuledOut(Sentence::new(Code::NoHashing).name("line", line, fact))
        }
        _ => Judgement::lacking(case, &[FactKey::PythonLines]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn bcrypt_at_the_working_line_is_named() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::hashing_loop)));
        assert_eq!(finding.object, "/srv/app/app.py:30 login");
    }

    #[test]
    fn many_hashing_threads_are_named_behind_an_endpoint_that_hashes_nothing() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::hashing_pool)));
        assert_eq!(finding.object, "/srv/app/db.py:66 hash_password");
        assert_eq!(finding.explains, ["/api/me"]);
    }

    #[test]
    fn one_login_beside_a_sleeping_loop_saturates_nothing() {
        let during = "4100/5000 during /api/auth/csrf";
        let bed = Bed::new()
            .with(sample::blocked_loop)
            .counts(FactKey::ThreadSyscalls, during, &[("running", 5), ("futex", 59)])
            .counts(FactKey::PythonLines, during, &[("/srv/app/db.py:66 hash_password", 5)]);
        assert_ruled_out(judge(&CAUSE, bed), Code::HashCheap);
    }

    #[test]
    fn a_computing_line_that_hashes_nothing_is_not_hashing() {
        let judged = judge(&CAUSE, Bed::new().with(sample::computing_loop));
        assert_ruled_out(judged, Code::NoHashing);
    }

    #[test]
    fn a_sleep_is_not_hashing() {
        let judged = judge(&CAUSE, Bed::new().with(sample::blocked_loop));
        assert_ruled_out(judged, Code::HashCheap);
    }

    #[test]
    fn free_permits_rule_it_out_for_galen_itself() {
        let bed = Bed::new()
            .with(sample::computing_loop)
            .fact(FactKey::WitnessHashQueued, "target", 0)
            .fact(FactKey::WitnessHashRunning, "target", 1)
            .fact(FactKey::WitnessHashPermits, "target", 2);
        assert_ruled_out(judge(&CAUSE, bed), Code::HashQueueEmpty);
    }
}
