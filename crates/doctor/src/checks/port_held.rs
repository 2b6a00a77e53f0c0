//! F02: the port is held by another process than the one that should serve there.

use super::{Cause, Finding, Grade, Judgement, Nature};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::symptom::Ailment;
use crate::words::Code;

/// The LISTEN socket belongs to a process that is neither the intended one nor its worker.
pub(super) const CAUSE: Cause = Cause {
    id: "F02",
    slug: "port-held-by-another-process",
    title: Code::PortHeldTitle,
    nature: Nature::Access,
    required: &[&[FactKey::ListenerPid]],
    supporting: &[
        FactKey::IntendedPid,
        FactKey::IntendedExe,
        FactKey::ProcessCmdline,
        FactKey::ProcessExeDeleted,
    ],
    refutes: &[],
    look_alikes: &["F01", "F79"],
    bound: None,
    examine,
};

fn examine(case: &Case<'_>) -> Judgement {
    let Some(listener) = case.evidence.any(FactKey::ListenerPid) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let Some(pid) = case.pid(listener) else {
        return Judgement::lacking(case, CAUSE.required[0]);
    };
    let intended = case
        .evidence
        .find(FactKey::IntendedPid, object::TARGET)
        .or_else(|| case.evidence.find(FactKey::IntendedExe, object::TARGET));
    let Some(intended) = intended else {
        return Judgement::RuledOut(Sentence::new(Code::PortUnclaimed).figure("pid", &pid));
    };
    if case.ailing(Ailment::Impostor).is_none() {
        let says = Sentence::new(Code::PortOfIntended).figure("pid", &pid).cite(intended);
        return Judgement::RuledOut(says);
    }
    let Some(says) = verdict(case, listener, &pid, intended) else {
        return Judgement::lacking(case, &[FactKey::ProcessExe]);
    };
    let address = object::listener_address(&listener.object).to_owned();
    let origin = Sentence::new(Code::PortIntended).name("origin", &intended.source.from, intended);
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: format!("{:.0}", pid.value),
        says,
        chain: std::iter::once(origin).chain(deleted(case, &pid)).collect(),
        explains: vec![address],
        share: None,
        grade: Grade::Proven,
    })
}

fn verdict(case: &Case<'_>, listener: &Fact, pid: &Figure, intended: &Fact) -> Option<Sentence> {
    let address = object::listener_address(&listener.object);
    match &intended.value {
        Value::Int(_) => {
            let wanted = Figure::of(Expr::value(intended), Unit::Id, case.evidence)?;
            let says = Sentence::new(Code::PortHeld)
                .figure("pid", pid)
                .name("address", address, listener)
                .figure("intended", &wanted);
            Some(case.command(says, pid.value as u32))
        }
        Value::Text(wanted) => {
            let exe = case.evidence.find(FactKey::ProcessExe, &pid.to_string())?;
            let Value::Text(path) = &exe.value else { return None };
            Some(
                Sentence::new(Code::PortHeldExe)
                    .figure("pid", pid)
                    .name("exe", path, exe)
                    .name("address", address, listener)
                    .name("intended", wanted, intended),
            )
        }
        _ => None,
    }
}

fn deleted(case: &Case<'_>, pid: &Figure) -> Option<Sentence> {
    let process = pid.to_string();
    let gone = case.evidence.find(FactKey::ProcessExeDeleted, &process)?;
    let exe = case.evidence.find(FactKey::ProcessExe, &process)?;
    match (&gone.value, &exe.value) {
        (Value::Bool(true), Value::Text(path)) => {
            Some(Sentence::new(Code::PortHeldDeleted).name("exe", path, exe).cite(gone))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn another_process_on_the_port_is_named_by_its_pid() {
        let bed = Bed::new()
            .with(sample::server)
            .fact(FactKey::IntendedPid, "target", 9000)
            .with(|bed| sample::fast(bed, "/"));
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!(finding.object, "4100");
        assert_eq!(finding.explains, ["127.0.0.1:8000"]);
    }

    #[test]
    fn a_worker_of_the_intended_server_is_not_another_process() {
        let bed = Bed::new().with(sample::server).fact(FactKey::IntendedPid, "target", 4000).list(
            FactKey::ForkSiblings,
            "4100",
            &["4000", "4101"],
        );
        assert_ruled_out(judge(&CAUSE, bed), Code::PortOfIntended);
    }

    #[test]
    fn a_port_nobody_else_claims_is_rightly_held() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::server)), Code::PortUnclaimed);
    }
}
