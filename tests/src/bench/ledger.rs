//! The runs that were made: one line of JSON each, added at the end of a file and never changed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::score::Score;

/// One run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The scenario.
    pub scenario: String,
    /// Which repeat, from 1.
    pub repeat: u32,
    /// The program, by the start of its SHA-256.
    pub build: String,
    /// The commit the sources were at.
    pub commit: String,
    /// When it ended, in seconds since 1970.
    pub at: u64,
    /// `healthy`, `finding`, `inconclusive`; empty when the doctor failed.
    pub outcome: String,
    /// What was named, then what was told, each as `F35 31860`.
    pub said: Vec<String>,
    /// What should have been said.
    pub wanted: Vec<String>,
    /// How they compare.
    pub score: Score,
    /// From starting the doctor to its end, in seconds.
    pub seconds: f64,
    /// The unexplained share of the slowest budget, in percent.
    pub unexplained_percent: Option<f64>,
    /// CPU the doctor used, in seconds.
    pub doctor_cpu_s: f64,
    /// Requests it sent for its figures.
    pub requests: u64,
    /// CPU that neither the patient nor the doctor used, in cores.
    pub others_cores: f64,
    /// Labels found in its evidence.
    pub unsealed: Vec<String>,
    /// Whether each baseline was right, in their order.
    pub baselines: Vec<bool>,
    /// Why there is no report.
    pub error: Option<String>,
}

impl Record {
    /// Whether the run counts as right: an open seal counts as wrong.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.score.right && self.unsealed.is_empty() && self.error.is_none()
    }

    /// The run in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let verdict = match (self.is_right(), self.score.drowned) {
            (true, _) => "right",
            (false, true) => "DROWNED by a neighbour",
            (false, false) => "WRONG",
        };
        let said = if self.said.is_empty() { "nothing".to_owned() } else { self.said.join("; ") };
        let mut line = format!("{verdict} in {:.1} s: {} {said}", self.seconds, self.outcome);
        if !self.is_right() {
            line.push_str(&format!(" (wanted: {})", self.wanted.join("; ")));
        }
        if let Some(error) = &self.error {
            line.push_str(&format!(" [{error}]"));
        }
        if !self.unsealed.is_empty() {
            line.push_str(&format!(" [the seal is broken: {}]", self.unsealed.join(", ")));
        }
        line
    }

    fn to_json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "repeat": self.repeat,
            "build": self.build,
            "commit": self.commit,
            "at": self.at,
            "outcome": self.outcome,
            "said": self.said,
            "wanted": self.wanted,
            "right": self.score.right,
            "cause_right": self.score.cause_right,
            "object_right": self.score.object_right,
            "grounded": self.score.grounded,
            "false_alarms": self.score.false_alarms,
            "neighbour": self.score.neighbour,
            "drowned": self.score.drowned,
            "seconds": self.seconds,
            "unexplained_percent": self.unexplained_percent,
            "doctor_cpu_s": self.doctor_cpu_s,
            "requests": self.requests,
            "others_cores": self.others_cores,
            "unsealed": self.unsealed,
            "baselines": self.baselines,
            "error": self.error,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let number = |name: &str| value[name].as_f64().unwrap_or(0.0);
        let flag = |name: &str| value[name].as_bool().unwrap_or(false);
        let texts = |name: &str| -> Vec<String> {
            let all = value[name].as_array().into_iter().flatten();
            all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        Some(Self {
            scenario: text("scenario")?,
            repeat: u32::try_from(value["repeat"].as_u64()?).ok()?,
            build: text("build")?,
            commit: text("commit").unwrap_or_default(),
            at: value["at"].as_u64().unwrap_or(0),
            outcome: text("outcome").unwrap_or_default(),
            said: texts("said"),
            wanted: texts("wanted"),
            score: Score {
                right: flag("right"),
                cause_right: flag("cause_right"),
                object_right: flag("object_right"),
                grounded: value["grounded"].as_bool(),
                false_alarms: texts("false_alarms"),
                neighbour: flag("neighbour"),
                drowned: flag("drowned"),
            },
            seconds: number("seconds"),
            unexplained_percent: value["unexplained_percent"].as_f64(),
            doctor_cpu_s: number("doctor_cpu_s"),
            requests: value["requests"].as_u64().unwrap_or(0),
            others_cores: number("others_cores"),
            unsealed: texts("unsealed"),
            baselines: value["baselines"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_bool)
                .collect(),
            error: text("error"),
        })
    }
}

/// All runs that are known.
pub struct Ledger {
    file: PathBuf,
    records: Vec<Record>,
}

impl Ledger {
    /// Reads the file; a line that is not a record (a run cut off while it was written) is left out.
    ///
    /// # Errors
    /// When the folder cannot be made or the file not be read.
    pub fn open(file: &Path) -> Result<Self> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        let text = if file.exists() {
            fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?
        } else {
            String::new()
        };
        let parsed = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        let records = parsed.filter_map(|value: Value| Record::from_json(&value)).collect();
        Ok(Self { file: file.to_path_buf(), records })
    }

    /// Whether a build was run on this already.
    #[must_use]
    pub fn has(&self, scenario: &str, repeat: u32, build: &str) -> bool {
        self.records
            .iter()
            .any(|one| one.scenario == scenario && one.repeat == repeat && one.build == build)
    }

    /// Adds a run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, record: Record) -> Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        writeln!(file, "{}", record.to_json()).context("keep the run")?;
        self.records.push(record);
        Ok(())
    }

    /// The newest run of each scenario and repeat, of one build or of any.
    #[must_use]
    pub fn newest(&self, build: Option<&str>) -> Vec<&Record> {
        let mut newest: Vec<&Record> = Vec::new();
        for record in self.records.iter().rev() {
            let counts = build.is_none_or(|build| record.build == build);
            let known =
                |one: &&Record| one.scenario == record.scenario && one.repeat == record.repeat;
            if counts && !newest.iter().any(known) {
                newest.push(record);
            }
        }
        newest.reverse();
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(repeat: u32, build: &str) -> Record {
        Record {
            scenario: "deaf".to_owned(),
            repeat,
            build: build.to_owned(),
            seconds: 3.5,
            score: Score { right: true, grounded: Some(true), ..Score::default() },
            baselines: vec![false, true, false],
            ..Record::default()
        }
    }

    #[test]
    fn a_run_is_found_again_by_scenario_repeat_and_build() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("below/runs.jsonl");
        let mut ledger = Ledger::open(&file).unwrap();
        ledger.add(record(1, "a")).unwrap();
        ledger.add(record(1, "b")).unwrap();
        let ledger = Ledger::open(&file).unwrap();
        assert!(ledger.has("deaf", 1, "a") && !ledger.has("deaf", 2, "a"));
        assert_eq!(ledger.newest(Some("a")), [&record(1, "a")]);
        assert_eq!(ledger.newest(None), [&record(1, "b")]);
    }

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_the_next_run_stands_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runs.jsonl");
        fs::write(&file, "{\"scenario\": \"de\n").unwrap();
        let mut ledger = Ledger::open(&file).unwrap();
        ledger.add(record(1, "a")).unwrap();
        assert_eq!(Ledger::open(&file).unwrap().newest(None).len(), 1);
    }

    #[test]
    fn a_broken_seal_is_a_wrong_run() {
        let mut sealed = record(1, "a");
        assert!(sealed.is_right());
        sealed.unsealed.push("hold.py".to_owned());
        assert!(!sealed.is_right() && sealed.line().contains("the seal is broken"));
    }
}
