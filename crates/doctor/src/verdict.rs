//! The verdict: what all judgements together say, its outcome and its exit code.

use serde::Serialize;

use crate::case::Case;
use crate::checks::{self, Cause, Finding, Judgement, Nature};
use crate::evidence::{FactKey, Missing, object};
use crate::figure::{Expr, Figure, Unit};
use crate::sentence::Sentence;
use crate::symptom::{Ailment, Symptom};
use crate::words::Code;

/// How an examination ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No endpoint misses its target.
    Healthy,
    /// A symptom, and its cause.
    Finding,
    /// A symptom without a proven cause, or nothing could be measured.
    Inconclusive,
    /// Repairs were applied and proven.
    Repaired,
}

impl Outcome {
    /// The exit code of `galen doctor`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Finding => 1,
            Self::Inconclusive => 2,
            Self::Repaired => 4,
        }
    }

    /// Its word.
    pub fn word(self) -> Code {
        match self {
            Self::Healthy => Code::OutcomeHealthy,
            Self::Finding => Code::OutcomeFinding,
            Self::Inconclusive => Code::OutcomeInconclusive,
            Self::Repaired => Code::OutcomeRepaired,
        }
    }
}

/// A cause that was excluded, and by what.
#[derive(Clone, Debug, PartialEq)]
pub struct Excluded {
    /// The cause.
    pub cause: &'static Cause,
    /// The measurement or bound that excludes it.
    pub says: Sentence,
    /// Whether it is a look-alike of a named cause.
    pub look_alike: bool,
}

/// A cause that could be neither named nor excluded.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The cause.
    pub cause: &'static Cause,
    /// What was missing.
    pub missing: Vec<Missing>,
}

/// The whole verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// The verdict line or lines.
    pub headline: Vec<Sentence>,
    /// The named causes, by the share they explain, the greatest first.
    pub findings: Vec<Finding>,
    /// What is worth knowing and explains no symptom.
    pub hygiene: Vec<Finding>,
    /// What is excluded; look-alikes of the named causes first.
    pub ruled_out: Vec<Excluded>,
    /// What stays open, and why.
    pub open: Vec<Open>,
    /// Symptoms that no finding explains.
    pub unexplained: Vec<Symptom>,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Judges every cause on a case and draws the conclusion.
pub fn reach(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict {
        outcome: Outcome::Inconclusive,
        headline: Vec::new(),
        findings: Vec::new(),
        hygiene: Vec::new(),
        ruled_out: Vec::new(),
        open: Vec::new(),
        unexplained: Vec::new(),
    };
    let mut health = None;
    let mut measurer = None;
    for cause in checks::ALL.iter().copied() {
        match (checks::judge(cause, case), cause.nature) {
            (Judgement::Found(finding), Nature::Health) => health = Some(*finding),
            (Judgement::Found(finding), Nature::Measurement) => measurer = Some(*finding),
            (Judgement::Found(finding), _) if finding.is_hygiene() => {
                verdict.hygiene.push(*finding)
            }
            (Judgement::Found(finding), _) => verdict.findings.push(*finding),
            (Judgement::RuledOut(says), nature) if nature != Nature::Health => {
                verdict.ruled_out.push(Excluded { cause, says, look_alike: false });
            }
            (Judgement::CannotTell(missing), nature) if nature != Nature::Health => {
                verdict.open.push(Open { cause, missing });
            }
            _ => {}
        }
    }
    order(case, &mut verdict);
    conclude(case, &mut verdict, health, measurer);
    verdict
}

/// Ranks findings by their share, marks look-alikes and lists what stays unexplained.
fn order(case: &Case<'_>, verdict: &mut Verdict) {
    let share = |finding: &Finding| finding.share.as_ref().map_or(100.0, |share| share.value);
    verdict.findings.sort_by(|a, b| share(b).total_cmp(&share(a)));
    for excluded in &mut verdict.ruled_out {
        excluded.look_alike = verdict
            .findings
            .iter()
            .filter_map(|finding| checks::by_name(finding.cause))
            .any(|cause| cause.look_alikes.contains(&excluded.cause.id));
    }
    verdict.ruled_out.sort_by_key(|excluded| !excluded.look_alike);
    verdict.unexplained = case
        .symptoms
        .iter()
        .filter(|symptom| {
            !verdict.findings.iter().any(|finding| {
                finding.explains.iter().any(|path| *path == symptom.object || *path == symptom.path)
            })
        })
        .cloned()
        .collect();
}

fn conclude(
    case: &Case<'_>,
    verdict: &mut Verdict,
    health: Option<Finding>,
    measurer: Option<Finding>,
) {
    if !verdict.findings.is_empty() {
        verdict.outcome = Outcome::Finding;
        verdict.headline = finding_headline(case, &verdict.findings);
        return;
    }
    if let Some(symptom) = worst(case) {
        verdict.headline.extend(measurer.into_iter().map(|finding| finding.says));
        verdict.headline.extend(inconclusive(case, symptom));
        return;
    }
    match health {
        Some(finding) => {
            verdict.outcome = Outcome::Healthy;
            verdict.headline = vec![finding.says];
        }
        None => unmeasured(case, verdict),
    }
}

/// The symptom of the headline: the worst; of an endpoint that fails because it is too slow, the
/// slowness, because that has a budget.
fn worst<'c>(case: &'c Case<'_>) -> Option<&'c Symptom> {
    let first = case.symptoms.first()?;
    let slow = case.slow().find(|symptom| symptom.object == first.object);
    Some(slow.unwrap_or(first))
}

fn finding_headline(case: &Case<'_>, findings: &[Finding]) -> Vec<Sentence> {
    let mut lines: Vec<Sentence> = Vec::new();
    if findings.len() > 1 {
        let count = findings.len().to_string();
        let facts = findings.iter().flat_map(Finding::evidence);
        let facts = facts.filter_map(|id| case.evidence.get(id));
        lines.push(Sentence::new(Code::CauseSet).setting("count", count).cite_all(facts.take(6)));
    }
    lines.extend(findings.iter().map(|finding| finding.says.clone()));
    // What is missed only at several requests at once is said, because the sentence above tells
    // of one request alone.
    let crowded = findings
        .iter()
        .flat_map(|finding| &finding.explains)
        .find(|endpoint| object::parse_endpoint(endpoint).1 > 1);
    lines.extend(crowded.and_then(|endpoint| checks::chain::timing(case, endpoint)));
    if let [only] = findings
        && only.explains.len() > 1
    {
        let timed: Vec<_> = only.explains[1..]
            .iter()
            .filter_map(|path| case.evidence.find(FactKey::HttpTotalMs, path))
            .collect();
        let count = Expr::sum(timed.iter().map(|fact| Expr::n(fact).over(Expr::n(fact))));
        if let Some(count) = Figure::of(count, Unit::Count, case.evidence).filter(|n| n.value > 0.0)
        {
            let code = if count.value > 1.5 { Code::AlsoSlow } else { Code::AlsoSlowOne };
            let says = Sentence::new(code);
            lines.push(if code == Code::AlsoSlow {
                says.figure("count", &count)
            } else {
                says.cite_all(timed)
            });
        }
    }
    lines
}

fn inconclusive(case: &Case<'_>, symptom: &Symptom) -> Option<Sentence> {
    match symptom.ailment {
        Ailment::Slow => slow_line(case, symptom),
        Ailment::Failing => {
            let fact = case.evidence.find(FactKey::HttpErrors, &symptom.object)?;
            let limit = Figure::constant(case.thresholds.error_rate_percent, Unit::Percent);
            Some(
                Sentence::new(Code::InconclusiveFailing)
                    .name("path", &symptom.object, fact)
                    .figure("share", symptom.figure.as_ref()?)
                    .figure("n", &case.count(Expr::n(fact))?)
                    .setting("limit", limit.to_string()),
            )
        }
        Ailment::Unreachable | Ailment::Impostor => {
            let fact = case.evidence.find(FactKey::ConnectOutcome, &symptom.object)?;
            let outcome = case.evidence.text(FactKey::ConnectOutcome, &symptom.object)?;
            Some(
                Sentence::new(Code::InconclusiveUnreachable)
                    .name("address", &symptom.object, fact)
                    .name("outcome", outcome, fact),
            )
        }
    }
}

/// A slow endpoint without a cause: with the greatest measured part, if most is explained.
fn slow_line(case: &Case<'_>, symptom: &Symptom) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::HttpTotalMs, &symptom.object)?;
    let says = |code, time: &Figure| {
        Sentence::new(code)
            .name("path", &symptom.object, fact)
            .figure("time", time)
            .setting("target", case.target_text())
    };
    let budget = case.budget(symptom);
    let row = budget.and_then(|budget| {
        budget.greatest().filter(|row| row.share.value >= 60.0).map(|row| (budget, row))
    });
    Some(match row {
        Some((budget, row)) => says(Code::InconclusiveWhere, &budget.total)
            .word("part", row.component.word())
            .figure("share", &row.share),
        None => says(Code::InconclusiveSlow, symptom.figure.as_ref()?),
    })
}

/// No endpoint was asked: a database file alone can still be in order.
fn unmeasured(case: &Case<'_>, verdict: &mut Verdict) {
    let asked = case.evidence.any(FactKey::ConnectOutcome).is_some();
    let sqlite = case.evidence.any(FactKey::SqlitePath);
    let database = sqlite.or_else(|| case.evidence.any(FactKey::PgVersion));
    match database.filter(|_| !asked) {
        Some(fact) => {
            verdict.outcome = Outcome::Healthy;
            verdict.headline =
                vec![Sentence::new(Code::DatabaseOnly).name("database", &fact.object, fact)];
        }
        None => verdict.headline = vec![Sentence::new(Code::InconclusiveUnmeasured)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed};
    use crate::thresholds::Thresholds;
    use crate::validate;
    use crate::words;

    fn verdict(bed: Bed) -> Verdict {
        let evidence = bed.seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, false);
        let verdict = reach(&case);
        for sentence in verdict.headline.iter().filter(|one| !one.evidence.is_empty()) {
            validate::verdict_sentence(sentence, &evidence).unwrap();
        }
        for excluded in &verdict.ruled_out {
            validate::verdict_sentence(&excluded.says, &evidence).unwrap();
        }
        verdict
    }

    #[test]
    fn a_blocked_loop_beside_a_small_database_names_the_line_and_excludes_the_database() {
        let bed = Bed::new().with(sample::blocked_loop).with(sample::small_database);
        let verdict = verdict(bed);
        assert_eq!(verdict.outcome, Outcome::Finding);
        assert_eq!(verdict.findings.len(), 1);
        assert_eq!(verdict.findings[0].cause, "F13");
        let bloat = verdict.ruled_out.iter().find(|one| one.cause.id == "F43").unwrap();
        assert!(words::render(&bloat.says).contains("0.33 MB"));
        assert!(verdict.ruled_out[0].look_alike);
    }

    #[test]
    fn an_await_that_no_thread_shows_is_inconclusive() {
        let verdict = verdict(Bed::new().with(sample::awaiting_handler));
        assert_eq!(verdict.outcome.exit_code(), 2);
        assert_eq!(verdict.unexplained.len(), 1);
    }

    #[test]
    fn no_symptom_is_healthy_even_with_hygiene_findings() {
        let bed = sample::fast(Bed::new().with(sample::server), "/health")
            .fact(FactKey::SqliteSessionsTotal, "/a.db#sessions", 9_000)
            .fact(FactKey::SqliteSessionsExpired, "/a.db#sessions", 8_000);
        let verdict = verdict(bed);
        assert_eq!(verdict.outcome.exit_code(), 0);
        assert_eq!(verdict.hygiene.len(), 1);
    }

    #[test]
    fn a_foreign_lock_is_the_one_cause_even_when_the_loop_waits_for_it() {
        let verdict = verdict(Bed::new().with(sample::foreign_lock_on_the_loop));
        let causes: Vec<_> = verdict.findings.iter().map(|one| one.cause).collect();
        assert_eq!(causes, ["F35"]);
    }

    #[test]
    fn nothing_measured_is_never_healthy() {
        assert_eq!(verdict(Bed::new()).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn zombies_do_not_make_a_slow_endpoint_explained() {
        let bed = Bed::new().with(sample::awaiting_handler).list(
            FactKey::ProcessZombies,
            "4100",
            &["4188"],
        );
        let verdict = verdict(bed);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        assert_eq!(verdict.hygiene.len(), 1);
    }

    #[test]
    fn a_late_measuring_machine_refuses_to_judge_computing() {
        let bed = Bed::new().with(sample::computing_loop).samples(
            FactKey::DoctorTimerLateMs,
            "doctor",
            &[1500.0; 40],
        );
        let verdict = verdict(bed);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        assert_eq!(verdict.headline[0].code, Code::Measurer);
    }
}
