//! F52: connections were taken from the server's pool and never given back.

use super::loop_blocked_by_wait::timed_fact;
use super::pg_pool_exhausted::{self, Starved};
use super::{Cause, Judgement, Nature};
use crate::case::Case;
use crate::evidence::FactKey;
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// The request waits for a connection while all of them lie unused, for longer than any request
/// takes, and no other client is there to use them.
pub(super) const CAUSE: Cause = Cause {
    id: "F52",
    slug: "postgres-pool-leaked",
    title: Code::PgLeakTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::PgWaits],
        &[FactKey::PgPoolTotal],
        &[FactKey::PgPoolUntouchedMs],
    ],
    supporting: &[FactKey::PgInbound, FactKey::PythonStack],
    refutes: &[],
    look_alikes: &["F51", "F49", "F15"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let starved = pg_pool_exhausted::starved(case);
    let Some(first) = starved.first() else { return pg_pool_exhausted::not_starved(case) };
    if !pg_pool_exhausted::is_leaked(case, first) {
        return in_use(case, first);
    }
    let Some(says) = verdict(case, first) else {
        return Judgement::lacking(case, CAUSE.required[3]);
    };
    Judgement::found(pg_pool_exhausted::finding(case, (CAUSE.id, says), &starved, first))
}

/// Somebody uses the connections, or is there to.
fn in_use(case: &Case<'_>, one: &Starved<'_, '_>) -> Judgement {
    let says = if pg_pool_exhausted::clients(&one.pool) >= 1.0 {
        case.count(Expr::median(one.pool.inbound))
            .map(|n| Sentence::new(Code::PgLeakClients).figure("clients", &n))
    } else {
        pg_pool_exhausted::untouched(case, one)
            .map(|(_, age)| Sentence::new(Code::PgLeakTouched).figure("age", &age))
    };
    says.map_or_else(|| Judgement::lacking(case, CAUSE.required[3]), Judgement::RuledOut)
}

fn verdict(case: &Case<'_>, one: &Starved<'_, '_>) -> Option<Sentence> {
    let (_, age) = pg_pool_exhausted::untouched(case, one)?;
    Some(
        Sentence::new(Code::PgLeak)
            .name("path", &one.symptom.path, timed_fact(case, one.symptom)?)
            .figure("time", &case.time(one.symptom)?)
            .figure("sessions", &case.count(Expr::median(one.pool.total))?)
            .figure("age", &age)
            .cite(one.pool.inbound),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample_postgres as sample;

    #[test]
    fn connections_that_nobody_uses_or_gives_back_are_found() {
        let finding = assert_found(judge(&CAUSE, Bed::new().with(sample::leaked_pool)));
        assert_eq!(finding.object, "4100");
    }

    #[test]
    fn connections_in_use_by_other_clients_are_ruled_out_as_a_leak() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::empty_pool)), Code::PgLeakClients);
    }

    #[test]
    fn a_connection_used_just_now_is_ruled_out_as_leaked() {
        let bed =
            Bed::new().with(sample::leaked_pool).fact(FactKey::PgPoolUntouchedMs, "/orders", 900.0);
        assert_ruled_out(judge(&CAUSE, bed), Code::PgLeakTouched);
    }
}
