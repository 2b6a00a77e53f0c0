//! F05: connection requests are dropped on the way to the server.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::{self, Ailment, Symptom};
use crate::words::Code;

/// Connecting takes one, three or seven seconds or never ends, the kernel counts repeated requests,
/// and the queue of the listener that is there has room.
pub(super) const CAUSE: Cause = Cause {
    id: "F05",
    slug: "connection-requests-lost",
    title: Code::SynLostTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ConnectMs, FactKey::HttpConnectMs], &[FactKey::SynRetransmits]],
    supporting: &[FactKey::ListenOverflows, FactKey::ListenerQueued],
    refutes: &[queue_full, first_address_alone],
    look_alikes: &["F04", "F01", "F03"],
    bound: None,
    examine,
};

/// When a lost connection request is sent again: after 1 s, doubled each time (RFC 6298, section
/// 2 and 5.5; net.ipv4.tcp_syn_retries), in milliseconds from the first.
const PLATEAUS_MS: [f64; 3] = [1_000.0, 3_000.0, 7_000.0];
/// How far a connect lies above its plateau at most, in milliseconds: the round trip.
const ABOVE_MS_MAX: f64 = 350.0;

fn queue_full(case: &Case<'_>) -> Option<Sentence> {
    let (queued, backlog) = whole::queue(case).filter(|queue| whole::is_full(*queue))?;
    Some(
        Sentence::new(Code::SynQueueFull)
            .figure("queued", &case.count(Expr::value(queued))?)
            .figure("backlog", &case.count(Expr::value(backlog))?),
    )
}

/// The silent address is the first of several, and another one is served: that is F03.
fn first_address_alone(case: &Case<'_>) -> Option<Sentence> {
    let symptom = case.ailing(Ailment::Unreachable)?;
    let served = symptom::served_beside(case.evidence, &symptom.object)?;
    let took = case.evidence.find(FactKey::ConnectMs, &served.object)?;
    let says = Sentence::new(Code::FamilyServed).name("address", &served.object, served);
    Some(says.figure("time", &case.ms(Expr::median(took))?))
}

/// The share of connects that ended with a repeat, 0 to 1.
fn repeated_share(connects: &Fact) -> f64 {
    let Value::Samples(samples) = &connects.value else { return 0.0 };
    let late = samples.iter().filter(|ms| is_plateau(**ms)).count();
    late as f64 / samples.len().max(1) as f64
}

fn is_plateau(ms: f64) -> bool {
    PLATEAUS_MS.iter().any(|plateau| (*plateau..plateau + ABOVE_MS_MAX).contains(&ms))
}

fn examine(case: &Case<'_>) -> Judgement {
    let repeats = case.evidence.any(FactKey::SynRetransmits);
    let Some(repeats) = repeats else { return Judgement::lacking(case, CAUSE.required[1]) };
    let repeated = repeats.value.number().is_some_and(|count| count > 0.0);
    if let Some(symptom) = case.ailing(Ailment::Unreachable).filter(|_| repeated) {
        return filtered(case, symptom, repeats)
            .unwrap_or_else(|| Judgement::lacking(case, &[FactKey::ListenerPid]));
    }
    let late = case.slow().find_map(|symptom| {
        let connects = case.evidence.find(FactKey::HttpConnectMs, &symptom.object)?;
        let median = connects.value.number()?;
        let total = case.evidence.median(FactKey::HttpTotalMs, &symptom.object)?;
        let lost = repeated_share(connects) >= 0.6 && median >= total * 0.6;
        lost.then_some((symptom, connects))
    });
    let judged = match late.filter(|_| repeated) {
        Some((symptom, connects)) => lost(case, symptom, (connects, repeats)),
        None => answered(case),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

/// Nothing comes back although a socket listens there and has room.
fn filtered(case: &Case<'_>, symptom: &Symptom, repeats: &Fact) -> Option<Judgement> {
    let outcome = case.evidence.find(FactKey::ConnectOutcome, &symptom.object)?;
    let is_silent = outcome.value == Value::from("timeout");
    let text = case.evidence.text(FactKey::ConnectOutcome, &symptom.object)?;
    let waited = case.evidence.find(FactKey::ConnectMs, &symptom.object)?;
    let ended = ended(case, &symptom.object)?;
    if !is_silent {
        return Some(Judgement::RuledOut(ended));
    }
    let holder = case.evidence.any(FactKey::ListenerPid)?;
    let (queued, backlog) = whole::queue(case)?;
    let says = Sentence::new(Code::SynFiltered)
        .name("address", &symptom.object, outcome)
        .name("outcome", text, outcome)
        .figure("time", &case.ms(Expr::median(waited))?)
        .figure("pid", &case.pid(holder)?)
        .figure("queued", &case.count(Expr::value(queued))?)
        .figure("backlog", &case.count(Expr::value(backlog))?);
    let links = chain::of([Some(ended), repeated_link(case, repeats)]);
    Some(named(symptom, &symptom.object, says, links))
}

/// Connecting ends with a repeat.
fn lost(
    case: &Case<'_>,
    symptom: &Symptom,
    (connects, repeats): (&Fact, &Fact),
) -> Option<Judgement> {
    let connect = case.ms(Expr::median(connects))?;
    let total = case.evidence.find(FactKey::HttpTotalMs, &symptom.object)?;
    let says = Sentence::new(Code::SynLost)
        .name("path", &symptom.path, total)
        .figure("time", &case.ms(Expr::median(total))?)
        .figure("connect", &connect);
    let plateau = Sentence::new(Code::SynPlateau).figure("connect", &connect);
    // What is lost is lost on the way to an address, whatever is asked for there.
    let address = case.evidence.any(FactKey::ConnectOutcome).map(|fact| fact.object.as_str());
    let links = [
        chain::timing(case, &symptom.object),
        Some(plateau),
        repeated_link(case, repeats),
        address.and_then(|address| ended(case, address)),
    ];
    let object = address.unwrap_or(&symptom.object);
    Some(named(symptom, object, says, chain::of(links)))
}

fn named(symptom: &Symptom, object: &str, says: Sentence, links: Vec<Sentence>) -> Judgement {
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: object.to_owned(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: None,
        grade: Grade::Observed,
    })
}

fn repeated_link(case: &Case<'_>, repeats: &Fact) -> Option<Sentence> {
    let count = case.count(Expr::value(repeats))?;
    Some(Sentence::new(Code::SynRepeated).figure("count", &count))
}

fn answered(case: &Case<'_>) -> Option<Judgement> {
    let of_slow =
        case.slow().find_map(|symptom| case.evidence.find(FactKey::HttpConnectMs, &symptom.object));
    let any = || case.evidence.any(FactKey::HttpConnectMs);
    let fact = of_slow.or_else(any).or_else(|| case.evidence.any(FactKey::ConnectMs))?;
    let connect = case.ms(Expr::median(fact))?;
    Some(Judgement::RuledOut(Sentence::new(Code::SynAnswered).figure("connect", &connect)))
}

/// How a plain connect to this address ended.
pub(super) fn ended(case: &Case<'_>, address: &str) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::ConnectOutcome, address)?;
    let outcome = case.evidence.text(FactKey::ConnectOutcome, address)?;
    Some(
        Sentence::new(Code::ConnectEnded)
            .name("address", address, fact)
            .name("outcome", outcome, fact),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn silent(queued: i64) -> Bed {
        let listener = "127.0.0.1:8000 inode 77";
        Bed::new()
            .with(|bed| sample::server_behind(bed, "timeout"))
            .fact(FactKey::ListenerQueued, listener, queued)
            .fact(FactKey::ListenerBacklog, listener, 2)
            .fact(FactKey::SynRetransmits, "host", 2)
    }

    #[test]
    fn silence_before_a_listener_with_room_is_a_filter_on_the_way() {
        let finding = assert_found(judge(&CAUSE, silent(0)));
        assert_eq!(finding.says.code, Code::SynFiltered);
    }

    #[test]
    fn three_seconds_of_connecting_with_repeats_is_found() {
        let bed = Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/a", &[3015.0; 30])
            .samples(FactKey::HttpConnectMs, "/a", &[3011.0; 30])
            .fact(FactKey::SynRetransmits, "host", 60);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.says.code, Code::SynLost);
        assert_eq!(finding.object, "127.0.0.1:8000");
    }

    #[test]
    fn a_full_accept_queue_drops_them_itself_and_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, silent(3)), Code::SynQueueFull);
    }

    #[test]
    fn a_slow_handler_behind_a_quick_connect_is_ruled_out() {
        let bed = Bed::new().with(sample::blocked_loop).fact(FactKey::SynRetransmits, "host", 4);
        assert_ruled_out(judge(&CAUSE, bed), Code::SynAnswered);
    }
}
