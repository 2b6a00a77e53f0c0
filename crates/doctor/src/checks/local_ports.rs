//! F09: the local ports for outgoing connections are exhausted.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// Nearly every port of the range is in use towards one peer.
pub(super) const CAUSE: Cause = Cause {
    id: "F09",
    slug: "local-ports-exhausted",
    title: Code::PortsTitle,
    nature: Nature::Both,
    required: &[&[FactKey::EphemeralPorts]],
    supporting: &[FactKey::EphemeralInUse, FactKey::HttpBodyText, FactKey::HttpErrors],
    refutes: &[],
    look_alikes: &["F11", "F06", "F64"],
    bound: None,
    examine,
};

/// From this share of the range on the next connection fails: the kernel gives even ports first
/// and searches the others only for a while.
const SHARE_MIN: f64 = 0.95;
/// How the error is worded by C libraries, Node, and Go and Rust (EADDRNOTAVAIL, errno 99).
const WORDS: [&str; 3] = ["cannot assign requested address", "eaddrnotavail", "errno 99"];

fn examine(case: &Case<'_>) -> Judgement {
    let Some(ports) = case.evidence.find(FactKey::EphemeralPorts, object::HOST) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let used = case.evidence.all(FactKey::EphemeralInUse).max_by_key(|fact| match fact.value {
        Value::Int(used) => used,
        _ => 0,
    });
    let judged = match used {
        Some(used) if is_exhausted(used, ports) => name(case, used, ports),
        Some(used) => of_range(case, Code::PortsUsed, used, ports).map(Judgement::RuledOut),
        None => case.count(Expr::value(ports)).map(|count| {
            Judgement::RuledOut(Sentence::new(Code::PortsEnough).figure("ports", &count))
        }),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn is_exhausted(used: &Fact, ports: &Fact) -> bool {
    match (&used.value, &ports.value) {
        (Value::Int(used), Value::Int(ports)) => *used as f64 >= *ports as f64 * SHARE_MIN,
        _ => false,
    }
}

fn of_range(case: &Case<'_>, code: Code, used: &Fact, ports: &Fact) -> Option<Sentence> {
    Some(
        Sentence::new(code)
            .figure("used", &case.count(Expr::value(used))?)
            .figure("ports", &case.count(Expr::value(ports))?)
            .name("peer", &used.object, used),
    )
}

fn name(case: &Case<'_>, used: &Fact, ports: &Fact) -> Option<Judgement> {
    let (pid, server) = case.server()?;
    // Only an endpoint that says so fails for this reason.
    let says_so = whole::says_one_of(case, &WORDS);
    let says = of_range(case, Code::Ports, used, ports)?.name("pid", pid.to_string(), server);
    let errors = says_so.iter().map(|(fact, text)| {
        let says = Sentence::new(Code::PortsError).name("path", &fact.object, fact);
        Some(says.name("text", *text, fact))
    });
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: used.object.clone(),
        says,
        chain: chain::of(errors),
        explains: says_so.iter().map(|(fact, _)| fact.object.clone()).collect(),
        share: None,
        grade: Grade::Proven,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn failing(used: i64) -> Bed {
        Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/out", &[3.0; 30])
            .counted(FactKey::HttpErrors, "/out", 30, 30)
            .fact(FactKey::HttpBodyText, "/out", "[Errno 99] Cannot assign requested address")
            .fact(FactKey::EphemeralPorts, "host", 400)
            .fact(FactKey::EphemeralInUse, "127.0.0.1:9000", used)
    }

    #[test]
    fn a_range_used_up_towards_one_peer_is_found_by_that_peer() {
        let finding = assert_found(judge(&CAUSE, failing(400)));
        assert_eq!((finding.object.as_str(), finding.explains.len()), ("127.0.0.1:9000", 1));
    }

    #[test]
    fn half_a_range_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, failing(200)), Code::PortsUsed);
    }

    #[test]
    fn an_upstream_that_is_down_leaves_the_ports_free_and_is_ruled_out() {
        let bed = Bed::new().with(sample::server).fact(FactKey::EphemeralPorts, "host", 28_232);
        assert_ruled_out(judge(&CAUSE, bed), Code::PortsEnough);
    }
}
