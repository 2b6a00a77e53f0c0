//! Builds the report from a judged case, and refuses one whose sentences do not hold.

use sha2::{Digest, Sha256};

use super::{Previous, Report, Run};
use crate::case::Case;
use crate::checks::{Finding, Nature};
use crate::evidence::{Evidence, Fact, FactKey, Missing, Value};
use crate::repairs::run::{Applied, Fate};
use crate::repairs::{self, Offer};
use crate::sentence::Sentence;
use crate::symptom::{Ailment, Symptom};
use crate::validate::{self, Flaw};
use crate::verdict::{Open, Outcome, Verdict};
use crate::words::Code;

/// What came after the first verdict.
#[derive(Debug, Default)]
pub struct Ending<'e> {
    /// Repairs that were carried out or tried.
    pub applied: Vec<Applied>,
    /// The evidence of every later probing, in order.
    pub later: Vec<&'e Evidence>,
    /// The report to compare with.
    pub previous: Option<&'e Previous>,
}

/// Lays a report out of a judged case, and validates every sentence of it.
///
/// # Errors
/// The first [`Flaw`]: a report that states what its evidence does not carry is not published.
pub fn build(
    case: &Case<'_>,
    mut verdict: Verdict,
    offers: Vec<Offer>,
    mut run: Run,
    ending: Ending<'_>,
) -> Result<Report, Flaw> {
    let refused = repairs::refusals::of(case, &verdict.findings, &verdict.hygiene);
    let remains = remains(case, &verdict, &ending);
    conclude_repairs(&mut verdict, &ending.applied);
    run.rights = text(case.evidence, FactKey::DoctorRights);
    run.kernel = text(case.evidence, FactKey::HostKernel);
    let mut facts = case.evidence.facts().to_vec();
    let mut gaps = case.evidence.gaps().to_vec();
    for later in &ending.later {
        facts.extend_from_slice(later.facts());
        gaps.extend(later.gaps().iter().filter(|gap| !case.evidence.gaps().contains(gap)).cloned());
    }
    let report = Report {
        run,
        thresholds: case.thresholds.clone(),
        symptoms: case.symptoms.clone(),
        diff: ending.previous.map(|previous| previous.diff(&verdict)),
        verdict,
        budgets: case.budgets.clone(),
        offers,
        refused,
        applied: ending.applied,
        remains,
        evidence_sha256: hash(&facts),
        facts,
        gaps,
    };
    check(&report)?;
    Ok(report)
}

/// All AUTO repairs of a sick or untidy target proven: the outcome is REPAIRED.
fn conclude_repairs(verdict: &mut Verdict, applied: &[Applied]) {
    let proven: Vec<&Applied> = applied.iter().filter(|one| one.fate == Fate::Proven).collect();
    let held = |one: &Applied| matches!(one.fate, Fate::Proven | Fate::Declined { .. });
    let all = !proven.is_empty() && applied.iter().all(held);
    let untouched =
        verdict.findings.iter().any(|finding| !proven.iter().any(|one| one.cause == finding.cause));
    if !all || untouched || verdict.outcome == Outcome::Inconclusive {
        return;
    }
    verdict.outcome = Outcome::Repaired;
    // What was repaired stands under "before and after", and is no longer there to know.
    verdict.hygiene.retain(|finding| !proven.iter().any(|one| one.cause == finding.cause));
    let lines = proven.iter().map(|one| {
        let says = Sentence::new(Code::Repaired).word("repair", one.title);
        match one.proof.as_ref().and_then(|proof| proof.state.as_ref()) {
            Some(state) => Sentence { evidence: state.says.evidence.clone(), ..says },
            None => says,
        }
    });
    let mut headline: Vec<Sentence> = lines.collect();
    headline.append(&mut verdict.headline);
    verdict.headline = headline;
}

/// Targets still missed, causes not excluded, places without a name, rights that were lacking.
fn remains(case: &Case<'_>, verdict: &Verdict, ending: &Ending<'_>) -> Vec<Sentence> {
    let mut lines: Vec<Sentence> = Vec::new();
    let last = ending.later.last().copied().unwrap_or(case.evidence);
    let after;
    let now = if ending.later.is_empty() {
        &case.symptoms
    } else {
        after = crate::symptom::find(last, case.thresholds);
        &after
    };
    lines.extend(now.iter().filter_map(|symptom| missed(case, last, symptom)));
    for symptom in &verdict.unexplained {
        lines.extend(place(case, symptom));
    }
    if case.slow().next().is_some() && verdict.findings.is_empty() {
        let can_explain =
            |open: &&Open| !matches!(open.cause.nature, Nature::Hygiene | Nature::Health);
        lines.extend(verdict.open.iter().filter(can_explain).filter_map(|open| {
            let missing = open.missing.first()?;
            Some(
                Sentence::new(Code::RemainsHypothesis)
                    .word("cause", open.cause.title)
                    .setting("missing", missing.reason.clone()),
            )
        }));
    }
    lines.extend(rights(case));
    lines
}

fn missed(case: &Case<'_>, evidence: &Evidence, symptom: &Symptom) -> Option<Sentence> {
    if symptom.ailment != Ailment::Slow {
        return None;
    }
    let fact = evidence.find(FactKey::HttpTotalMs, &symptom.object)?;
    Some(
        Sentence::new(Code::RemainsMissed)
            .name("path", &symptom.object, fact)
            .figure("time", symptom.figure.as_ref()?)
            .setting("target", case.target_text()),
    )
}

/// Where an unexplained symptom's time was spent, if a place is known.
fn place(case: &Case<'_>, symptom: &Symptom) -> Option<Sentence> {
    let row = case.budget(symptom)?.greatest().filter(|row| row.share.value >= 30.0)?;
    let note = row.note.as_ref()?;
    let timed = case.evidence.find(FactKey::HttpTotalMs, &symptom.object)?;
    let says = Sentence::new(Code::RemainsPlace)
        .name("path", &symptom.object, timed)
        .figure("share", &row.share)
        .word("part", row.component.word())
        .setting("detail", crate::words::render(note).replace('`', "'"));
    Some(says.cite_all(note.evidence.iter().filter_map(|id| case.evidence.get(*id))))
}

fn rights(case: &Case<'_>) -> Option<Sentence> {
    let fact = case.evidence.any(FactKey::DoctorRights)?;
    match &fact.value {
        Value::Text(rights) if rights != "root" && !case.symptoms.is_empty() => {
            Some(Sentence::new(Code::RemainsRights).name("rights", rights, fact))
        }
        _ => None,
    }
}

fn text(evidence: &Evidence, key: FactKey) -> Option<String> {
    match &evidence.any(key)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The hash of `evidence` as it stands in the JSON, written compactly with sorted keys.
fn hash(facts: &[Fact]) -> String {
    let json = super::json::evidence(facts).to_string();
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Validates every sentence of the report against its facts.
fn check(report: &Report) -> Result<(), Flaw> {
    let facts = report.facts.as_slice();
    let finding_sentences = |finding: &Finding| -> Vec<Sentence> {
        std::iter::once(finding.says.clone()).chain(finding.chain.iter().cloned()).collect()
    };
    for finding in report.verdict.findings.iter().chain(&report.verdict.hygiene) {
        for sentence in finding_sentences(finding) {
            validate::verdict_sentence(&sentence, facts)?;
        }
    }
    for excluded in &report.verdict.ruled_out {
        validate::verdict_sentence(&excluded.says, facts)?;
    }
    let notes =
        report.budgets.iter().flat_map(|budget| &budget.rows).filter_map(|row| row.note.as_ref());
    let terms = report
        .offers
        .iter()
        .flat_map(|offer| offer.terms.how.iter().chain(offer.terms.effect.iter()));
    let proofs = report.applied.iter().filter_map(|one| one.proof.as_ref());
    let proofs = proofs.flat_map(|proof| {
        let state = proof.state.iter().map(|state| &state.says);
        proof.endpoints.iter().map(|one| &one.says).chain(state)
    });
    report
        .verdict
        .headline
        .iter()
        .chain(&report.refused)
        .chain(&report.remains)
        .chain(notes)
        .chain(terms)
        .chain(proofs)
        .try_for_each(|sentence| validate::sentence(sentence, facts))
}

/// Gaps with the same reason together, so that a report says each reason once.
pub(super) fn grouped(gaps: &[(&'static str, &Missing)]) -> Vec<(String, Vec<&'static str>)> {
    let mut groups: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (cause, gap) in gaps {
        match groups.iter_mut().find(|(reason, _)| *reason == gap.reason) {
            Some((_, causes)) if !causes.contains(cause) => causes.push(cause),
            Some(_) => {}
            None => groups.push((gap.reason.clone(), vec![cause])),
        }
    }
    groups
}
