//! F27: threads of the server wait for one another for ever.

use std::collections::BTreeMap;

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Missing, Value, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// A ring of mutex owners, or two threads at locks of the application that did not run for half a
/// minute, while a request is never answered.
pub(super) const CAUSE: Cause = Cause {
    id: "F27",
    slug: "threads-deadlocked",
    title: Code::DeadlockTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ThreadStillMs]],
    supporting: &[FactKey::ThreadMutexOwner, FactKey::PythonLines, FactKey::HeldRequestOutcome],
    refutes: &[],
    look_alikes: &["F13", "F15", "F49"],
    bound: None,
    examine,
};

/// Threads of a program whose mutexes name no owner must stand still for this long.
const STILL_MS_MIN: f64 = 30_000.0;

fn examine(case: &Case<'_>) -> Judgement {
    let Some(longest) = case.evidence.find(FactKey::ThreadStillMs, object::TARGET) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let unanswered: Vec<&Symptom> =
        case.symptoms.iter().filter(|symptom| is_unanswered(case, symptom)).collect();
    let Some(symptom) = unanswered.first() else {
        return Judgement::RuledOut(Sentence::new(Code::DeadlockAnswered).cite(longest));
    };
    let explains = || unanswered.iter().map(|symptom| symptom.object.clone()).collect();
    if let Some(ring) = ring(case) {
        return by_owners(case, symptom, &ring, explains())
            .unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]));
    }
    if let Some(judged) = by_lines(case, symptom, explains()) {
        return judged;
    }
    let still = longest.value.number().unwrap_or(0.0);
    if still >= STILL_MS_MIN && !is_readable(case) {
        return Judgement::CannotTell(vec![Missing {
            key: FactKey::ThreadMutexOwner,
            object: object::TARGET.to_owned(),
            reason: "threads stand still in futexes that name neither owner nor line".to_owned(),
        }]);
    }
    match case.ms(Expr::value(longest)) {
        Some(still) => {
            Judgement::RuledOut(Sentence::new(Code::DeadlockNone).figure("still", &still))
        }
        None => Judgement::lacking(case, CAUSE.required[0]),
    }
}

/// Whether a request of the symptom ran into its deadline.
fn is_unanswered(case: &Case<'_>, symptom: &Symptom) -> bool {
    let outcome = case.evidence.text(FactKey::HeldRequestOutcome, &symptom.path);
    let kinds = case.evidence.counts(FactKey::HttpErrorKinds, &symptom.object);
    outcome == Some("timeout") || kinds.is_some_and(|kinds| kinds.contains_key("timeout"))
}

/// Whether source lines of the server's threads could be read.
fn is_readable(case: &Case<'_>) -> bool {
    case.evidence.any(FactKey::PythonLines).is_some()
}

/// The facts of a ring of threads, each waiting for a mutex that the next one owns.
fn ring<'a>(case: &Case<'a>) -> Option<Vec<&'a Fact>> {
    let owners: BTreeMap<(u32, u32), (&Fact, u32)> = case
        .evidence
        .all(FactKey::ThreadMutexOwner)
        .filter_map(|fact| {
            let thread = object::parse_lasting_thread(&fact.object)?;
            let Value::Int(owner) = fact.value else { return None };
            Some((thread, (fact, u32::try_from(owner).ok()?)))
        })
        .collect();
    owners.keys().find_map(|start| {
        let mut ring = Vec::new();
        let mut at = *start;
        // A chain longer than there are threads goes round.
        while ring.len() < owners.len() {
            let (fact, owner) = owners.get(&at)?;
            ring.push(*fact);
            at = (at.0, *owner);
            if at == *start {
                return Some(ring);
            }
        }
        None
    })
}

fn by_owners(
    case: &Case<'_>,
    symptom: &Symptom,
    ring: &[&Fact],
    explains: Vec<String>,
) -> Option<Judgement> {
    let first = ring.first()?;
    let (pid, tid) = object::parse_lasting_thread(&first.object)?;
    let threads: Vec<u32> = ring
        .iter()
        .filter_map(|fact| Some(object::parse_lasting_thread(&fact.object)?.1))
        .collect();
    let asked = case.evidence.find(FactKey::HttpErrors, &symptom.object)?;
    let still = case.evidence.find(FactKey::ThreadStillMs, &first.object)?;
    let Value::Int(owner) = first.value else { return None };
    let names = threads.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let says = Sentence::new(Code::DeadlockCycle)
        .setting("threads", &names)
        .name("pid", pid.to_string(), first)
        .name("first", tid.to_string(), first)
        .name("owner", owner.to_string(), first)
        .name("path", &symptom.path, asked)
        .cite_all(ring.iter().copied())
        .cite(still);
    let links = ring.iter().flat_map(|fact| [owned(fact), stood(case, &fact.object)]);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: format!("{pid}: {names}"),
        says,
        chain: chain::of(links),
        explains,
        share: None,
        grade: Grade::Proven,
    }))
}

fn owned(fact: &Fact) -> Option<Sentence> {
    let Value::Int(owner) = fact.value else { return None };
    let says = Sentence::new(Code::DeadlockLink).name("thread", &fact.object, fact);
    Some(says.name("owner", owner.to_string(), fact))
}

fn stood(case: &Case<'_>, thread: &str) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::ThreadStillMs, thread)?;
    let still = case.ms(Expr::value(fact))?;
    Some(Sentence::new(Code::DeadlockStill).name("thread", thread, fact).figure("still", &still))
}

/// Two threads at lines that take a lock, neither of which ran for half a minute.
fn by_lines(case: &Case<'_>, symptom: &Symptom, explains: Vec<String>) -> Option<Judgement> {
    let views = crate::threads::watched(case.evidence, &symptom.windows());
    let standing: Vec<(&ThreadView<'_>, &str, &Fact)> = views
        .iter()
        .filter_map(|view| {
            let (line, _) = view.app_line().filter(|(line, _)| takes_a_lock(view, line))?;
            let name = object::lasting_thread(view.pid, view.tid);
            let still = case.evidence.find(FactKey::ThreadStillMs, &name)?;
            (still.value.number()? >= STILL_MS_MIN).then_some((view, line, still))
        })
        .collect();
    let [(first, line, still), rest @ ..] = standing.as_slice() else { return None };
    // Threads that stand at one line wait for one owner, who can still be at work: a ring has two.
    let (second, other, _) = rest.iter().find(|(_, other, _)| other != line)?;
    let asked = case.evidence.find(FactKey::HttpErrors, &symptom.object)?;
    let names = format!("{}, {}", first.tid, second.tid);
    let says = Sentence::new(Code::DeadlockLines)
        .name("path", &symptom.path, asked)
        .setting("threads", &names)
        .name("pid", first.pid.to_string(), still)
        .name("line", *line, first.app_line()?.1)
        .name("other", *other, second.app_line()?.1)
        .figure("still", &case.ms(Expr::value(still))?);
    let lasting = |view: &ThreadView<'_>| object::lasting_thread(view.pid, view.tid);
    let mut links = chain::of([stood(case, &lasting(first)), stood(case, &lasting(second))]);
    links.extend(chain::source_line(case, first));
    links.extend(chain::source_line(case, second));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: format!("{}: {names}", first.pid),
        says,
        chain: links,
        explains,
        share: None,
        grade: Grade::Observed,
    }))
}

/// Whether the text of the line takes a lock: `with lock:` or `lock.acquire()`. A queue that is
/// waited for in the background stands still as well, and is no lock.
fn takes_a_lock(view: &ThreadView<'_>, line: &str) -> bool {
    view.text_of(line).is_some_and(|text| {
        (text.starts_with("with ") && text.to_lowercase().contains("lock"))
            || text.contains(".acquire(")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn unanswered() -> Bed {
        Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/move", &[10_000.0; 3])
            .counted(FactKey::HttpErrors, "/move", 3, 3)
            .counts(FactKey::HttpErrorKinds, "/move", &[("timeout", 3)])
            .fact(FactKey::HeldRequestMs, "/move", 10_000.0)
            .fact(FactKey::HeldRequestOutcome, "/move", "timeout")
    }

    fn owner(bed: Bed, tid: u32, owner: i64) -> Bed {
        let name = format!("4100/{tid}");
        bed.fact(FactKey::ThreadMutexOwner, &name, owner).fact(
            FactKey::ThreadStillMs,
            &name,
            12_000.0,
        )
    }

    fn at_lock(bed: Bed, tid: u32, line: &str, text: &str) -> Bed {
        let during = format!("4100/{tid} during /move");
        let place = line.split(' ').next().unwrap();
        sample::thread(bed, tid, "/move", "futex", &[("futex", 64)])
            .counts(FactKey::PythonLines, &during, &[(line, 64)])
            .fact(FactKey::PythonSourceText, place, text)
            .fact(FactKey::ThreadStillMs, &format!("4100/{tid}"), 31_000.0)
            .fact(FactKey::ThreadStillMs, "target", 31_000.0)
    }

    #[test]
    fn a_ring_of_mutex_owners_is_found_with_its_threads() {
        let bed = owner(owner(unanswered(), 4101, 4102), 4102, 4101).fact(
            FactKey::ThreadStillMs,
            "target",
            12_000.0,
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.grade), ("4100: 4101, 4102", Grade::Proven));
    }

    #[test]
    fn two_threads_that_stand_at_two_locks_are_found_with_their_lines() {
        let bed = at_lock(unanswered(), 4101, "/srv/app.py:9 a", "with second_lock:");
        let bed = at_lock(bed, 4102, "/srv/app.py:19 b", "with first_lock:");
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.grade, Grade::Observed);
    }

    #[test]
    fn an_owner_that_is_at_work_rules_a_ring_out() {
        let bed = owner(unanswered(), 4101, 4102).fact(FactKey::ThreadStillMs, "target", 12_000.0);
        assert_ruled_out(judge(&CAUSE, bed), Code::DeadlockNone);
    }

    #[test]
    fn background_threads_that_wait_for_work_are_ruled_out() {
        let bed = at_lock(unanswered(), 4101, "/srv/app.py:9 a", "job = jobs.get()");
        let bed = at_lock(bed, 4102, "/srv/app.py:19 b", "mail = mails.get()");
        assert_ruled_out(judge(&CAUSE, bed), Code::DeadlockNone);
    }

    #[test]
    fn a_server_that_answers_is_ruled_out() {
        let bed = Bed::new().with(sample::blocked_loop).fact(FactKey::ThreadStillMs, "target", 0.0);
        assert_ruled_out(judge(&CAUSE, bed), Code::DeadlockAnswered);
    }
}
