//! The facts a page cites, and the circumstances of the examination.

use super::{Cited, Pair, Tongue};
use crate::checks::Finding;
use crate::evidence::{Fact, FactId, FactKey, Value};
use crate::figure::{Unit, print};
use crate::report::{Report, values};
use crate::words::Code;

/// Every fact a printed sentence cites, once.
pub(super) fn facts(report: &Report) -> Vec<Cited> {
    let mut ids: Vec<FactId> = ids(report);
    ids.sort_unstable();
    ids.dedup();
    report.facts.iter().filter(|fact| ids.binary_search(&fact.id).is_ok()).map(cite).collect()
}

fn ids(report: &Report) -> Vec<FactId> {
    let verdict = &report.verdict;
    let findings = verdict.findings.iter().chain(&verdict.hygiene).flat_map(Finding::evidence);
    let notes =
        report.budgets.iter().flat_map(|budget| &budget.rows).filter_map(|row| row.note.as_ref());
    let proofs = report.applied.iter().filter_map(|one| one.proof.as_ref()).flat_map(|proof| {
        proof
            .state
            .iter()
            .map(|state| &state.says)
            .chain(proof.endpoints.iter().map(|one| &one.says))
    });
    let terms = report
        .offers
        .iter()
        .flat_map(|offer| offer.terms.how.iter().chain(offer.terms.effect.iter()));
    let sentences = verdict
        .headline
        .iter()
        .chain(verdict.ruled_out.iter().map(|one| &one.says))
        .chain(&report.refused)
        .chain(&report.remains)
        .chain(notes)
        .chain(terms)
        .chain(proofs);
    sentences.flat_map(|sentence| sentence.evidence.iter().copied()).chain(findings).collect()
}

fn cite(fact: &Fact) -> Cited {
    Cited {
        id: fact.id.to_string(),
        time: values::clock(fact.taken_at),
        key: fact.key.name(),
        object: fact.object.clone(),
        value: values::of(fact),
        from: fact.source.from.clone(),
        repeat: fact.source.repeat.clone(),
    }
}

pub(super) fn run(tongue: Tongue, report: &Report) -> Vec<Pair> {
    let run = &report.run;
    let duration = tongue.number(run.ended_at.since_ms(run.started_at) as f64, Unit::Ms);
    let find = |key| report.facts.iter().find(|fact| fact.key == key);
    let noise = find(FactKey::DoctorTimerLateMs).map(values::of);
    let psi = find(FactKey::HostPsiCpu).and_then(|fact| fact.value.number());
    let noise = match (noise, psi) {
        (Some(late), Some(psi)) => {
            Some(format!("own timers late: {late}; CPU pressure {}", print(psi, Unit::Percent)))
        }
        (late, _) => late,
    };
    let overhead = find(FactKey::DoctorOnCpuNs).and_then(|fact| match fact.value {
        Value::Int(ns) => Some(tongue.number(ns as f64 / 1e6, Unit::Ms)),
        _ => None,
    });
    [
        (Code::LabelServer, server(report)),
        (Code::LabelDefaults, defaults(report)),
        (Code::LabelDoctor, Some(format!("galen {}", run.doctor_version))),
        (Code::LabelCommandLine, Some(run.command_line.clone())),
        (Code::LabelStarted, Some(values::time(run.started_at))),
        (Code::LabelDuration, Some(duration)),
        (Code::LabelRights, run.rights.clone()),
        (Code::LabelKernel, run.kernel.clone()),
        (Code::LabelNoise, noise),
        (Code::LabelOverhead, overhead),
        (Code::LabelFacts, Some(report.facts.len().to_string())),
        (Code::LabelHash, Some(report.evidence_sha256.clone())),
    ]
    .into_iter()
    .filter_map(|(label, value)| {
        Some(Pair { label: tongue.word(label), value: value.filter(|value| !value.is_empty())? })
    })
    .collect()
}

/// What serves: its framework, language and workers.
fn server(report: &Report) -> Option<String> {
    let find = |key| report.facts.iter().find(|fact| fact.key == key);
    let language = find(FactKey::FrameworkLanguage)?;
    let name = find(FactKey::FrameworkName).map(values::of);
    let workers = find(FactKey::FrameworkWorkers).map(values::of);
    let words = [name, Some(values::of(language)), workers];
    Some(words.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// What is known of it before anything is measured.
fn defaults(report: &Report) -> Option<String> {
    let fact = report.facts.iter().find(|fact| fact.key == FactKey::FrameworkDefaults)?;
    match &fact.value {
        Value::List(lines) => Some(lines.join("; ")),
        _ => None,
    }
}
