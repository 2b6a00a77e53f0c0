//! F28: the server's processes end again and again.

use super::oom_killed::{self, gone, kills};
use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{FactKey, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// Two serving processes and more ended during the examination, and requests broke off with them.
pub(super) const CAUSE: Cause = Cause {
    id: "F28",
    slug: "server-crash-loop",
    title: Code::CrashTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ServersGone]],
    supporting: &[FactKey::ServersLivedMs, FactKey::HttpErrorKinds, FactKey::ServersSeen],
    refutes: &[killed],
    look_alikes: &["F25", "F01"],
    bound: None,
    examine,
};

/// How a request ends whose process ends.
const BROKEN_OFF: [&str; 3] = ["closed", "reset", "refused"];

fn killed(case: &Case<'_>) -> Option<Sentence> {
    let (fact, kills) = kills(case)?;
    let (gone, pids) = gone(case)?;
    let by_memory = oom_killed::killed(fact, &kills, pids.len()) && !pids.is_empty();
    by_memory
        .then(|| Sentence::new(Code::CrashKilled).figure("kills", &kills).cite(fact).cite(gone))
}

/// The symptoms whose requests were mostly broken off, as those of a server that ended are.
pub(super) fn broken_off(case: &Case<'_>) -> Vec<Sentence> {
    let of = |symptom: &Symptom| {
        let kinds = case.evidence.find(FactKey::HttpErrorKinds, &symptom.object)?;
        let kind = crate::threads::most_frequent(kinds).filter(|k| BROKEN_OFF.contains(k))?;
        let count = case.count(Expr::count(kinds, kind))?;
        let says = Sentence::new(Code::CrashKinds).figure("count", &count);
        Some(says.name("path", &symptom.object, kinds).name("kind", kind, kinds))
    };
    case.symptoms.iter().filter_map(of).collect()
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some((fact, pids)) = gone(case) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Some(count) = case.count(Expr::len(fact)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let broken = broken_off(case);
    // Workers that are replaced by plan end between requests, and break none off.
    if pids.len() < 2 || broken.is_empty() {
        return Judgement::RuledOut(Sentence::new(Code::CrashNone).figure("count", &count));
    }
    let lived = case.evidence.find(FactKey::ServersLivedMs, object::TARGET);
    let Some(lived) = lived.and_then(|fact| case.ms(Expr::median(fact))) else {
        return Judgement::lacking(case, &[FactKey::ServersLivedMs]);
    };
    let says = Sentence::new(Code::Crash)
        .figure("count", &count)
        .name("pids", pids.join(", "), fact)
        .figure("lived", &lived);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: pids.join(", "),
        says,
        chain: chain::of(broken.into_iter().map(Some)),
        explains: whole::explains_failing(case),
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn ended(gone: &[&str], kind: &str) -> Bed {
        Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/a", &[3.0; 30])
            .counted(FactKey::HttpErrors, "/a", 6, 30)
            .counts(FactKey::HttpErrorKinds, "/a", &[(kind, 6)])
            .list(FactKey::ServersGone, "target", gone)
            .samples(FactKey::ServersLivedMs, "target", &[900.0; 3])
    }

    #[test]
    fn processes_that_end_and_break_requests_off_are_found_by_their_pids() {
        let finding = assert_found(judge(&CAUSE, ended(&["4100", "4120"], "closed")));
        assert_eq!(finding.explains, ["/a"]);
    }

    #[test]
    fn a_worker_that_is_replaced_once_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, ended(&["4100"], "closed")), Code::CrashNone);
    }

    #[test]
    fn failures_that_were_answered_are_ruled_out() {
        assert_ruled_out(judge(&CAUSE, ended(&["4100", "4120"], "status 500")), Code::CrashNone);
    }

    #[test]
    fn processes_the_kernel_killed_for_memory_are_ruled_out() {
        let bed = ended(&["4100", "4120"], "closed").fact(FactKey::CgroupOomKills, "4100", 2);
        assert_ruled_out(judge(&CAUSE, bed), Code::CrashKilled);
    }
}
