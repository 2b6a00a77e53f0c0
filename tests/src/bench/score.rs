//! What a run is worth: the report against the label.

use crate::bench::evidence::{Named, Paper};
use crate::bench::machine::Spent;
use crate::scenario::{Group, Scenario, TRUE_ANYWHERE, Way};
use crate::ward::Object;

/// Causes that the machine itself can have beside any patient: a neighbour takes the CPU.
const OF_THE_MACHINE: &[&str] = &["F19"];
/// From how many cores of others on such a cause is true; measured by the bench, not by the doctor.
const OTHERS_CORES_MIN: f64 = 0.4;

/// How a report compares with its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Everything that had to be said was, and nothing else.
    pub right: bool,
    /// The injected causes were named or told, whatever their objects, at the top of their list.
    pub cause_right: bool,
    /// With the right objects.
    pub object_right: bool,
    /// Whether the chain of every injected cause that was named is complete; absent when none was.
    pub grounded: Option<bool>,
    /// Causes that were named or told and are not true.
    pub false_alarms: Vec<String>,
    /// A neighbour that was named, and that the bench measured as well.
    pub neighbour: bool,
    /// Such a neighbour was named and the injected cause was not: nothing false, and not enough.
    pub drowned: bool,
}

/// Scores a report beside what the machine did meanwhile.
#[must_use]
pub fn score(scenario: &Scenario, objects: &[Object], paper: &Paper, spent: &Spent) -> Score {
    let others_cores = spent.others_cores;
    let is_noise = |one: &&Named| {
        OF_THE_MACHINE.contains(&one.cause.as_str())
            && others_cores >= OTHERS_CORES_MIN
            && !scenario.injected.iter().any(|injected| injected.cause == one.cause)
    };
    let all = paper.findings();
    let neighbour = all.iter().any(|one| is_noise(&one));
    let findings: Vec<Named> = all.into_iter().filter(|one| !is_noise(&one)).collect();
    let hygiene = paper.hygiene();
    let false_alarms = untrue(scenario, &findings, &hygiene);
    let mut score = Score { false_alarms, neighbour, ..Score::default() };
    match scenario.group {
        Group::Healthy => {
            // Beside a neighbour that takes the CPU, slowness is not the patient's.
            let outcome = paper.outcome() == "healthy" || neighbour;
            score.right = outcome && score.false_alarms.is_empty();
        }
        Group::Unknown => {
            let named = !findings.is_empty();
            let abstains = paper.outcome() == "inconclusive" && paper.says_what_is_missing();
            score.right = (abstains || named || neighbour) && score.false_alarms.is_empty();
        }
        _ => injected(scenario, objects, (paper, &findings, &hygiene, spent), &mut score),
    }
    score
}

/// What was said and is neither injected nor true beside it, by its number and object.
fn untrue(scenario: &Scenario, findings: &[Named], hygiene: &[Named]) -> Vec<String> {
    let is_known = |one: &Named| {
        scenario.injected.iter().any(|injected| injected.cause == one.cause)
            || scenario.beside.contains(&one.cause.as_str())
            || TRUE_ANYWHERE.contains(&one.cause.as_str())
    };
    let false_one = |one: &&Named| !is_known(one);
    findings
        .iter()
        .chain(hygiene)
        .filter(false_one)
        .map(|one| format!("{} {}", one.cause, one.object))
        .collect()
}

fn injected(
    scenario: &Scenario,
    objects: &[Object],
    (paper, findings, hygiene, spent): (&Paper, &[Named], &[Named], &Spent),
    score: &mut Score,
) {
    let causes = scenario.injected.iter().filter(|one| one.way == Way::Cause).count();
    // What is true beside the fault has no place of its own, so it does not take the first either.
    let ranked: Vec<&Named> = findings
        .iter()
        .filter(|one| {
            scenario.injected.iter().any(|injected| injected.cause == one.cause)
                || !scenario.beside.contains(&one.cause.as_str())
        })
        .collect();
    let first: Vec<&Named> = ranked.iter().take(causes).copied().collect();
    let mut each = scenario.injected.iter().zip(objects).map(|(injected, object)| {
        let place: Vec<&Named> = match injected.way {
            Way::Cause => first.clone(),
            Way::Hygiene => hygiene.iter().collect(),
        };
        let named = place.into_iter().find(|one| one.cause == injected.cause);
        (named.is_some(), named.is_some_and(|one| is_right(object, &one.object, spent)))
    });
    let pairs: Vec<(bool, bool)> = each.by_ref().collect();
    score.cause_right = !pairs.is_empty() && pairs.iter().all(|(cause, _)| *cause);
    score.object_right = score.cause_right && pairs.iter().all(|(_, object)| *object);
    let named = scenario.injected.iter().zip(&pairs).filter(|(_, (cause, _))| *cause);
    let grounded: Vec<bool> = named.map(|(one, _)| paper.is_grounded(one.cause)).collect();
    score.grounded = (!grounded.is_empty()).then(|| grounded.iter().all(|one| *one));
    score.right = score.object_right && score.false_alarms.is_empty();
    score.drowned = score.neighbour && findings.is_empty() && !score.cause_right;
}

fn is_right(object: &Object, named: &str, spent: &Spent) -> bool {
    if spent.others_cores >= OTHERS_CORES_MIN {
        object.is_beside_others(named, &spent.own)
    } else {
        object.is(named)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scenario(name: &str) -> &'static Scenario {
        crate::scenario::all().into_iter().find(|one| one.name == name).unwrap()
    }

    fn paper(findings: &[(&str, &str)], hygiene: &[(&str, &str)]) -> Paper {
        let list = |all: &[(&str, &str)]| {
            all.iter()
                .map(|(cause, object)| json!({ "cause": cause, "object": object }))
                .collect::<Vec<_>>()
        };
        let outcome = if findings.is_empty() { "healthy" } else { "finding" };
        Paper(json!({ "findings": list(findings), "hygiene": list(hygiene), "outcome": outcome }))
    }

    fn lock(findings: &[(&str, &str)], others: f64) -> Score {
        score(scenario("writer-lock"), &[Object::pid(7)], &paper(findings, &[]), &beside(others))
    }

    fn beside(others_cores: f64) -> Spent {
        Spent { others_cores, ..Spent::default() }
    }

    #[test]
    fn the_right_cause_with_the_wrong_object_is_not_right() {
        assert!(lock(&[("F35", "7")], 0.0).right);
        let wrong = lock(&[("F35", "8")], 0.0);
        assert!(wrong.cause_right && !wrong.object_right && !wrong.right);
    }

    #[test]
    fn a_neighbour_is_true_only_where_the_bench_measured_one() {
        let quiet = lock(&[("F19", "99"), ("F35", "7")], 0.1);
        assert!(!quiet.right && quiet.false_alarms == ["F19 99"]);
        let noisy = lock(&[("F19", "99"), ("F35", "7")], 1.2);
        assert!(noisy.right && noisy.neighbour);
        let drowned = lock(&[("F19", "99")], 1.2);
        assert!(!drowned.right && drowned.drowned && drowned.false_alarms.is_empty());
    }

    #[test]
    fn another_cause_beside_the_right_one_is_a_false_alarm() {
        let two = lock(&[("F35", "7"), ("F13", "app.py:1 f")], 0.0);
        assert!(two.cause_right && !two.right && two.false_alarms == ["F13 app.py:1 f"]);
    }

    #[test]
    fn hygiene_must_be_told_and_not_made_a_cause() {
        let bloat = |findings: &[_], hygiene: &[_]| {
            let object = [Object::Ends("/dev.db".to_owned())];
            score(scenario("bloat"), &object, &paper(findings, hygiene), &beside(0.0)).right
        };
        assert!(bloat(&[], &[("F43", "/x/dev.db"), ("F78", "5")]));
        assert!(!bloat(&[("F43", "/x/dev.db")], &[]));
    }

    #[test]
    fn a_healthy_patient_with_any_finding_is_a_false_alarm() {
        let healthy = |findings: &[_]| {
            score(scenario("fastapi-rest"), &[], &paper(findings, &[]), &beside(0.0))
        };
        assert!(healthy(&[]).right);
        assert!(!healthy(&[("F13", "x")]).right);
    }

    #[test]
    fn what_nobody_knows_is_to_be_left_open_and_a_wrong_name_is_worse() {
        let open = Paper(json!({ "outcome": "inconclusive", "open": [{ "cause": "F13" }] }));
        assert!(score(scenario("unknown-pipe"), &[], &open, &beside(0.0)).right);
        let silent = Paper(json!({ "outcome": "inconclusive" }));
        assert!(!score(scenario("unknown-pipe"), &[], &silent, &beside(0.0)).right);
        let wrong = paper(&[("F64", "1.2.3.4:5")], &[]);
        assert!(!score(scenario("unknown-pipe"), &[], &wrong, &beside(0.0)).right);
        assert!(score(scenario("unknown-trickle"), &[], &wrong, &beside(0.0)).right);
    }
}
