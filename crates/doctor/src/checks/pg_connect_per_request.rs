//! F59: the server makes a connection to PostgreSQL for every request and keeps none.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure};
use crate::postgres::{self, Doing};
use crate::sentence::Sentence;
use crate::words::Code;

/// Fewer new sessions than this are a pool that fills.
const OPENED_MIN: f64 = 20.0;
/// New sessions for this share of the requests, some of which need no database.
const OPENED_SHARE_MIN: f64 = 0.25;

/// Sessions are opened about as often as requests are sent, and none is kept at rest.
pub(super) const CAUSE: Cause = Cause {
    id: "F59",
    slug: "postgres-connection-per-request",
    title: Code::PgConnectTitle,
    nature: Nature::Both,
    required: &[&[FactKey::PgSessionsOpened], &[FactKey::PgServerSockets]],
    supporting: &[FactKey::PgWaits, FactKey::PgConnectionsByApp],
    refutes: &[],
    look_alikes: &["F51", "F53"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let evidence = case.evidence;
    let last = evidence.all(FactKey::PgServerSockets).next_back();
    let (Some(opened), Some(sockets)) = (evidence.any(FactKey::PgSessionsOpened), last) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let judged = match sockets.value.number() {
        Some(kept) if kept >= 1.0 => keeps(case, opened, sockets),
        _ if churns(opened) => {
            latency(case, opened, sockets).or_else(|| hygiene(case, opened, sockets))
        }
        _ => counted(case, opened, Code::PgConnectKept).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn churns(opened: &Fact) -> bool {
    let requests = opened.n.max(1) as f64;
    opened
        .value
        .number()
        .is_some_and(|opened| opened >= OPENED_MIN && opened / requests >= OPENED_SHARE_MIN)
}

fn counted(case: &Case<'_>, opened: &Fact, code: Code) -> Option<Sentence> {
    Some(
        Sentence::new(code)
            .figure("opened", &case.count(Expr::value(opened))?)
            .figure("requests", &case.count(Expr::n(opened))?),
    )
}

fn keeps(case: &Case<'_>, opened: &Fact, sockets: &Fact) -> Option<Judgement> {
    let sessions = case.count(Expr::value(sockets))?;
    let says = Sentence::new(Code::PgConnectKeeps).figure("sessions", &sessions);
    Some(Judgement::RuledOut(says.cite(opened)))
}

fn hygiene(case: &Case<'_>, opened: &Fact, sockets: &Fact) -> Option<Judgement> {
    let says = counted(case, opened, Code::PgConnect)?.cite(sockets);
    Some(found(opened, says, Vec::new(), (Vec::new(), None, Grade::Proven)))
}

/// A slow endpoint that spends its time being connected.
fn latency(case: &Case<'_>, opened: &Fact, sockets: &Fact) -> Option<Judgement> {
    let (symptom, waits, share, grade) = case.slow().find_map(|symptom| {
        let waits = postgres::waits(case.evidence, symptom)?;
        let connecting = waits.share_expr(Doing::Connecting).times(case.inside_share(symptom));
        let share = case.share(connecting)?;
        let grade = Grade::of(share.value, 0)?;
        Some((symptom, waits, share, grade))
    })?;
    let says = counted(case, opened, Code::PgConnectSlow)?
        .name("path", &symptom.path, timed_fact(case, symptom)?)
        .figure("time", &case.time(symptom)?)
        .figure("share", &share)
        .cite(sockets);
    let links = postgres::backend_links(case, symptom, &waits, Doing::Connecting);
    Some(found(opened, says, links, (vec![symptom.object.clone()], Some(share), grade)))
}

fn found(
    opened: &Fact,
    says: Sentence,
    links: Vec<Sentence>,
    (explains, share, grade): (Vec<String>, Option<Figure>, Grade),
) -> Judgement {
    let object = opened.object.clone();
    let chain = chain::of(links.into_iter().map(Some));
    Judgement::found(Finding { cause: CAUSE.id, object, says, chain, explains, share, grade })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self as plain, Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres::{self as sample, DB};

    fn quick(bed: Bed) -> Bed {
        plain::fast(bed.with(plain::server).with(sample::database), "/orders")
    }

    fn churning(bed: Bed) -> Bed {
        bed.counted(FactKey::PgSessionsOpened, "x", 0, 0).fact(
            FactKey::PgServerSockets,
            "target",
            0,
        )
    }

    #[test]
    fn a_session_for_every_request_is_found_as_hygiene() {
        let bed = plain::fast(Bed::new().with(plain::server), "/orders")
            .fact(FactKey::PgConnectOutcome, DB, "connected")
            .counted(FactKey::PgSessionsOpened, DB, 90, 180)
            .fact(FactKey::PgServerSockets, "target", 0);
        assert!(assert_found(judge(&CAUSE, bed)).is_hygiene());
    }

    #[test]
    fn a_request_that_is_long_in_connecting_is_found_as_its_cause() {
        let bed = Bed::new()
            .counted(FactKey::PgSessionsOpened, DB, 90, 180)
            .with(sample::slow)
            .with(|bed| sample::backend(bed, &[("connecting", 70), ("working", 10)], 0.0))
            .fact(FactKey::PgServerSockets, "target", 0);
        assert_eq!(assert_found(judge(&CAUSE, bed)).explains, ["/orders"]);
    }

    #[test]
    fn a_pool_that_keeps_its_connections_is_ruled_out() {
        let bed = Bed::new().with(quick);
        assert_ruled_out(judge(&CAUSE, bed), Code::PgConnectKeeps);
    }

    #[test]
    fn few_new_sessions_are_ruled_out_though_none_is_kept() {
        let bed = Bed::new().with(quick).with(churning);
        assert_ruled_out(judge(&CAUSE, bed), Code::PgConnectKept);
    }
}
