//! F61: PostgreSQL is down, starting, or in recovery, and lets nobody in or write.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Missing, Value};
use crate::postgres;
use crate::sentence::Sentence;
use crate::symptom::Ailment;
use crate::words::Code;

/// Ends of a connect that say nothing about us: the network's words, and SQLSTATE class 57P
/// (operator intervention: shutdown, crash shutdown, cannot connect now).
const DOWN: [&str; 6] = ["refused", "reset", "timeout", "57P01", "57P02", "57P03"];
/// What PostgreSQL says when a standby is asked to write (SQLSTATE 25006).
const READ_ONLY: &str = "read-only transaction";

/// Connecting to the database that was named is refused, and not because of our credentials.
pub(super) const CAUSE: Cause = Cause {
    id: "F61",
    slug: "postgres-does-not-answer",
    title: Code::PgDownTitle,
    nature: Nature::Both,
    required: &[&[FactKey::PgConnectOutcome]],
    supporting: &[FactKey::PgInRecovery, FactKey::HttpErrors, FactKey::HttpBodyText],
    refutes: &[],
    look_alikes: &["F53", "F51"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some(fact) = case.evidence.any(FactKey::PgConnectOutcome) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Value::Text(outcome) = &fact.value else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    match outcome.as_str() {
        "connected" => writes_refused(case, fact).or_else(|| up(case, fact)),
        "53300" => up(case, fact),
        down if DOWN.contains(&down) => {
            let code = if down.starts_with("57P") { Code::PgDownStarting } else { Code::PgDown };
            let says = Sentence::new(code).name("database", &fact.object, fact);
            Some(found(case, fact, says.name("outcome", down, fact)))
        }
        // Our own name, password or database was refused: that says nothing about the server's.
        _ => None,
    }
    .unwrap_or_else(|| {
        let told = case.evidence.any_gap(FactKey::PgVersion).map(|gap| gap.reason.clone());
        Judgement::CannotTell(vec![Missing {
            key: FactKey::PgConnectOutcome,
            object: fact.object.clone(),
            reason: told.unwrap_or_else(|| format!("connecting ended with {outcome}")),
        }])
    })
}

/// It answers: with a session, or by saying that it has no slot left.
fn up(case: &Case<'_>, fact: &Fact) -> Option<Judgement> {
    let version = case.evidence.any(FactKey::PgVersion);
    let says = match version.map(|version| (&version.value, version)) {
        Some((Value::Text(text), version)) => {
            Sentence::new(Code::PgUp).name("version", text, version).cite(fact)
        }
        _ => {
            let Value::Text(outcome) = &fact.value else { return None };
            Sentence::new(Code::ConnectEnded)
                .name("address", &fact.object, fact)
                .name("outcome", outcome, fact)
        }
    };
    Some(Judgement::RuledOut(says))
}

/// A standby refuses writes, and an endpoint fails with just that.
fn writes_refused(case: &Case<'_>, fact: &Fact) -> Option<Judgement> {
    let recovering = case.evidence.any(FactKey::PgInRecovery)?;
    (recovering.value == Value::Bool(true)).then_some(())?;
    let failing = case.symptoms.iter().filter(|symptom| symptom.ailment == Ailment::Failing);
    let (symptom, said, text) = failing
        .filter_map(|symptom| {
            let said = case.evidence.find(FactKey::HttpBodyText, &symptom.object)?;
            match &said.value {
                Value::Text(text) if text.contains(READ_ONLY) => Some((symptom, said, text)),
                _ => None,
            }
        })
        .next()?;
    let version = case.evidence.any(FactKey::PgVersion)?;
    let Value::Text(number) = &version.value else { return None };
    let says = Sentence::new(Code::PgDownWrites)
        .name("version", number, version)
        .name("database", &fact.object, fact)
        .name("path", &symptom.path, said)
        .name("text", text, said)
        .cite(recovering);
    Some(found(case, fact, says))
}

fn found(case: &Case<'_>, fact: &Fact, says: Sentence) -> Judgement {
    let explains = postgres::ailing(case);
    let links = chain::of(explains.iter().take(3).map(|at| chain::failed(case, at)));
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: fact.object.clone(),
        says,
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
        bed.with(plain::server).samples(FactKey::HttpTotalMs, "/orders", &[9.0; 30]).counted(
            FactKey::HttpErrors,
            "/orders",
            30,
            30,
        )
    }

    #[test]
    fn a_database_that_refuses_everybody_is_found() {
        for outcome in ["refused", "57P03"] {
            let bed = Bed::new().with(failing).fact(FactKey::PgConnectOutcome, DB, outcome);
            let finding = assert_found(judge(&CAUSE, bed));
            assert_eq!((finding.object.as_str(), finding.explains.len()), (DB, 1));
        }
    }

    #[test]
    fn a_standby_that_refuses_a_write_is_found_by_what_the_endpoint_says() {
        let bed = Bed::new()
            .with(failing)
            .fact(
                FactKey::HttpBodyText,
                "/orders",
                "cannot execute UPDATE in a read-only transaction",
            )
            .fact(FactKey::PgConnectOutcome, DB, "connected")
            .fact(FactKey::PgVersion, DB, "15.14")
            .fact(FactKey::PgInRecovery, DB, true);
        assert_found(judge(&CAUSE, bed));
    }

    #[test]
    fn a_database_without_a_free_slot_is_ruled_out_as_down() {
        let bed = Bed::new().with(failing).fact(FactKey::PgConnectOutcome, DB, "53300");
        assert_ruled_out(judge(&CAUSE, bed), Code::ConnectEnded);
        let bed = Bed::new().with(failing).with(sample::database);
        assert_ruled_out(judge(&CAUSE, bed), Code::PgUp);
    }

    #[test]
    fn a_refused_password_of_our_own_says_nothing_about_the_server() {
        let bed = Bed::new().with(failing).fact(FactKey::PgConnectOutcome, DB, "28P01");
        assert!(matches!(judge(&CAUSE, bed), Judgement::CannotTell(_)));
    }
}
