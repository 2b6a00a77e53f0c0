//! The report as JSON: codes, parameters, rendered text, evidence ids and every raw sample.

use serde_json::{Value, json};

use super::{Report, SCHEMA_VERSION};
use crate::checks::Finding;
use crate::evidence::Fact;
use crate::repairs::{NEVER, Offer};
use crate::verdict::{Excluded, Open};

/// Lays the report out. Field order follows the order of reading.
pub(super) fn render(report: &Report) -> Value {
    let verdict = &report.verdict;
    json!({
        "schema_version": SCHEMA_VERSION,
        "outcome": verdict.outcome,
        "exit_code": report.exit_code(),
        "run": report.run,
        "thresholds": report.thresholds,
        "headline": verdict.headline,
        "symptoms": report.symptoms,
        "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
        "budgets": report.budgets,
        "ruled_out": verdict.ruled_out.iter().map(excluded).collect::<Vec<_>>(),
        "open": verdict.open.iter().map(open).collect::<Vec<_>>(),
        "hygiene": verdict.hygiene.iter().map(finding).collect::<Vec<_>>(),
        "repairs": report.offers.iter().map(offer).collect::<Vec<_>>(),
        "refused": report.refused,
        "never": NEVER,
        "applied": report.applied,
        "remains": report.remains,
        "diff": report.diff,
        "evidence_sha256": report.evidence_sha256,
        "evidence": evidence(&report.facts),
        "missing": report.gaps,
    })
}

fn finding(finding: &Finding) -> Value {
    let title = crate::checks::by_name(finding.cause).map(|cause| cause.title.english());
    json!({
        "cause": finding.cause,
        "title": title,
        "object": finding.object,
        "grade": finding.grade,
        "says": finding.says,
        "share": finding.share,
        "explains": finding.explains,
        "chain": finding.chain,
    })
}

fn excluded(excluded: &Excluded) -> Value {
    json!({
        "cause": excluded.cause.id,
        "title": excluded.cause.title.english(),
        "look_alike": excluded.look_alike,
        "by": excluded.says,
    })
}

fn open(open: &Open) -> Value {
    json!({
        "cause": open.cause.id,
        "title": open.cause.title.english(),
        "missing": open.missing,
    })
}

fn offer(offer: &Offer) -> Value {
    json!({
        "repair": offer.repair.id,
        "title": offer.repair.title.english(),
        "class": offer.repair.class,
        "cause": offer.cause,
        "how": offer.terms.how,
        "command": offer.terms.command,
        "predicted_effect": offer.terms.effect,
        "risk": offer.repair.risk.english(),
        "way_back": offer.repair.undo.english(),
        "action": offer.terms.action,
    })
}

/// Every fact, raw samples and all.
pub(super) fn evidence(facts: &[Fact]) -> Value {
    facts.iter().map(fact).collect()
}

fn fact(fact: &Fact) -> Value {
    json!({
        "id": fact.id,
        "key": fact.key,
        "object": fact.object,
        "value": fact.value,
        "unit": fact.key.unit(),
        "n": fact.n,
        "taken_at": fact.taken_at,
        "source": fact.source,
    })
}
