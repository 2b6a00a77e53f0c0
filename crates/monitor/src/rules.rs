//! THE table of rules: what is judged, from which threshold on, for how long, and how bad it is.

use std::fmt::Write as _;

use crate::alert::Severity;
use crate::cause::Link;
use crate::figures::Figures;
use crate::judge::measure::{self, Reading};
use crate::metric::Metric;

/// A rule: one row of the table. What the panel, the API and the reference say of it follows from
/// the row.
pub(crate) struct Rule {
    /// Its name; never changed, admins' changes hang on it.
    pub code: &'static str,
    /// What holds when all is well; `{threshold}` and `{window}` stand for its numbers.
    pub sentence: &'static str,
    /// Reads from the figures of a stretch what is judged: a pure function.
    pub measure: fn(&dyn Figures, i64) -> Vec<Reading>,
    /// What it reads; a preview loads these.
    pub metrics: &'static [Metric],
    /// What its objects are; empty when it judges the whole.
    pub per: &'static str,
    /// How its cause is found.
    pub link: Link,
    /// Over how long it looks back, in seconds; at most the quarter of an hour that is in memory.
    pub window_s: u32,
    /// The threshold, in its unit.
    pub threshold: f64,
    /// Whether values above the threshold are bad; else those below.
    pub above: bool,
    /// At which part of the threshold a firing one begins to recover (hysteresis).
    pub clears_at: f64,
    /// How long it must be bad before it fires.
    pub pending_s: u32,
    /// How long it must be good before it is over.
    pub keep_s: u32,
    /// How many values it needs before it judges.
    pub min_count: u64,
    /// How bad it is.
    pub severity: Severity,
    /// The unit of its values: `s`, `ratio`, `count`, `bytes`.
    pub unit: &'static str,
}

/// The metrics of which at least one is recorded while anything is recorded at all. The monitor's
/// own cost is not among them: it goes on when all else is silent.
pub(crate) const PULSE: &[Metric] = &[
    Metric::HttpRequestNs,
    Metric::ConnectionsOpen,
    Metric::PoolUse,
    Metric::WriteQueue,
    Metric::Sessions,
    Metric::ProcessCpuNs,
    Metric::ProcessRssBytes,
    Metric::Ready,
];

/// One gibibyte, in bytes.
const GIB: f64 = 1_073_741_824.0;

/// ALL rules. Thresholds of the first six are those of the product's sheet (S22, S23).
pub(crate) const ALL: &[Rule] = &[
    Rule {
        code: "response_slow",
        sentence: "95 % of a route's requests take at most {threshold}, over {window}",
        measure: measure::response_p95,
        metrics: &[Metric::HttpRequestNs],
        per: "route",
        link: Link::Route,
        window_s: 60,
        threshold: 5.0,
        above: true,
        clears_at: 0.9,
        pending_s: 30,
        keep_s: 60,
        min_count: 5,
        severity: Severity::Critical,
        unit: "s",
    },
    Rule {
        code: "response_target",
        sentence: "95 % of a route's requests take at most {threshold}, over {window}",
        measure: measure::response_p95,
        metrics: &[Metric::HttpRequestNs],
        per: "route",
        link: Link::Route,
        window_s: 60,
        threshold: 2.0,
        above: true,
        clears_at: 0.9,
        pending_s: 120,
        keep_s: 120,
        min_count: 5,
        severity: Severity::Warning,
        unit: "s",
    },
    Rule {
        code: "error_rate",
        sentence: "At most {threshold} of all requests end in a 5xx or a timeout, over {window}",
        measure: measure::error_rate,
        metrics: &[Metric::HttpRequestNs],
        per: "",
        link: Link::Failures,
        window_s: 120,
        threshold: 0.05,
        above: true,
        clears_at: 0.8,
        pending_s: 30,
        keep_s: 60,
        min_count: 20,
        severity: Severity::Critical,
        unit: "ratio",
    },
    Rule {
        code: "query_target",
        sentence: "95 % of a statement's runs take at most {threshold}, over {window}",
        measure: measure::query_p95,
        metrics: &[Metric::QueryNs],
        per: "query",
        link: Link::Query,
        window_s: 120,
        threshold: 0.1,
        above: true,
        clears_at: 0.9,
        pending_s: 120,
        keep_s: 120,
        min_count: 10,
        severity: Severity::Warning,
        unit: "s",
    },
    Rule {
        code: "pool_use",
        sentence: "The database readers are at work at most {threshold} of the time, over {window}",
        measure: measure::pool_use,
        metrics: &[Metric::PoolUse],
        per: "",
        link: Link::Pool,
        window_s: 60,
        threshold: 0.8,
        above: true,
        clears_at: 0.9,
        pending_s: 60,
        keep_s: 120,
        min_count: 1,
        severity: Severity::Warning,
        unit: "ratio",
    },
    Rule {
        code: "sessions_many",
        sentence: "At most {threshold} sessions are active",
        measure: measure::sessions_active,
        metrics: &[Metric::Sessions],
        per: "",
        link: Link::Own,
        window_s: 60,
        threshold: 1_000.0,
        above: true,
        clears_at: 0.95,
        pending_s: 60,
        keep_s: 300,
        min_count: 1,
        severity: Severity::Warning,
        unit: "count",
    },
    Rule {
        code: "post_waits",
        sentence: "No message waits longer than {threshold} to leave",
        measure: measure::post_oldest,
        metrics: &[Metric::PostOldestNs],
        per: "channel",
        link: Link::Own,
        window_s: 60,
        threshold: 600.0,
        above: true,
        clears_at: 0.9,
        pending_s: 60,
        keep_s: 60,
        min_count: 1,
        severity: Severity::Warning,
        unit: "s",
    },
    Rule {
        code: "disk_free",
        sentence: "At least {threshold} are free on the database's disk",
        measure: measure::disk_free,
        metrics: &[Metric::DiskFreeBytes],
        per: "",
        link: Link::Own,
        window_s: 60,
        threshold: GIB,
        above: false,
        clears_at: 1.1,
        pending_s: 60,
        keep_s: 60,
        min_count: 1,
        severity: Severity::Warning,
        unit: "bytes",
    },
    Rule {
        code: "write_queue",
        sentence: "The writer is busy with one thing for at most {threshold}",
        measure: measure::writer_busy,
        metrics: &[Metric::WriterBusyNs],
        per: "",
        link: Link::Canary,
        window_s: 10,
        threshold: 1.0,
        above: true,
        clears_at: 0.8,
        pending_s: 20,
        keep_s: 60,
        min_count: 1,
        severity: Severity::Critical,
        unit: "s",
    },
    Rule {
        code: "not_ready",
        sentence: "The canary finds all resources working",
        measure: measure::ready,
        metrics: &[Metric::Ready],
        per: "",
        link: Link::Canary,
        window_s: 10,
        threshold: 1.0,
        above: false,
        clears_at: 1.0,
        pending_s: 20,
        keep_s: 60,
        min_count: 1,
        severity: Severity::Critical,
        unit: "ratio",
    },
    Rule {
        code: "login_failures",
        sentence: "At most {threshold} sign-ins fail in {window}",
        measure: measure::login_failures,
        metrics: &[Metric::LoginFailures],
        per: "",
        link: Link::Own,
        window_s: 300,
        threshold: 50.0,
        above: true,
        clears_at: 0.8,
        pending_s: 0,
        keep_s: 300,
        min_count: 0,
        severity: Severity::Warning,
        unit: "count",
    },
    Rule {
        code: "no_data",
        sentence: "Something is recorded while the process runs",
        measure: measure::pulse,
        metrics: PULSE,
        per: "",
        link: Link::Canary,
        window_s: 30,
        threshold: 1.0,
        above: false,
        clears_at: 1.0,
        pending_s: 120,
        keep_s: 30,
        min_count: 0,
        severity: Severity::Warning,
        unit: "count",
    },
    Rule {
        code: "check_failed",
        sentence: "At most {threshold} of a check's last runs fail",
        measure: measure::check_failures,
        metrics: &[Metric::CheckRuns],
        per: "check",
        link: Link::Check,
        window_s: 900,
        threshold: 0.5,
        above: true,
        clears_at: 1.0,
        pending_s: 20,
        keep_s: 60,
        min_count: 2,
        severity: Severity::Critical,
        unit: "ratio",
    },
    Rule {
        code: "check_slow",
        sentence: "95 % of a check's runs take at most {threshold}, over {window}",
        measure: measure::check_p95,
        metrics: &[Metric::CheckTotalNs],
        per: "check",
        link: Link::Check,
        window_s: 180,
        threshold: 5.0,
        above: true,
        clears_at: 0.9,
        pending_s: 60,
        keep_s: 60,
        min_count: 3,
        severity: Severity::Warning,
        unit: "s",
    },
    Rule {
        code: "monitor_cost",
        sentence: "The monitor takes at most {threshold} of one core, over {window}",
        measure: measure::monitor_cost,
        metrics: &[Metric::MonitorCpuNs],
        per: "",
        link: Link::Own,
        window_s: 300,
        threshold: 0.02,
        above: true,
        clears_at: 0.9,
        pending_s: 300,
        keep_s: 300,
        min_count: 1,
        severity: Severity::Warning,
        unit: "ratio",
    },
];

impl Rule {
    /// The rule of this name and its place in the table.
    pub fn named(code: &str) -> Option<(usize, &'static Self)> {
        ALL.iter().enumerate().find(|(_, rule)| rule.code == code)
    }

    /// Over how long it looks back, in milliseconds.
    pub fn window_ms(&self) -> i64 {
        i64::from(self.window_s) * 1_000
    }

    /// Its sentence with its numbers.
    pub fn sentence(&self, threshold: f64) -> String {
        self.sentence
            .replace("{threshold}", &amount(threshold, self.unit))
            .replace("{window}", &span(self.window_s))
    }
}

/// A value with its unit, as a human writes it: `5 s`, `80 %`, `1 GiB`, `1000`.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "s" => format!("{} s", rounded(value)),
        "ratio" => format!("{} %", rounded(value * 100.0)),
        "bytes" if value >= GIB => format!("{} GiB", rounded(value / GIB)),
        "bytes" => format!("{} MiB", rounded(value * 1024.0 / GIB)),
        _ => format!("{value}"),
    }
}

/// Two decimals at the most: 7.000000000000001 % is 7 %.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A stretch of time, as a human writes it: `30 s`, `5 min`.
fn span(seconds: u32) -> String {
    match seconds {
        s if s >= 60 && s.is_multiple_of(60) => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// The rules as a table in Markdown, for the reference.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "| code | what holds when all is well | for each | fires after | over after | needs | severity |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for rule in ALL {
        let per = if rule.per.is_empty() { "the whole" } else { rule.per };
        let severity = match rule.severity {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let needs = match rule.min_count {
            0 => "–".to_owned(),
            1 => "1 value".to_owned(),
            n => format!("{n} values"),
        };
        let row = writeln!(
            text,
            "| `{}` | {} | {per} | {} | {} within {} | {needs} | {severity} |",
            rule.code,
            rule.sentence(rule.threshold),
            span(rule.pending_s),
            span(rule.keep_s),
            amount(rule.threshold * rule.clears_at, rule.unit),
        );
        let _writing_to_a_string_never_fails = row;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_numbers_that_can_be_kept() {
        let mut codes = std::collections::HashSet::new();
        for rule in ALL {
            assert!(codes.insert(rule.code), "{} stands twice", rule.code);
            assert!((10..=900).contains(&rule.window_s), "{}: the ring is 15 min", rule.code);
            assert!(rule.window_s.is_multiple_of(10), "{}: whole windows", rule.code);
            assert!(!rule.metrics.is_empty(), "{} reads nothing", rule.code);
            let eases = if rule.above { rule.clears_at <= 1.0 } else { rule.clears_at >= 1.0 };
            assert!(eases, "{} would clear while it is bad", rule.code);
            for metric in rule.metrics {
                assert!(!metric.is_detail(), "{} reads what may be let go", rule.code);
            }
            if rule.severity == Severity::Critical {
                assert!((20..=30).contains(&rule.pending_s), "{} waits too long", rule.code);
            }
        }
    }

    #[test]
    fn a_sentence_says_its_numbers_as_humans_write_them() {
        let said = |code| Rule::named(code).map(|(_, rule)| rule.sentence(rule.threshold));
        let expected = "At most 5 % of all requests end in a 5xx or a timeout, over 2 min";
        assert_eq!(said("error_rate").as_deref(), Some(expected));
        let expected = "At least 1 GiB are free on the database's disk";
        assert_eq!(said("disk_free").as_deref(), Some(expected));
        assert_eq!(amount(0.07, "ratio"), "7 %");
        assert_eq!(amount(67_108_864.0, "bytes"), "64 MiB");
    }

    #[test]
    fn the_reference_has_a_row_for_every_rule() {
        let text = reference();
        assert_eq!(text.lines().count(), ALL.len() + 2);
        for rule in ALL {
            assert!(text.contains(&format!("| `{}` |", rule.code)), "{}", rule.code);
        }
    }
}
