//! F30: the server's cgroup holds as many tasks as it is allowed.

use super::{Cause, Finding, Grade, Judgement, Nature, chain, whole};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::words::Code;

/// `pids.current` has reached `pids.max`, or starts were refused while the examination ran.
pub(super) const CAUSE: Cause = Cause {
    id: "F30",
    slug: "task-limit-reached",
    title: Code::TasksTitle,
    nature: Nature::Both,
    required: &[&[FactKey::CgroupPids], &[FactKey::CgroupPidsLimit]],
    supporting: &[FactKey::CgroupPidsRefused, FactKey::HttpBodyText, FactKey::ProcessThreads],
    refutes: &[],
    look_alikes: &["F06", "F29", "F25"],
    bound: None,
    examine,
};

/// How the error is worded by Python, the C library, Node and Rust (EAGAIN of clone(2)).
const WORDS: [&str; 4] =
    ["can't start new thread", "resource temporarily unavailable", "eagain", "errno 11"];

fn examine(case: &Case<'_>) -> Judgement {
    judged(case).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn judged(case: &Case<'_>) -> Option<Judgement> {
    let (pid, _) = case.server()?;
    let find = |key| case.evidence.find(key, &object::process(pid));
    let (tasks, limit) = (find(FactKey::CgroupPids)?, find(FactKey::CgroupPidsLimit)?);
    let (used, most) = (case.count(Expr::value(tasks))?, case.count(Expr::value(limit))?);
    if most.value < 1.0 {
        let says = Sentence::new(Code::TasksFree).name("pid", pid.to_string(), limit);
        return Some(Judgement::RuledOut(says.figure("limit", &most).cite(tasks)));
    }
    let filled = |code: Code| {
        let says = Sentence::new(code).name("pid", pid.to_string(), tasks);
        says.figure("tasks", &used).figure("limit", &most)
    };
    let refused = find(FactKey::CgroupPidsRefused)
        .and_then(|fact| case.count(Expr::value(fact)))
        .filter(|count| count.value >= 1.0);
    if used.value < most.value && refused.is_none() {
        return Some(Judgement::RuledOut(filled(Code::TasksRoom)));
    }
    Some(found(case, pid, filled(Code::Tasks), refused.as_ref()))
}

fn found(case: &Case<'_>, pid: u32, says: Sentence, refused: Option<&Figure>) -> Judgement {
    let said: Vec<(&Fact, &str)> = whole::says_one_of(case, &WORDS);
    let counted = refused.map(|count| Sentence::new(Code::TasksRefused).figure("count", count));
    let errors = said.iter().map(|(fact, text)| {
        let says = Sentence::new(Code::TasksSaid).name("path", &fact.object, fact);
        Some(says.name("text", *text, fact))
    });
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: pid.to_string(),
        says,
        chain: chain::of([counted].into_iter().chain(errors)),
        explains: said.iter().map(|(fact, _)| fact.object.clone()).collect(),
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn tasks(used: i64, limit: i64) -> Bed {
        Bed::new()
            .with(sample::server)
            .samples(FactKey::HttpTotalMs, "/mail", &[3.0; 30])
            .counted(FactKey::HttpErrors, "/mail", 30, 30)
            .fact(FactKey::HttpBodyText, "/mail", "RuntimeError: can't start new thread")
            .fact(FactKey::CgroupPids, "4100", used)
            .fact(FactKey::CgroupPidsLimit, "4100", limit)
    }

    #[test]
    fn a_full_cgroup_whose_server_cannot_start_a_thread_is_found() {
        assert_eq!(assert_found(judge(&CAUSE, tasks(40, 40))).explains, ["/mail"]);
    }

    #[test]
    fn a_cgroup_with_room_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, tasks(12, 40)), Code::TasksRoom);
        assert_ruled_out(judge(&CAUSE, tasks(0, 0)), Code::TasksFree);
    }
}
