//! F11: an upstream does not take the server's connection.

use super::loop_blocked_by_wait::timed_fact;
use super::resolver::share_on;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::ThreadView;
use crate::words::Code;

/// A thread of the request waits for a connection that stands in SYN_SENT.
pub(super) const CAUSE: Cause = Cause {
    id: "F11",
    slug: "upstream-connect-slow",
    title: Code::DialTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
        &[FactKey::SynSentPeers],
    ],
    supporting: &[FactKey::ThreadWaitsOn, FactKey::PythonLines, FactKey::SynRetransmits],
    refutes: &[],
    look_alikes: &["F10", "F64", "F13"],
    bound: None,
    examine,
};

/// A peer that was asked for this many times counts; once is a connection in the making.
const LOOKS_MIN: u64 = 2;

fn examine(case: &Case<'_>) -> Judgement {
    let Some((pid, _)) = case.server() else {
        return Judgement::lacking(case, &[FactKey::TargetPid]);
    };
    let asked = case.evidence.find(FactKey::SynSentPeers, &object::process(pid));
    let Some((fact, peers)) = asked.and_then(|fact| match &fact.value {
        Value::Counts(peers) => Some((fact, peers)),
        _ => None,
    }) else {
        return Judgement::lacking(case, CAUSE.required[2]);
    };
    let peers: Vec<&String> =
        peers.iter().filter(|(_, looks)| **looks >= LOOKS_MIN).map(|(peer, _)| peer).collect();
    let waiting = case.slow().find_map(|symptom| {
        case.threads(symptom).into_iter().find_map(|view| {
            peers.iter().find_map(|peer| {
                let share = share_on(case, symptom, &view, &format!("tcp {peer}"))?;
                let grade = Grade::of(share.value, 0)?;
                Some((symptom, view.clone(), *peer, (share, grade)))
            })
        })
    });
    let judged = match waiting {
        Some((symptom, view, peer, found)) => name(case, (symptom, &view), (fact, peer), found),
        None if peers.is_empty() => none(case, pid, fact).map(Judgement::RuledOut),
        None => Some(Judgement::RuledOut(Sentence::new(Code::DialElsewhere).cite(fact))),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn none(case: &Case<'_>, pid: u32, fact: &Fact) -> Option<Sentence> {
    let n = case.count(Expr::n(fact))?;
    Some(Sentence::new(Code::DialNone).name("pid", pid.to_string(), fact).figure("n", &n))
}

fn name(
    case: &Case<'_>,
    (symptom, view): (&Symptom, &ThreadView<'_>),
    (fact, peer): (&Fact, &str),
    (share, grade): (Figure, Grade),
) -> Option<Judgement> {
    let says = Sentence::new(Code::Dial)
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .name("thread", chain::thread_name(view), view.waits)
        .name("peer", peer, fact)
        .figure("share", &share);
    let looked =
        Sentence::new(Code::DialLooks).name("pid", &fact.object, fact).name("peer", peer, fact);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([
        chain::thread_wait(case, view),
        chain::looks(case, looked, Expr::count(fact, peer), fact),
    ]));
    links.extend(chain::source_line(case, view));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: peer.to_owned(),
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

    fn upstream(asked: &[(&str, u64)]) -> Bed {
        let bed = sample::held(Bed::new().with(sample::server), "/out", [0, 0, 0, 64, 0], 3010.0);
        sample::thread(bed, 4107, "/out", "futex", &[("poll", 63), ("running", 1)])
            .counts(FactKey::ThreadWaitsOn, "4100/4107 during /out", &[("tcp 192.0.2.7:80", 63)])
            .counts_of(FactKey::SynSentPeers, "4100", asked, 40)
    }

    #[test]
    fn a_connection_nobody_takes_is_found_by_its_peer() {
        let judged = judge(&CAUSE, upstream(&[("192.0.2.7:80", 12)]));
        assert_eq!(assert_found(judged).object, "192.0.2.7:80");
    }

    #[test]
    fn an_upstream_that_takes_the_connection_and_thinks_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, upstream(&[])), Code::DialNone);
    }

    #[test]
    fn a_connection_that_the_request_does_not_wait_for_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, upstream(&[("192.0.2.8:80", 12)])), Code::DialElsewhere);
    }
}
