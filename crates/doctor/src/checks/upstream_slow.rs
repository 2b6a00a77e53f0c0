//! F64: another server that this one asks is slow.

use super::n_plus_one::many_trips;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::{Expr, Figure};
use crate::peers::{self, WaitingFor};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// A question of the server to another, not a database, stands unanswered for most of the request.
pub(super) const CAUSE: Cause = Cause {
    id: "F64",
    slug: "upstream-slow",
    title: Code::UpstreamTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::PeerOutstanding]],
    supporting: &[
        FactKey::PeerKind,
        FactKey::PeerProbeMs,
        FactKey::PeerReleaseToResponseMs,
        FactKey::PeerSegments,
    ],
    refutes: &[many_questions],
    look_alikes: &["F13", "F63", "F74"],
    bound: None,
    examine,
};

/// Many short questions in place of a long one: then their number is the cause.
fn many_questions(case: &Case<'_>) -> Option<Sentence> {
    let fact = case.slow().find_map(|symptom| many_trips(case, symptom))?;
    let (path, peer) = crate::evidence::object::parse_toward(&fact.object)?;
    let trips = case.count(Expr::value(fact))?;
    Some(
        Sentence::new(Code::UpstreamManyTrips)
            .name("path", path, fact)
            .name("peer", peer, fact)
            .figure("trips", &trips),
    )
}

fn examine(case: &Case<'_>) -> Judgement {
    judge_waits(case, (CAUSE.id, Code::UpstreamSlow), |waiting| {
        !waiting.is_database() && !waiting.is_store()
    })
}

/// A symptom and the peer it waited for long enough to be explained by it.
struct Waited<'c, 'a> {
    symptom: &'c Symptom,
    peer: WaitingFor<'a>,
    share: Figure,
    grade: Grade,
}

/// Names the peer of this kind that slow requests waited for, or says what else was waited for.
pub(super) fn judge_waits(
    case: &Case<'_>,
    (id, code): (&'static str, Code),
    is_of_this_kind: fn(&WaitingFor<'_>) -> bool,
) -> Judgement {
    let waited: Vec<Waited<'_, '_>> = case
        .slow()
        .filter_map(|symptom| {
            let peer = peers::waiting_for(case.evidence, symptom).filter(is_of_this_kind)?;
            let share = case.share(peer.share_expr().times(case.inside_share(symptom)))?;
            let grade = Grade::of(share.value, peer.coincidences())?;
            Some(Waited { symptom, peer, share, grade })
        })
        .collect();
    match waited.first() {
        Some(first) => named(case, (id, code), first, &waited)
            .unwrap_or_else(|| Judgement::lacking(case, &[FactKey::HeldRequestMs])),
        None => not_waited(case),
    }
}

fn named(
    case: &Case<'_>,
    (id, code): (&'static str, Code),
    first: &Waited<'_, '_>,
    waited: &[Waited<'_, '_>],
) -> Option<Judgement> {
    let peer = &first.peer;
    let says = Sentence::new(code)
        .name(
            "path",
            &first.symptom.path,
            super::loop_blocked_by_wait::timed_fact(case, first.symptom)?,
        )
        .figure("time", &case.time(first.symptom)?)
        .name("peer", peer.peer, peer.fact)
        .figure("share", &first.share);
    let says = match peer.kind().filter(|_| code == Code::StoreSlow) {
        Some((kind, fact)) => says.name("kind", kind, fact),
        None => says,
    };
    let mut links = chain::of([chain::timing(case, &first.symptom.object)]);
    links.extend(chain::rooms(case, first.symptom));
    links.extend(chain::of([
        looks(case, peer),
        released(case, peer),
        asked(case, peer),
        chain::control(case, first.symptom),
    ]));
    let with = |other: &&Waited<'_, '_>| other.peer.peer == peer.peer;
    Some(Judgement::found(Finding {
        cause: id,
        object: peer.peer.to_owned(),
        says,
        chain: links,
        explains: waited.iter().filter(with).map(|one| one.symptom.object.clone()).collect(),
        share: Some(first.share.clone()),
        grade: first.grade,
    }))
}

fn looks(case: &Case<'_>, peer: &WaitingFor<'_>) -> Option<Sentence> {
    let says = Sentence::new(Code::PeerUnanswered).name("peer", peer.peer, peer.fact);
    chain::looks(case, says, Expr::count(peer.fact, peer.peer), peer.fact)
}

fn released(case: &Case<'_>, peer: &WaitingFor<'_>) -> Option<Sentence> {
    let fact = peer.releases()?;
    let says = Sentence::new(Code::PeerReleased).figure("ms", &case.ms(Expr::median(fact))?);
    Some(says.figure("n", &case.count(Expr::n(fact))?))
}

/// What the peer answered to the doctor itself.
fn asked(case: &Case<'_>, peer: &WaitingFor<'_>) -> Option<Sentence> {
    let took = case.evidence.find(FactKey::PeerProbeMs, peer.peer)?;
    let fact = case.evidence.find(FactKey::PeerProbeOutcome, peer.peer)?;
    let outcome = case.evidence.text(FactKey::PeerProbeOutcome, peer.peer)?;
    Some(
        Sentence::new(Code::PeerAsked)
            .name("peer", peer.peer, took)
            .name("outcome", outcome, fact)
            .figure("ms", &case.ms(Expr::median(took))?),
    )
}

/// Whom the server waited for in place of it, or that it waited for nobody.
fn not_waited(case: &Case<'_>) -> Judgement {
    let Some(fact) = case.slow().find_map(|symptom| peers::outstanding(case.evidence, symptom))
    else {
        return Judgement::lacking(case, &[FactKey::PeerOutstanding]);
    };
    let waiting = case.slow().find_map(|symptom| peers::waiting_for(case.evidence, symptom));
    let says = match &waiting {
        Some(peer) => looks(case, peer),
        None => case.count(Expr::n(fact)).map(|n| {
            Sentence::new(Code::PeersQuiet).name("path", &fact.object, fact).figure("n", &n)
        }),
    };
    says.map_or_else(|| Judgement::lacking(case, &[FactKey::PeerOutstanding]), Judgement::RuledOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::beds::{self, peer_answers_late};
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_peer_that_leaves_its_question_unanswered_is_found_by_its_address() {
        let bed = Bed::new().with(|bed| beds::awaited_peer(bed, "127.0.0.1:9000", "upstream", 62));
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.grade), ("127.0.0.1:9000", Grade::Observed));
    }

    #[test]
    fn two_answers_just_after_the_peers_prove_it() {
        let bed = Bed::new()
            .with(|bed| beds::awaited_peer(bed, "127.0.0.1:9000", "upstream", 62))
            .with(|bed| peer_answers_late(bed, "127.0.0.1:9000"));
        assert_eq!(assert_found(judge(&CAUSE, bed)).grade, Grade::Proven);
    }

    #[test]
    fn a_wait_for_a_database_or_a_store_is_ruled_out_here() {
        for kind in ["postgresql", "redis"] {
            let bed = Bed::new().with(|bed| beds::awaited_peer(bed, "127.0.0.1:9000", kind, 62));
            assert_ruled_out(judge(&CAUSE, bed), Code::PeerUnanswered);
        }
    }

    #[test]
    fn a_request_during_which_nobody_was_asked_is_ruled_out() {
        let bed = Bed::new().with(sample::foreign_lock).counts_of(
            FactKey::PeerOutstanding,
            "/login",
            &[],
            64,
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::PeersQuiet);
    }

    #[test]
    fn many_short_questions_are_ruled_out_because_their_number_is_the_cause() {
        let bed = Bed::new()
            .with(|bed| beds::awaited_peer(bed, "127.0.0.1:9000", "upstream", 62))
            .fact(FactKey::PeerSegments, "/feed to 127.0.0.1:9000", 140.0);
        assert_ruled_out(judge(&CAUSE, bed), Code::UpstreamManyTrips);
    }
}
