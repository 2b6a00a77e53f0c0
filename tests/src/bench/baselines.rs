//! Three ways to answer without a doctor, computed from the evidence of the same runs: thresholds, the
//! largest z-score, and the method of the original report.

use serde_json::Value;

use crate::bench::evidence::{Named, Paper};
use crate::scenario::Scenario;
use crate::ward::Object;

/// A way to answer: one cause with its object, or none.
#[derive(Clone, Copy)]
pub struct Baseline {
    /// Its name in tables and records.
    pub name: &'static str,
    /// Its answer to the evidence of a report.
    pub answer: fn(&Paper) -> Option<Named>,
}

/// ALL baselines.
pub const ALL: &[Baseline] = &[
    Baseline { name: "thresholds", answer: thresholds },
    Baseline { name: "z-score", answer: largest_z },
    Baseline { name: "seed method", answer: seed_method },
];

/// Whether an answer is right: for a healthy or unknown patient, that there is none; else the first
/// injected cause with its object.
#[must_use]
pub fn is_right(scenario: &Scenario, objects: &[Object], answer: Option<&Named>) -> bool {
    match (scenario.injected.iter().zip(objects).next(), answer) {
        (None, answer) => answer.is_none(),
        (Some(_), None) => false,
        (Some((injected, object)), Some(answer)) => {
            injected.cause == answer.cause && object.is(&answer.object)
        }
    }
}

/// One threshold: a metric, its limit, and the cause an operator concludes from it.
struct Rule {
    fact: &'static str,
    above: f64,
    cause: &'static str,
    /// Whether the cause is about what was measured, or about the server's process.
    own_object: bool,
}

const fn rule(fact: &'static str, above: f64, cause: &'static str, own_object: bool) -> Rule {
    Rule { fact, above, cause, own_object }
}

/// The published default thresholds of Coroot's inspections (coroot, model/check.go: node and container CPU
/// 80 %, OOM kills 0, disk space 80 %, restarts 0, round trip 10 ms, Redis 5 ms, PostgreSQL 100 ms),
/// as far as the evidence has their metric, with the usual conclusion; the first that fires answers.
const RULES: &[Rule] = &[
    rule("host_oom_kills", 0.0, "F25", false),
    rule("cgroup_throttled_periods", 0.0, "F20", false),
    rule("host_psi_memory", 10.0, "F24", false),
    rule("peer_probe_ms", 10.0, "F64", true),
    rule("pg_statement_ms", 100.0, "F54", true),
    rule("process_zombies", 0.0, "F29", true),
    rule("host_psi_io", 20.0, "F32", false),
    rule("host_cpu_busy_share", 80.0, "F14", false),
];

fn pid(paper: &Paper) -> String {
    let fact = paper.facts("target_pid").find_map(|fact| fact["value"]["value"].as_i64());
    fact.map(|pid| pid.to_string()).unwrap_or_default()
}

fn named(cause: &str, object: String) -> Option<Named> {
    Some(Named { cause: cause.to_owned(), object })
}

/// The address that refuses, if nothing answers there.
fn refused(paper: &Paper) -> Option<Named> {
    let mut outcomes = paper.facts("connect_outcome");
    let refused = outcomes.find(|fact| fact["value"]["value"] == "refused")?;
    named("F01", refused["object"].as_str().unwrap_or_default().to_owned())
}

/// The first full disk: less than a fifth of it is free.
fn full_disk(paper: &Paper) -> Option<Named> {
    paper.facts("fs_free_bytes").find_map(|fact| {
        let object = fact["object"].as_str()?;
        let total = paper.facts("fs_total_bytes").find(|one| one["object"] == object)?;
        let share = Paper::number(fact)? / Paper::number(total)?.max(1.0);
        (share < 0.2).then(|| named("F33", object.to_owned()))?
    })
}

fn thresholds(paper: &Paper) -> Option<Named> {
    let ruled = RULES.iter().find_map(|rule| {
        let (object, value) = if rule.fact == "process_zombies" {
            let zombies = |fact: &Value| fact["value"]["value"].as_array().map_or(0, Vec::len);
            (pid(paper), paper.facts(rule.fact).map(zombies).sum::<usize>() as f64)
        } else {
            paper.greatest(rule.fact)?
        };
        let object = if rule.own_object { object } else { pid(paper) };
        (value > rule.above).then(|| named(rule.cause, object))?
    });
    refused(paper).or_else(|| full_disk(paper)).or(ruled)
}

/// What is compared over windows, and what its outlier is taken for.
const METRICS: &[(&str, &str)] = &[
    ("process_on_cpu_ns", "F14"),
    ("process_run_queue_ns", "F19"),
    ("process_read_calls", "F41"),
    ("process_major_faults", "F24"),
    ("process_rss_bump_bytes", "F26"),
    ("cgroup_throttled_ns", "F20"),
    ("http_connect_ms", "F05"),
    ("http_first_byte_ms", "F13"),
    ("peer_segments", "F63"),
    ("sqlite_commits", "F46"),
    ("rss_growth_bytes", "F26"),
    ("http_body_bytes", "F72"),
];

/// The metric with the greatest distance of one of its objects from the mean of the others, in standard
/// deviations of the others; the object is the process, or the endpoint where there is none.
fn largest_z(paper: &Paper) -> Option<Named> {
    let (_, cause, object) = METRICS
        .iter()
        .filter_map(|(metric, cause)| outlier(paper, metric).map(|(z, object)| (z, *cause, object)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(z, ..)| *z >= 3.0)?;
    let process = object.split_once(" during ").map(|(pid, _)| pid.to_owned());
    named(cause, process.unwrap_or(object))
}

fn outlier(paper: &Paper, metric: &str) -> Option<(f64, String)> {
    let all: Vec<(String, f64)> = paper
        .facts(metric)
        .filter_map(|fact| Some((fact["object"].as_str()?.to_owned(), Paper::number(fact)?)))
        .collect();
    let distance = |(at, (object, value)): (usize, &(String, f64))| {
        let others: Vec<f64> =
            all.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, one)| one.1).collect();
        let count = others.len() as f64;
        let mean = others.iter().sum::<f64>() / count;
        let variance = others.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / count;
        // A twentieth of the mean is the noise of such counters: without it equal values give no scale.
        let deviation = variance.sqrt().max(mean.abs() * 0.05).max(1.0);
        ((value - mean) / deviation, object.clone())
    };
    let far = all.iter().enumerate().map(distance).max_by(|a, b| a.0.total_cmp(&b.0));
    far.filter(|_| all.len() >= 2)
}

/// The original report's: zombies if there are any, else the database is bloated; what it does about it
/// (VACUUM, kill, restart) names nothing else.
fn seed_method(paper: &Paper) -> Option<Named> {
    let zombies = paper
        .facts("process_zombies")
        .find(|fact| fact["value"]["value"].as_array().is_some_and(|list| !list.is_empty()));
    if let Some(parent) = zombies {
        return named("F29", parent["object"].as_str().unwrap_or_default().to_owned());
    }
    let database = paper.facts("sqlite_path").next()?;
    named("F43", database["object"].as_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fact(key: &str, object: &str, value: Value) -> Value {
        json!({ "key": key, "object": object, "value": { "value": value } })
    }

    fn paper(facts: Vec<Value>) -> Paper {
        Paper(json!({ "evidence": facts }))
    }

    #[test]
    fn a_threshold_answers_with_the_first_metric_above_its_limit() {
        let busy = paper(vec![
            fact("target_pid", "target", json!(7)),
            fact("host_cpu_busy_share", "host", json!(93.0)),
        ]);
        assert_eq!(thresholds(&busy), named("F14", "7".to_owned()));
        assert_eq!(thresholds(&paper(Vec::new())), None);
    }

    #[test]
    fn the_largest_distance_answers_and_ordinary_spread_does_not() {
        let reads = |slow: i64| {
            paper(vec![
                fact("process_read_calls", "7 during /a", json!(10)),
                fact("process_read_calls", "7 during /b", json!(11)),
                fact("process_read_calls", "7 during /slow", json!(slow)),
            ])
        };
        assert_eq!(largest_z(&reads(4460)), named("F41", "7".to_owned()));
        assert_eq!(largest_z(&reads(11)), None);
    }

    #[test]
    fn the_seed_method_blames_zombies_and_then_the_database() {
        let healthy = paper(vec![fact("sqlite_path", "/a.db", json!("/a.db"))]);
        assert_eq!(seed_method(&healthy), named("F43", "/a.db".to_owned()));
        assert_eq!(seed_method(&paper(Vec::new())), None);
    }
}
