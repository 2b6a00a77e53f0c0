//! F03: a name stands first for an address that nobody serves, and clients wait on it.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom;
use crate::words::Code;

/// The first of the name's addresses leaves connections unanswered, and another one is served.
pub(super) const CAUSE: Cause = Cause {
    id: "F03",
    slug: "first-address-of-name-not-served",
    title: Code::FamilyTitle,
    nature: Nature::Access,
    required: &[&[FactKey::AddressOrder], &[FactKey::ConnectOutcome], &[FactKey::ConnectMs]],
    supporting: &[FactKey::ListenerFamily],
    refutes: &[],
    look_alikes: &["F01", "F05", "F10"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some(order) = case.evidence.find(FactKey::AddressOrder, object::TARGET) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Value::List(addresses) = &order.value else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Some(first) = addresses.first() else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if addresses.len() == 1 {
        return Judgement::RuledOut(Sentence::new(Code::FamilyOne).name("address", first, order));
    }
    let served = symptom::served_beside(case.evidence, first);
    let judged = match served {
        Some(served) => name(case, (order, addresses), first, served),
        None => tried(case, Code::FamilyAtOnce, first).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[2]))
}

/// How connecting to an address ended and after what time.
fn tried(case: &Case<'_>, code: Code, address: &str) -> Option<Sentence> {
    let outcome = case.evidence.find(FactKey::ConnectOutcome, address)?;
    let took = case.evidence.find(FactKey::ConnectMs, address)?;
    let Value::Text(text) = &outcome.value else { return None };
    let says = Sentence::new(code).name("address", address, outcome);
    Some(says.name("outcome", text, outcome).figure("time", &case.ms(Expr::median(took))?))
}

fn name(
    case: &Case<'_>,
    (order, addresses): (&Fact, &[String]),
    first: &str,
    served: &Fact,
) -> Option<Judgement> {
    let says = tried(case, Code::Family, first)?.name("served", &served.object, served).cite(order);
    let took = case.evidence.find(FactKey::ConnectMs, &served.object)?;
    let links = chain::of([
        Some(Sentence::new(Code::FamilyOrder).name("order", addresses.join(", "), order)),
        Some(
            Sentence::new(Code::FamilyServed)
                .name("address", &served.object, served)
                .figure("time", &case.ms(Expr::median(took))?),
        ),
    ]);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: first.to_owned(),
        says,
        chain: links,
        explains: vec![first.to_owned()],
        share: None,
        grade: Grade::Proven,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn two_families(outcome: &str, took_ms: f64) -> Bed {
        sample::fast(Bed::new().with(sample::server), "/health")
            .list(FactKey::AddressOrder, "target", &["[::1]:8000", "127.0.0.1:8000"])
            .fact(FactKey::ConnectOutcome, "[::1]:8000", outcome)
            .samples(FactKey::ConnectMs, "[::1]:8000", &[took_ms])
            .samples(FactKey::ConnectMs, "127.0.0.1:8000", &[0.2])
    }

    #[test]
    fn a_first_address_that_swallows_connections_is_found() {
        let finding = assert_found(judge(&CAUSE, two_families("timeout", 4000.0)));
        assert_eq!(finding.object, "[::1]:8000");
        assert_eq!(finding.explains, ["[::1]:8000"]);
    }

    #[test]
    fn a_first_address_that_refuses_at_once_harms_nobody_and_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, two_families("refused", 0.1)), Code::FamilyAtOnce);
    }

    #[test]
    fn a_literal_address_is_ruled_out() {
        let bed = Bed::new().with(sample::server).list(
            FactKey::AddressOrder,
            "target",
            &["127.0.0.1:8000"],
        );
        let bed = bed.samples(FactKey::ConnectMs, "127.0.0.1:8000", &[0.2]);
        assert_ruled_out(judge(&CAUSE, bed), Code::FamilyOne);
    }
}
