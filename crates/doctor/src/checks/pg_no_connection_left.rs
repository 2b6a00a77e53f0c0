//! F53: PostgreSQL has no connection left for ordinary roles.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure, Unit};
use crate::postgres;
use crate::sentence::Sentence;
use crate::threads::most_frequent;
use crate::words::Code;

/// SQLSTATE `too_many_connections` (PostgreSQL documentation, appendix A).
const TOO_MANY: &str = "53300";

/// Our own connecting is refused with 53300, or every slot that ordinary roles get is in use.
pub(super) const CAUSE: Cause = Cause {
    id: "F53",
    slug: "postgres-no-connection-left",
    title: Code::PgSlotsTitle,
    nature: Nature::Both,
    required: &[&[FactKey::PgConnectOutcome]],
    supporting: &[
        FactKey::PgConnectionsUsed,
        FactKey::PgMaxConnections,
        FactKey::PgReservedConnections,
        FactKey::PgConnectionsByApp,
    ],
    refutes: &[],
    look_alikes: &["F61", "F51", "F59"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some(outcome) = case.evidence.any(FactKey::PgConnectOutcome) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if outcome.value == Value::Text(TOO_MANY.to_owned()) {
        let says = Sentence::new(Code::PgSlotsRefused)
            .name("database", &outcome.object, outcome)
            .name("state", TOO_MANY, outcome);
        return found(case, outcome, outcome.object.clone(), says);
    }
    let Some((used, most)) = slots(case) else {
        return Judgement::lacking(case, &[FactKey::PgConnectionsUsed]);
    };
    if used.value < most.value {
        return Judgement::RuledOut(
            Sentence::new(Code::PgSlotsFree).figure("used", &used).figure("most", &most),
        );
    }
    let full = case.evidence.any(FactKey::PgConnectionsByApp).and_then(|fact| {
        let application = most_frequent(fact)?;
        let count = case.count(Expr::count(fact, application))?;
        let says = Sentence::new(Code::PgSlotsFull)
            .figure("used", &used)
            .figure("most", &most)
            .figure("count", &count)
            .name("application", application, fact);
        Some((application.to_owned(), says))
    });
    match full {
        Some((application, says)) => found(case, outcome, application, says),
        None => Judgement::lacking(case, &[FactKey::PgConnectionsByApp]),
    }
}

/// How many slots are in use, and how many ordinary roles can have.
fn slots(case: &Case<'_>) -> Option<(Figure, Figure)> {
    let used = case.evidence.any(FactKey::PgConnectionsUsed)?;
    let most = case.evidence.any(FactKey::PgMaxConnections)?;
    let reserved = case.evidence.any(FactKey::PgReservedConnections)?;
    let usable = Expr::value(most).less(Expr::value(reserved));
    Some((case.count(Expr::value(used))?, Figure::of(usable, Unit::Count, case.evidence)?))
}

fn found(case: &Case<'_>, outcome: &Fact, object: String, says: Sentence) -> Judgement {
    let explains = postgres::ailing(case);
    let mut links: Vec<Sentence> =
        chain::of(explains.iter().take(3).map(|at| chain::failed(case, at)));
    if let (Value::Text(text), true) = (&outcome.value, links.is_empty()) {
        links.push(
            Sentence::new(Code::ConnectEnded)
                .name("address", &outcome.object, outcome)
                .name("outcome", text, outcome),
        );
    }
    Judgement::found(Finding {
        cause: CAUSE.id,
        object,
        says: says.cite(outcome),
        chain: links,
        explains,
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self as plain, Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres::{self as sample, DB};

    fn failing(bed: Bed) -> Bed {
        bed.samples(FactKey::HttpTotalMs, "/orders", &[9.0; 30]).counted(
            FactKey::HttpErrors,
            "/orders",
            30,
            30,
        )
    }

    #[test]
    fn a_server_without_a_free_slot_is_found_with_the_greatest_holder() {
        let bed = Bed::new()
            .with(plain::server)
            .with(sample::database)
            .with(failing)
            .fact(FactKey::PgConnectionsUsed, "x", 1)
            .fact(FactKey::PgMaxConnections, "x", 1);
        assert_ruled_out(judge(&CAUSE, bed), Code::PgSlotsFree);
        let bed = Bed::new()
            .with(plain::server)
            .with(failing)
            .fact(FactKey::PgConnectOutcome, DB, "connected")
            .fact(FactKey::PgConnectionsUsed, DB, 97)
            .fact(FactKey::PgMaxConnections, DB, 100)
            .fact(FactKey::PgReservedConnections, DB, 3)
            .counts(FactKey::PgConnectionsByApp, DB, &[("batch (ada)", 90), ("api (app)", 7)]);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "batch (ada)");
        assert_eq!(finding.explains, ["/orders"]);
    }

    #[test]
    fn a_refusal_of_our_own_is_found_without_a_session() {
        let bed = Bed::new().with(plain::server).with(failing).fact(
            FactKey::PgConnectOutcome,
            DB,
            "53300",
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, DB);
    }

    #[test]
    fn a_server_that_is_down_is_not_told_to_be_full() {
        let bed = Bed::new().with(plain::server).with(failing).fact(
            FactKey::PgConnectOutcome,
            DB,
            "refused",
        );
        assert!(matches!(judge(&CAUSE, bed), Judgement::CannotTell(_)));
    }
}
