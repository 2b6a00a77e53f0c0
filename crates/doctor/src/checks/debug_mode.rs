//! F34: the server runs in debug or reload mode.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{FactKey, Value, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// A word of the command line; a fact about the configuration, and never a cause by itself.
pub(super) const CAUSE: Cause = Cause {
    id: "F34",
    slug: "debug-or-reload-mode",
    title: Code::DebugTitle,
    nature: Nature::Hygiene,
    required: &[&[FactKey::FrameworkReload], &[FactKey::FrameworkWorkers]],
    supporting: &[FactKey::ProcessCmdline, FactKey::FrameworkName],
    refutes: &[],
    look_alikes: &["F17"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some((pid, _)) = case.server() else {
        return Judgement::lacking(case, &[FactKey::TargetPid]);
    };
    let find = |key| case.evidence.find(key, &object::process(pid));
    let (reload, workers) = (find(FactKey::FrameworkReload), find(FactKey::FrameworkWorkers));
    let (Some(reload), Some(workers)) = (reload, workers) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    if reload.value != Value::Bool(true) {
        let says = Sentence::new(Code::DebugNot).name("pid", pid.to_string(), reload);
        return Judgement::RuledOut(says);
    }
    let Some(count) = case.count(Expr::value(workers)) else {
        return Judgement::lacking(case, CAUSE.required[1]);
    };
    let says =
        Sentence::new(Code::Debug).name("pid", pid.to_string(), reload).figure("workers", &count);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: pid.to_string(),
        says: case.command(says, pid),
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn mode(reload: bool) -> Bed {
        Bed::new().with(sample::server).fact(FactKey::FrameworkReload, "4100", reload).fact(
            FactKey::FrameworkWorkers,
            "4100",
            1,
        )
    }

    #[test]
    fn a_server_with_a_watcher_is_found_and_explains_no_latency() {
        assert!(assert_found(judge(&CAUSE, mode(true))).is_hygiene());
    }

    #[test]
    fn a_server_of_one_worker_without_a_watcher_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, mode(false)), Code::DebugNot);
    }
}
