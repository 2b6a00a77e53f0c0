//! Repairs of what keeps requests out (group A): asked for or told, none done by itself.

use super::advice::{advice, named, pinned, told};
use super::port::Action;
use super::{Class, Repair, Terms, printed};
use crate::case::Case;
use crate::checks::Finding;
use crate::evidence::{FactKey, object};
use crate::figure::Expr;
use crate::sentence::Sentence;
use crate::words::Code;

pub(super) const CONTINUE: Repair = advice(
    "continue-process",
    &["F07"],
    (Code::RepairContinue, Code::RiskNone, Code::UndoStopAgain),
    Class::Ask,
    resume,
);
pub(super) const THAW: Repair = advice(
    "thaw-cgroup",
    &["F07"],
    (Code::RepairThaw, Code::RiskNone, Code::UndoStopAgain),
    Class::Ask,
    thaw,
);
pub(super) const TRACER: Repair = advice(
    "detach-tracer",
    &["F07"],
    (Code::RepairTracer, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    tracer,
);
pub(super) const DESCRIPTORS: Repair = advice(
    "raise-soft-descriptor-limit",
    &["F06"],
    (Code::RepairDescriptors, Code::RiskNone, Code::UndoSoftLimit),
    Class::Ask,
    descriptors,
);
pub(super) const QUEUE: Repair = advice(
    "accept-faster",
    &["F04"],
    (Code::RepairQueue, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    queue,
);
pub(super) const SYN: Repair = advice(
    "let-connections-through",
    &["F05"],
    (Code::RepairSyn, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    syn,
);
pub(super) const FAMILY: Repair = advice(
    "serve-both-families",
    &["F03"],
    (Code::RepairFamily, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    family,
);
pub(super) const RESOLVER: Repair = advice(
    "drop-dead-name-server",
    &["F10"],
    (Code::RepairResolver, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    resolver,
);
pub(super) const DIAL: Repair = advice(
    "restore-upstream-address",
    &["F11"],
    (Code::RepairDial, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    dial,
);
pub(super) const PORTS: Repair = advice(
    "keep-connections",
    &["F09"],
    (Code::RepairPorts, Code::RiskCode, Code::UndoCode),
    Class::Tell,
    ports,
);
pub(super) const TLS: Repair = advice(
    "renew-certificate",
    &["F08"],
    (Code::RepairTls, Code::RiskNone, Code::UndoInstall),
    Class::Tell,
    tls,
);
pub(super) const CLOCK: Repair = advice(
    "set-clock-by-ntp",
    &["F12"],
    (Code::RepairClock, Code::RiskNone, Code::UndoCode),
    Class::Tell,
    clock,
);

fn about_pid(case: &Case<'_>, finding: &Finding, code: Code) -> Option<Sentence> {
    let (pid, fact) = named(case, finding, "pid")?;
    Some(Sentence::new(code).name("pid", pid, fact))
}

fn resume(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    if finding.says.code != Code::HaltedStopped {
        return None;
    }
    let how = about_pid(case, finding, Code::RepairContinueHow)?;
    let pid = &finding.object;
    let command = format!("ps -o pid,lstart,stat,cmd -p {pid}  &&  kill -CONT {pid}");
    let action = pinned(case, pid).map(|(pid, started_at)| Action::Continue { pid, started_at });
    Some(Terms { how: Some(how), command: Some(command), action, ..Terms::default() })
}

fn thaw(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    if finding.says.code != Code::HaltedFrozen {
        return None;
    }
    told(about_pid(case, finding, Code::RepairThawHow)?)
}

fn tracer(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    if finding.says.code != Code::HaltedTraced {
        return None;
    }
    told(about_pid(case, finding, Code::RepairTracerHow)?)
}

fn descriptors(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let how = about_pid(case, finding, Code::RepairDescriptorsHow)?;
    let pid = &finding.object;
    let hard = format!("$(prlimit --pid {pid} --nofile --output HARD --noheadings | tr -d ' ')");
    let command = format!("prlimit --pid {pid} --nofile={hard}:{hard}");
    let action =
        pinned(case, pid).map(|(pid, started_at)| Action::RaiseDescriptors { pid, started_at });
    Some(Terms { how: Some(how), command: Some(command), action, ..Terms::default() })
}

fn queue(_case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let backlog = printed(finding, "backlog")?;
    told(Sentence::new(Code::RepairQueueHow).figure("backlog", backlog))
}

fn syn(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (address, fact) =
        named(case, finding, "address").or_else(|| named(case, finding, "path"))?;
    told(Sentence::new(Code::RepairSynHow).name("address", address, fact))
}

fn family(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let fact = case.evidence.find(FactKey::ConnectOutcome, &finding.object)?;
    told(Sentence::new(Code::RepairFamilyHow).name("address", &finding.object, fact))
}

fn resolver(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (resolver, fact) = named(case, finding, "resolver")?;
    told(Sentence::new(Code::RepairResolverHow).name("resolver", resolver, fact))
}

fn dial(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (peer, fact) = named(case, finding, "peer")?;
    told(Sentence::new(Code::RepairDialHow).name("peer", peer, fact))
}

fn ports(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (peer, fact) = named(case, finding, "peer")?;
    told(Sentence::new(Code::RepairPortsHow).name("peer", peer, fact))
}

fn tls(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    let (address, fact) = named(case, finding, "address")?;
    let (why, _) = named(case, finding, "why")?;
    told(Sentence::new(Code::RepairTlsHow).name("address", address, fact).name("why", why, fact))
}

fn clock(case: &Case<'_>, _finding: &Finding) -> Option<Terms> {
    let fact = case.evidence.find(FactKey::HttpDateSkewMs, object::TARGET)?;
    // The number of answers is cited, so that the advice rests on what was measured.
    case.count(Expr::n(fact))?;
    told(Sentence::new(Code::RepairClockHow).cite(fact))
}
