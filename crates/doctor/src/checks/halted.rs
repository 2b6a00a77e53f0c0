//! F07: the server's process is stopped, frozen or traced.

use super::whole::{self, Halt};
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

/// State T or t of the process, or a frozen cgroup, read after requests were left unanswered.
pub(super) const CAUSE: Cause = Cause {
    id: "F07",
    slug: "server-stopped-frozen-or-traced",
    title: Code::HaltedTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ProcessState, FactKey::FreezerState]],
    supporting: &[FactKey::ThreadStates, FactKey::ProcessTracer, FactKey::ThreadWchans],
    refutes: &[],
    look_alikes: &["F04", "F13", "F32"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some((pid, _)) = case.server() else {
        return Judgement::lacking(case, &[FactKey::TargetPid]);
    };
    let judged = match whole::halted(case) {
        Some((halt, fact)) => Some(found(case, pid, halt, fact)),
        None => traced(case, pid).or_else(|| runs(case, pid)),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn found(case: &Case<'_>, pid: u32, halt: Halt, fact: &Fact) -> Judgement {
    let code = match halt {
        Halt::Stopped => Code::HaltedStopped,
        Halt::Frozen => Code::HaltedFrozen,
    };
    let says = Sentence::new(code).name("pid", pid.to_string(), fact);
    let says = case.command(says.name("state", text(fact), fact), pid);
    let origin = (halt == Halt::Frozen)
        .then(|| Sentence::new(Code::HaltedWhere).name("origin", &fact.source.from, fact));
    let timing = case.symptoms.first().and_then(|symptom| chain::timing(case, &symptom.object));
    let mut links = chain::of([timing]);
    links.extend(case.slow().next().map(|symptom| chain::rooms(case, symptom)).unwrap_or_default());
    links.extend(chain::of([threads(case, pid), origin]));
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: pid.to_string(),
        says,
        chain: links,
        explains: whole::explains_all(case),
        share: None,
        grade: Grade::Proven,
    })
}

/// The states the main thread was seen in, at the last window that has any.
fn threads(case: &Case<'_>, pid: u32) -> Option<Sentence> {
    let thread = format!("{pid}/{pid}");
    let prefix = format!("{thread} ");
    let fact = case.evidence.all(FactKey::ThreadStates).rfind(|f| f.object.starts_with(&prefix))?;
    let state = crate::threads::most_frequent(fact)?;
    let says = Sentence::new(Code::HaltedLooks).name("thread", thread, fact);
    chain::looks(case, says.name("state", state, fact), Expr::count(fact, state), fact)
}

/// A tracer changes every time that is measured, and stops nothing by itself: worth knowing.
fn traced(case: &Case<'_>, pid: u32) -> Option<Judgement> {
    let fact = case.evidence.find(FactKey::ProcessTracer, &object::process(pid))?;
    let Value::Int(tracer @ 1..) = fact.value else { return None };
    let state = case.evidence.find(FactKey::ProcessState, &object::process(pid))?;
    let says = Sentence::new(Code::HaltedTraced)
        .name("pid", pid.to_string(), fact)
        .name("tracer", tracer.to_string(), fact)
        .cite(state);
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: pid.to_string(),
        says,
        chain: Vec::new(),
        explains: Vec::new(),
        share: None,
        grade: Grade::Proven,
    }))
}

fn runs(case: &Case<'_>, pid: u32) -> Option<Judgement> {
    let state = case.evidence.find(FactKey::ProcessState, &object::process(pid));
    if let Some(state) = state {
        let says = Sentence::new(Code::NotHalted).name("pid", pid.to_string(), state);
        return Some(Judgement::RuledOut(says.name("state", text(state), state)));
    }
    let freezer = case.evidence.find(FactKey::FreezerState, &object::process(pid))?;
    let says = Sentence::new(Code::NotFrozen).name("state", text(freezer), freezer);
    Some(Judgement::RuledOut(says))
}

fn text(fact: &Fact) -> &str {
    match &fact.value {
        Value::Text(text) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn silent() -> Bed {
        let bed = sample::held(Bed::new().with(sample::server), "/a", [0, 64, 0, 0, 0], 4000.0);
        bed.fact(FactKey::ProcessTracer, "4100", 0)
    }

    #[test]
    fn a_stopped_server_is_named_by_its_pid_and_explains_every_symptom() {
        let bed = silent().fact(FactKey::ProcessState, "4100", "T").counts(
            FactKey::ThreadStates,
            "4100/4100 during /a",
            &[("T", 64)],
        );
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.grade), ("4100", Grade::Proven));
        assert_eq!(finding.explains, ["/a"]);
    }

    #[test]
    fn a_frozen_server_in_state_d_is_not_waiting_for_a_disk() {
        let bed = silent().fact(FactKey::ProcessState, "4100", "D").fact(
            FactKey::FreezerState,
            "4100",
            "frozen",
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).says.code, Code::HaltedFrozen);
    }

    #[test]
    fn a_tracer_is_told_and_explains_nothing() {
        let bed = Bed::new().with(sample::server).fact(FactKey::ProcessState, "4100", "S").fact(
            FactKey::ProcessTracer,
            "4100",
            9,
        );
        assert!(assert_found(judge(&CAUSE, bed)).is_hygiene());
    }

    #[test]
    fn a_sleeping_server_behind_a_blocked_loop_is_ruled_out() {
        let bed = Bed::new()
            .with(sample::blocked_loop)
            .fact(FactKey::ProcessState, "4100", "S")
            .fact(FactKey::FreezerState, "4100", "thawed");
        assert_ruled_out(judge(&CAUSE, bed), Code::NotHalted);
    }
}
