//! The tables: per fault and per group with 95 % intervals, the goals beside, and what is missing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::bench::ask::Ask;
use crate::bench::ledger::Record;
use crate::bench::{baselines, due};
use crate::scenario::{Group, Scenario, all};

/// One goal, what was reached, and whether that is enough.
struct Goal {
    says: &'static str,
    reached: String,
    met: Option<bool>,
}

/// The tables as text, and whether every goal is met on all that was asked for.
#[must_use]
pub fn of(ask: &Ask, records: &[&Record]) -> (String, bool) {
    let records: Vec<&Record> = records
        .iter()
        .copied()
        .filter(|one| scenario(one).is_some_and(|scenario| ask.wants(scenario)))
        .collect();
    let mut text = String::new();
    faults(&mut text, &records);
    groups(&mut text, &records);
    misses(&mut text, &records);
    let goals = goals(&records);
    let _written = writeln!(text, "\ngoal");
    for goal in &goals {
        let verdict = match goal.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "-",
        };
        let _written = writeln!(text, "  {:<69} {:<18} {verdict}", goal.says, goal.reached);
    }
    let missing = missing(ask, &records);
    let builds = builds(&records);
    let _written = writeln!(
        text,
        "\n{} runs of {} asked for; {missing} are missing; in {} of the missed a neighbour that the bench \
         measured drowned the fault. Builds: {}. CPU of others beside the runs: {}.",
        records.len(),
        due(ask).len(),
        records.iter().filter(|one| one.score.drowned).count(),
        if builds.is_empty() { "none".to_owned() } else { builds.join(", ") },
        noise(&records),
    );
    (text, !records.is_empty() && goals.iter().all(|goal| goal.met != Some(false)))
}

fn scenario(record: &Record) -> Option<&'static Scenario> {
    all().into_iter().find(|one| one.name == record.scenario)
}

fn of_group<'r>(records: &[&'r Record], wanted: impl Fn(Group) -> bool) -> Vec<&'r Record> {
    let belongs = |one: &&&Record| scenario(one).is_some_and(|scenario| wanted(scenario.group));
    records.iter().filter(belongs).copied().collect()
}

/// How many of how many, with the interval.
fn share(records: &[&Record], is: impl Fn(&Record) -> bool) -> String {
    let right = records.iter().filter(|one| is(one)).count();
    let (low, high) = wilson(right, records.len());
    format!("{right:>3}/{:<3} {low:.2}-{high:.2}", records.len())
}

/// Wilson's score interval at 95 % (Wilson 1927, eq. 4 with z = 1.96): it holds for few runs and for shares
/// near 0 and 1, where the normal approximation does not.
#[must_use]
pub fn wilson(right: usize, all: usize) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let (z, n) = (1.96_f64, all as f64);
    let p = right as f64 / n;
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

/// The value that a share of the values stay within.
fn percentile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied()
}

fn seconds(records: &[&Record], share: f64) -> Option<f64> {
    percentile(records.iter().map(|one| one.seconds).collect(), share)
}

fn unexplained(records: &[&Record], share: f64) -> Option<f64> {
    percentile(records.iter().filter_map(|one| one.unexplained_percent).collect(), share)
}

fn number(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}{unit}"))
}

/// One row for each fault that stands alone, and for each other scenario.
fn faults(text: &mut String, records: &[&Record]) {
    let _written = writeln!(
        text,
        "{:<26} {:<12} {:<17} {:<9} {:<7} {:<8} {:<8} right: {}",
        "fault or scenario",
        "group",
        "right, 95 %",
        "grounded",
        "alarms",
        "median",
        "unexpl.",
        names(),
    );
    let mut rows: Vec<(Group, String)> = records
        .iter()
        .filter_map(|one| scenario(one))
        .map(|scenario| (scenario.group, row_of(scenario)))
        .collect();
    rows.sort();
    rows.dedup();
    for (group, name) in rows {
        let of_row = |one: &&&Record| {
            scenario(one).is_some_and(|one| one.group == group && row_of(one) == name)
        };
        let row: Vec<&Record> = records.iter().filter(of_row).copied().collect();
        line(text, &name, group.name(), &row);
    }
}

/// Faults are counted by their number, everything else by its name.
fn row_of(scenario: &Scenario) -> String {
    let codes: Vec<&str> = scenario.injected.iter().map(|one| one.cause).collect();
    if scenario.group.is_single() { codes.join("+") } else { scenario.name.to_owned() }
}

fn names() -> String {
    baselines::ALL.iter().map(|one| one.name).collect::<Vec<_>>().join(", ")
}

fn line(text: &mut String, name: &str, group: &str, row: &[&Record]) {
    let named: Vec<&&Record> = row.iter().filter(|one| one.score.grounded.is_some()).collect();
    let grounded = named.iter().filter(|one| one.score.grounded == Some(true)).count();
    let alarms = row.iter().filter(|one| !one.score.false_alarms.is_empty()).count();
    let baseline =
        |at: usize| row.iter().filter(|one| one.baselines.get(at) == Some(&true)).count();
    let baselines: Vec<String> =
        (0..baselines::ALL.len()).map(|at| format!("{}/{}", baseline(at), row.len())).collect();
    let _written = writeln!(
        text,
        "{name:<26} {group:<12} {:<17} {:<9} {alarms:<7} {:<8} {:<8} {}",
        share(row, Record::is_right),
        format!("{grounded}/{}", named.len()),
        number(seconds(row, 0.5), " s"),
        number(unexplained(row, 0.5), " %"),
        baselines.join("  "),
    );
}

fn groups(text: &mut String, records: &[&Record]) {
    let _written = writeln!(text);
    for group in Group::ALL {
        let row = of_group(records, |one| one == *group);
        if !row.is_empty() {
            line(text, "group", group.name(), &row);
        }
    }
}

fn misses(text: &mut String, records: &[&Record]) {
    let wrong: Vec<&&Record> = records.iter().filter(|one| !one.is_right()).collect();
    if wrong.is_empty() {
        return;
    }
    let _written = writeln!(text, "\nmissed");
    for one in wrong {
        let _written = writeln!(text, "  {} #{}: {}", one.scenario, one.repeat, one.line());
    }
}

/// The goals of the design, on what was run.
fn goals(records: &[&Record]) -> Vec<Goal> {
    let single = of_group(records, Group::is_single);
    let named: Vec<&Record> =
        single.iter().filter(|one| one.score.grounded.is_some()).copied().collect();
    let healthy = of_group(records, |group| group == Group::Healthy);
    let codes: BTreeSet<String> =
        single.iter().filter_map(|one| scenario(one)).map(row_of).collect();
    let mut goals = vec![
        right("right cause and right object at rank 1: >= 0.95", &single, 0.95),
        Goal {
            says: "faults: >= 45",
            reached: codes.len().to_string(),
            met: (!single.is_empty()).then_some(codes.len() >= 45),
        },
        shared("grounded chain complete among named causes: >= 0.95", &named, is_grounded, 0.95),
        right(
            "two faults at once, exact set: >= 0.80",
            &of_group(records, |one| one == Group::Pair),
            0.8,
        ),
        Goal {
            says: "false alarms on healthy runs: 0 of 300",
            reached: share(&healthy, |one| !one.is_right()),
            met: (!healthy.is_empty()).then(|| healthy.iter().all(|one| one.is_right())),
        },
        right(
            "unknown cause or missing rights, INCONCLUSIVE or a right name: all",
            &of_group(records, |one| one == Group::Unknown),
            1.0,
        ),
        below("unexplained share: median <= 10 %", unexplained(&single, 0.5), " %", 10.0),
        below("time to diagnosis: median <= 10 s", seconds(&single, 0.5), " s", 10.0),
        below("time to diagnosis: p95 <= 25 s", seconds(&single, 0.95), " s", 25.0),
    ];
    goals.extend(
        GROUP_GOALS
            .iter()
            .map(|(group, says)| right(says, &of_group(records, |one| one == *group), 0.8)),
    );
    let used = |one: &&Record| 100.0 * one.doctor_cpu_s / one.seconds.max(0.1);
    let used = percentile(single.iter().map(used).collect(), 0.5);
    let says = "the doctor's own CPU, of one core, median: shown";
    goals.push(Goal { says, reached: number(used, " %"), met: None });
    goals
}

/// No group may be hidden by the others.
const GROUP_GOALS: &[(Group, &str)] = &[
    (Group::Access, "group A access: >= 0.80"),
    (Group::Process, "group B process: >= 0.80"),
    (Group::Sqlite, "group C sqlite: >= 0.80"),
    (Group::Postgres, "group D postgres: >= 0.80"),
    (Group::Protocol, "group E protocol: >= 0.80"),
];

fn is_grounded(record: &Record) -> bool {
    record.score.grounded == Some(true)
}

fn right(says: &'static str, records: &[&Record], goal: f64) -> Goal {
    shared(says, records, Record::is_right, goal)
}

fn shared(says: &'static str, records: &[&Record], is: fn(&Record) -> bool, goal: f64) -> Goal {
    let count = records.iter().filter(|one| is(one)).count() as f64;
    let met = (!records.is_empty()).then_some(count >= goal * records.len() as f64);
    Goal { says, reached: share(records, is), met }
}

fn below(says: &'static str, value: Option<f64>, unit: &str, goal: f64) -> Goal {
    Goal { says, reached: number(value, unit), met: value.map(|value| value <= goal) }
}

fn missing(ask: &Ask, records: &[&Record]) -> usize {
    let is_there = |due: &crate::bench::Due| {
        records.iter().any(|one| one.scenario == due.scenario.name && one.repeat == due.repeat)
    };
    due(ask).iter().filter(|due| !is_there(due)).count()
}

fn builds(records: &[&Record]) -> Vec<String> {
    let mut builds: Vec<String> =
        records.iter().map(|one| format!("{} at {}", one.build, one.commit)).collect();
    builds.sort();
    builds.dedup();
    builds
}

fn noise(records: &[&Record]) -> String {
    let all = || records.iter().map(|one| one.others_cores).collect::<Vec<f64>>();
    let median = number(percentile(all(), 0.5), "");
    format!("median {median}, p95 {} cores", number(percentile(all(), 0.95), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::score::Score;

    fn ask() -> Ask {
        Ask::parse(&[]).unwrap()
    }

    fn record(scenario: &str, right: bool) -> Record {
        Record {
            scenario: scenario.to_owned(),
            repeat: 1,
            seconds: 4.0,
            score: Score { right, grounded: Some(true), ..Score::default() },
            ..Record::default()
        }
    }

    #[test]
    fn the_interval_is_wilsons() {
        // Of 300 runs without a failure, the upper bound of the failures is 1.26 %.
        let (low, high) = wilson(0, 300);
        assert!(low.abs() < 1e-9 && (high - 0.0126).abs() < 1e-4, "{low} {high}");
        let (low, high) = wilson(8, 10);
        assert!((low - 0.490).abs() < 1e-3 && (high - 0.943).abs() < 1e-3, "{low} {high}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn one_false_alarm_on_a_healthy_patient_is_below_the_goal() {
        let (good, bad) = (record("fastapi-rest", true), record("fastapi-load", false));
        assert!(of(&ask(), &[&good]).1);
        let (text, met) = of(&ask(), &[&good, &bad]);
        assert!(!met && text.contains("fastapi-load #1: WRONG"), "{text}");
    }

    #[test]
    fn nothing_run_is_not_a_goal_that_is_met() {
        let (text, met) = of(&ask(), &[]);
        assert!(!met && text.contains("are missing"), "{text}");
    }

    #[test]
    fn every_group_has_a_row_of_its_own() {
        let all = [record("deaf", true), record("bloat", true)];
        let text = of(&ask(), &all.iter().collect::<Vec<_>>()).0;
        assert!(text.contains("group                      A access"), "{text}");
        assert!(text.contains("group                      C sqlite"), "{text}");
    }
}
