//! The server as a whole: whether it can run at all, can accept, and what waits before it.

use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::sentence::Sentence;
use crate::symptom::{Ailment, Symptom};
use crate::words::Code;

/// What keeps a process from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A stop signal, or a stop of its tracer.
    Stopped,
    /// The freezer of its cgroup.
    Frozen,
}

/// Whether the server's process cannot run, and the fact that says so.
pub fn halted<'a>(case: &Case<'a>) -> Option<(Halt, &'a Fact)> {
    let (pid, _) = case.server()?;
    let find = |key| case.evidence.find(key, &object::process(pid));
    let says =
        |fact: &&Fact, states: &[&str]| states.iter().any(|one| fact.value == Value::from(*one));
    let frozen = find(FactKey::FreezerState).filter(|fact| says(fact, &["frozen"]));
    let stopped = find(FactKey::ProcessState).filter(|fact| says(fact, &["T", "t"]));
    frozen.map(|fact| (Halt::Frozen, fact)).or(stopped.map(|fact| (Halt::Stopped, fact)))
}

/// The server runs nothing: then no cause within it makes it slow.
pub fn halted_instead(case: &Case<'_>) -> Option<Sentence> {
    let (_, fact) = halted(case)?;
    let Value::Text(state) = &fact.value else { return None };
    let says = Sentence::new(Code::HaltedInstead).name("pid", &fact.object, fact);
    Some(says.name("state", state, fact))
}

/// The server's open descriptors and its soft limit, as they were after the requests.
pub fn descriptors<'a>(case: &Case<'a>) -> Option<(&'a Fact, &'a Fact)> {
    let (pid, _) = case.server()?;
    let find = |key| case.evidence.find(key, &object::process(pid));
    Some((find(FactKey::ProcessFds)?, find(FactKey::ProcessFdLimit)?))
}

/// Whether these are all that the limit allows: accepting a connection needs one more.
pub fn exhausted((open, limit): (&Fact, &Fact)) -> bool {
    match (&open.value, &limit.value) {
        (Value::Int(open), Value::Int(limit)) => *limit > 0 && open + 1 >= *limit,
        _ => false,
    }
}

/// The fullest listening socket after the requests: what waits, and how many can.
pub fn queue<'a>(case: &Case<'a>) -> Option<(&'a Fact, &'a Fact)> {
    let queues = case.evidence.all(FactKey::ListenerQueued).filter_map(|fact| {
        let latest = case.evidence.find(FactKey::ListenerQueued, &fact.object)?;
        let backlog = case.evidence.find(FactKey::ListenerBacklog, &fact.object)?;
        Some((latest, backlog))
    });
    queues.max_by_key(|(queued, backlog)| match (&queued.value, &backlog.value) {
        (Value::Int(queued), Value::Int(backlog)) => queued - backlog,
        _ => i64::MIN,
    })
}

/// Whether the queue is full: Linux admits one more than the backlog.
pub fn is_full((queued, backlog): (&Fact, &Fact)) -> bool {
    match (&queued.value, &backlog.value) {
        (Value::Int(queued), Value::Int(backlog)) => queued > backlog,
        _ => false,
    }
}

/// Every symptom, for a cause that stands before the whole server.
pub fn explains_all(case: &Case<'_>) -> Vec<String> {
    case.symptoms.iter().map(|symptom| symptom.object.clone()).collect()
}

/// The symptoms of those whose requests fail or do not get in.
pub fn explains_failing(case: &Case<'_>) -> Vec<String> {
    let fails = |symptom: &&Symptom| symptom.ailment != Ailment::Slow;
    case.symptoms.iter().filter(fails).map(|symptom| symptom.object.clone()).collect()
}

/// Failing endpoints whose answer says one of these words, and the fact with the answer.
pub fn says_one_of<'a>(case: &Case<'a>, words: &[&str]) -> Vec<(&'a Fact, &'a str)> {
    case.symptoms
        .iter()
        .filter(|symptom| symptom.ailment == Ailment::Failing)
        .filter_map(|symptom| {
            let fact = case.evidence.find(FactKey::HttpBodyText, &symptom.object)?;
            let Value::Text(text) = &fact.value else { return None };
            let lower = text.to_lowercase();
            words.iter().any(|word| lower.contains(word)).then_some((fact, text.as_str()))
        })
        .collect()
}
