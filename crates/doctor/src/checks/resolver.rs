//! F10: a name server the server asks does not answer.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// A thread of the request waits on UDP port 53, and a name server, asked directly, is silent.
pub(super) const CAUSE: Cause = Cause {
    id: "F10",
    slug: "name-server-silent",
    title: Code::ResolverTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
        &[FactKey::ResolverOutcome],
    ],
    supporting: &[FactKey::ThreadWaitsOn, FactKey::ResolverMs, FactKey::PythonLines],
    refutes: &[],
    look_alikes: &["F11", "F64", "F13"],
    bound: None,
    examine,
};

/// How the fd join names a socket towards a name server.
const DNS: &str = "udp :53";

/// The share of a thread's looks in which it waited on this descriptor.
pub(super) fn share_on(
    case: &Case<'_>,
    symptom: &Symptom,
    view: &ThreadView<'_>,
    label: &str,
) -> Option<Figure> {
    let waits = view.fact(FactKey::ThreadWaitsOn)?;
    let share = Expr::count(waits, label).over(Expr::n(view.waits));
    case.share(share.at_most(Expr::Constant(1.0)).times(case.inside_share(symptom)))
}

fn examine(case: &Case<'_>) -> Judgement {
    let waiting = case.slow().find_map(|symptom| {
        case.threads(symptom).into_iter().find_map(|view| {
            let share = share_on(case, symptom, &view, DNS)?;
            let grade = Grade::of(share.value, 0)?;
            Some((symptom, view, share, grade))
        })
    });
    let Some((symptom, view, share, grade)) = waiting else {
        return match case.any_watched() {
            Some(view) => {
                Judgement::RuledOut(Sentence::new(Code::ResolverNotWaited).cite(view.waits))
            }
            None => Judgement::lacking(case, CAUSE.required[1]),
        };
    };
    let asked: Vec<&Fact> = case
        .evidence
        .all(FactKey::ResolverOutcome)
        .filter(|fact| fact.object != object::TARGET)
        .collect();
    let silent = asked.iter().find(|fact| fact.value != Value::from("answered"));
    let judged = match silent {
        Some(silent) => name(case, (symptom, &view), silent, (share, grade)),
        None => asked.first().and_then(|one| answers(case, one)).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[2]))
}

fn took(case: &Case<'_>, resolver: &Fact) -> Option<Figure> {
    case.ms(Expr::value(case.evidence.find(FactKey::ResolverMs, &resolver.object)?))
}

fn answers(case: &Case<'_>, one: &Fact) -> Option<Sentence> {
    let says = Sentence::new(Code::ResolverAnswers).name("resolver", &one.object, one);
    Some(says.figure("time", &took(case, one)?))
}

fn name(
    case: &Case<'_>,
    (symptom, view): (&Symptom, &ThreadView<'_>),
    silent: &Fact,
    (share, grade): (Figure, Grade),
) -> Option<Judgement> {
    let Value::Text(outcome) = &silent.value else { return None };
    let says = Sentence::new(Code::Resolver)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("thread", chain::thread_name(view), view.waits)
        .figure("share", &share)
        .name("resolver", &silent.object, silent);
    let asked = Sentence::new(Code::ResolverAsked)
        .name("resolver", &silent.object, silent)
        .name("outcome", outcome, silent)
        .figure("time", &took(case, silent)?);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    let plateau = Sentence::new(Code::ResolverPlateau).cite(view.waits);
    links.extend(chain::of([chain::thread_wait(case, view), Some(asked), Some(plateau)]));
    links.extend(chain::source_line(case, view));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: silent.object.clone(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn asking(outcome: &str) -> Bed {
        let bed = sample::held(Bed::new().with(sample::server), "/out", [0, 0, 0, 64, 0], 10_010.0);
        sample::thread(bed, 4107, "/out", "futex", &[("poll", 63), ("running", 1)])
            .counts(FactKey::ThreadWaitsOn, "4100/4107 during /out", &[("udp :53", 63)])
            .fact(FactKey::ResolverOutcome, "192.0.2.1:53", outcome)
            .fact(FactKey::ResolverMs, "192.0.2.1:53", 2000.0)
    }

    #[test]
    fn a_silent_name_server_is_found_by_its_address() {
        assert_eq!(assert_found(judge(&CAUSE, asking("silent"))).object, "192.0.2.1:53");
    }

    #[test]
    fn a_name_server_that_answers_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, asking("answered")), Code::ResolverAnswers);
    }

    #[test]
    fn a_thread_that_waits_for_an_upstream_is_ruled_out() {
        let bed = sample::held(Bed::new().with(sample::server), "/out", [0, 0, 0, 64, 0], 3010.0);
        let bed = sample::thread(bed, 4107, "/out", "futex", &[("recvfrom", 64)])
            .counts(FactKey::ThreadWaitsOn, "4100/4107 during /out", &[("tcp 192.0.2.7:80", 64)])
            .fact(
                FactKey::ResolverOutcome,
                "target",
                "not asked, because no thread waited for one",
            );
        assert_ruled_out(judge(&CAUSE, bed), Code::ResolverNotWaited);
    }
}
