//! F25: the kernel kills the server's processes for memory.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, crash_loop, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::words::Code;

/// The cgroup's own count of kills rose, and a serving process ended.
pub(super) const CAUSE: Cause = Cause {
    id: "F25",
    slug: "server-killed-for-memory",
    title: Code::OomTitle,
    nature: Nature::Access,
    required: &[&[FactKey::CgroupOomKills, FactKey::HostOomKills], &[FactKey::ServersGone]],
    supporting: &[FactKey::CgroupMemoryLimit, FactKey::HttpErrorKinds],
    refutes: &[],
    look_alikes: &["F28", "F26"],
    bound: None,
    examine,
};

/// The kills in the server's cgroup; on a machine without a limit above it, all of the machine.
pub(super) fn kills<'a>(case: &Case<'a>) -> Option<(&'a Fact, Figure)> {
    let (pid, _) = case.server()?;
    let of_cgroup = case.evidence.find(FactKey::CgroupOomKills, &object::process(pid));
    let fact = of_cgroup.or_else(|| case.evidence.find(FactKey::HostOomKills, object::HOST))?;
    Some((fact, case.count(Expr::value(fact))?))
}

/// Whether the kills account for the serving processes that ended. The machine's own count holds
/// those of strangers as well: it must reach all of them.
pub(super) fn killed(fact: &Fact, kills: &Figure, ended: usize) -> bool {
    let needed = if fact.key == FactKey::CgroupOomKills { 1 } else { ended.max(1) };
    kills.value >= needed as f64
}

/// The serving processes that ended during the examination.
pub(super) fn gone<'a>(case: &Case<'a>) -> Option<(&'a Fact, &'a [String])> {
    let fact = case.evidence.find(FactKey::ServersGone, object::TARGET)?;
    match &fact.value {
        Value::List(pids) => Some((fact, pids)),
        _ => None,
    }
}

fn examine(case: &Case<'_>) -> Judgement {
    let (Some((fact, kills)), Some((gone, pids))) = (kills(case), gone(case)) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if !killed(fact, &kills, pids.len()) {
        let says = Sentence::new(Code::OomNone).figure("kills", &kills).cite(gone);
        return Judgement::RuledOut(says);
    }
    if pids.is_empty() {
        let says = Sentence::new(Code::OomOther).figure("kills", &kills).cite(gone);
        return Judgement::RuledOut(says);
    }
    let says = Sentence::new(Code::Oom)
        .name("pids", pids.join(", "), gone)
        .figure("kills", &kills)
        .cite(fact);
    let broken = crash_loop::broken_off(case).into_iter().map(Some);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: pids.join(", "),
        says,
        chain: chain::of(broken.chain([limit(case)])),
        explains: whole::explains_failing(case),
        share: None,
        grade: Grade::Proven,
    })
}

fn limit(case: &Case<'_>) -> Option<Sentence> {
    let (pid, _) = case.server()?;
    let find = |key| case.evidence.find(key, &object::process(pid));
    let limit = find(FactKey::CgroupMemoryLimit)?;
    let hits = case.count(Expr::value(find(FactKey::CgroupMemoryFailures)?))?;
    let limit = case.bytes(limit).filter(|limit| limit.value > 0.0)?;
    Some(Sentence::new(Code::OomLimit).figure("limit", &limit).figure("hits", &hits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn ended(kills: i64, gone: &[&str]) -> Bed {
        Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/big", &[300.0; 30])
            .counted(FactKey::HttpErrors, "/big", 30, 30)
            .fact(FactKey::CgroupOomKills, "4100", kills)
            .fact(FactKey::CgroupMemoryLimit, "4100", 62_914_560)
            .fact(FactKey::CgroupMemoryFailures, "4100", 40)
            .list(FactKey::ServersGone, "target", gone)
    }

    #[test]
    fn a_worker_the_kernel_killed_is_found_by_its_pid() {
        let finding = assert_found(judge(&CAUSE, ended(2, &["4100", "4120"])));
        assert_eq!((finding.object.as_str(), finding.explains.len()), ("4100, 4120", 1));
    }

    #[test]
    fn a_worker_that_ended_by_itself_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, ended(0, &["4100"])), Code::OomNone);
    }

    #[test]
    fn a_kill_elsewhere_on_the_machine_does_not_account_for_two_processes_and_is_ruled_out() {
        let bed = Bed::new().with(sample::server).fact(FactKey::HostOomKills, "host", 1).list(
            FactKey::ServersGone,
            "target",
            &["4100", "4120"],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::OomNone);
    }

    #[test]
    fn a_killed_process_that_did_not_serve_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, ended(1, &[])), Code::OomOther);
    }
}
