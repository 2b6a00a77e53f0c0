//! One sealed run: the patient is started, the doctor in a process of its own is told what a user would tell
//! it, and its report is scored here, where the label is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::bench::evidence::Paper;
use crate::bench::ledger::Record;
use crate::bench::machine::{Meter, Spent};
use crate::bench::score::score;
use crate::bench::{baselines, home, seal};
use crate::scenario::Scenario;
use crate::sickroom::command;
use crate::ward::Ward;

/// A doctor that has not ended by then has failed; its own deadline is a minute for each probing.
const PATIENCE: Duration = Duration::from_secs(150);

/// Whether the person has asked to stop.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Hears Ctrl-C and SIGTERM from now on; a run that is cut off by it is not kept.
    ///
    /// # Errors
    /// When signals cannot be heard.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let shared = Arc::clone(&interrupt.0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let terminated = tokio::signal::unix::SignalKind::terminate();
                let Ok(mut terminated) = tokio::signal::unix::signal(terminated) else { return };
                loop {
                    tokio::select! {
                        _ = tokio::signal::ctrl_c() => {}
                        _ = terminated.recv() => {}
                    }
                    shared.store(true, Ordering::Relaxed);
                }
            });
        });
        Ok(interrupt)
    }

    /// Whether it was heard.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The program under test, and where its reports go.
pub struct Bench {
    galen: PathBuf,
    reports: PathBuf,
    stop: Interrupt,
    /// The program, by the start of its SHA-256.
    pub build: String,
    commit: String,
}

impl Bench {
    /// Takes a program, and names it by its content.
    ///
    /// # Errors
    /// When it cannot be read or the folder of reports cannot be made.
    pub fn new(galen: &Path, stop: Interrupt) -> Result<Self> {
        let galen = galen.canonicalize().with_context(|| format!("find {}", galen.display()))?;
        let digest = Sha256::digest(fs::read(&galen)?);
        let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let reports = home().join("reports");
        fs::create_dir_all(&reports)?;
        Ok(Self { galen, reports, stop, build: digest, commit: commit() })
    }

    /// Runs one scenario once.
    ///
    /// # Errors
    /// When the patient does not start. A doctor that fails is a record.
    pub fn run(&self, scenario: &Scenario, repeat: u32) -> Result<Record> {
        let ward = (scenario.start)()?;
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        open_to_all(folder.path())?;
        let before = Meter::read();
        let ended = self.examine(scenario, &ward, folder.path());
        let spent = Meter::read().since(&before);
        let text = fs::read_to_string(folder.path().join("report.json")).unwrap_or_default();
        let paper = Paper(serde_json::from_str(&text).unwrap_or_default());
        let record = self.judge(scenario, repeat, (&ward, &paper), &spent);
        let error = match ended {
            Ok(_) if paper.0.is_object() => None,
            Ok(said) => Some(format!("no report: {said}")),
            Err(why) => Some(format!("{why:#}")),
        };
        let record = Record { error, ..record };
        if !record.is_right() || record.score.grounded == Some(false) {
            let kept = self.reports.join(format!("{}-{repeat}.json", scenario.name));
            fs::write(&kept, &text).with_context(|| format!("keep {}", kept.display()))?;
        }
        Ok(record)
    }

    /// Starts the doctor as a user would, and waits. Gives what it said last.
    fn examine(&self, scenario: &Scenario, ward: &Ward, folder: &Path) -> Result<String> {
        let config = folder.join("galen.toml");
        let target = scenario.response_target_ms;
        fs::write(&config, format!("[doctor]\nresponse_target = \"{target}ms\"\n"))?;
        let mut words = ward.enter().to_vec();
        words.push(self.galen.display().to_string());
        words.push("doctor".to_owned());
        words.extend(ward.words());
        for (option, file) in [("--config", &config), ("--report", &folder.join("report.json"))] {
            words.extend([option.to_owned(), file.display().to_string()]);
        }
        let said = folder.join("said");
        let mut child = start(&words, folder, &said)?;
        let until = Instant::now() + PATIENCE;
        while child.try_wait()?.is_none() {
            if Instant::now() > until || self.stop.is_set() {
                crate::galen::stop(&mut child);
                bail!("the doctor did not end in {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = fs::read_to_string(said).unwrap_or_default();
        Ok(said.lines().last().unwrap_or_default().to_owned())
    }

    fn judge(
        &self,
        scenario: &Scenario,
        repeat: u32,
        (ward, paper): (&Ward, &Paper),
        spent: &Spent,
    ) -> Record {
        let objects = ward.objects();
        let score = score(scenario, objects, paper, spent);
        let all = paper.findings().into_iter().map(|one| format!("{} {}", one.cause, one.object));
        let told = paper.hygiene().into_iter().map(|one| format!("{} {}", one.cause, one.object));
        let wanted = scenario.injected.iter().zip(objects);
        Record {
            scenario: scenario.name.to_owned(),
            repeat,
            build: self.build.clone(),
            commit: self.commit.clone(),
            at: now(),
            outcome: paper.outcome().to_owned(),
            said: all.chain(told).collect(),
            wanted: wanted.map(|(one, object)| format!("{} {object}", one.cause)).collect(),
            score,
            seconds: spent.seconds,
            unexplained_percent: paper.unexplained_percent(),
            doctor_cpu_s: spent.waited_s,
            requests: paper.requests(),
            others_cores: spent.others_cores,
            unsealed: seal::broken(scenario, &evidence(paper)),
            baselines: baselines::ALL
                .iter()
                .map(|one| baselines::is_right(scenario, objects, (one.answer)(paper).as_ref()))
                .collect(),
            error: None,
        }
    }
}

/// The commit the sources are at; what was changed since shows in the program's digest alone.
fn commit() -> String {
    let git = command("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short=8", "HEAD"])
        .output();
    let said = git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.ok().filter(|commit| !commit.is_empty()).unwrap_or_else(|| "no-commit".to_owned())
}

/// All the doctor judged by, as text.
fn evidence(paper: &Paper) -> String {
    let parts = [&paper.0["evidence"], &paper.0["missing"]];
    parts.map(Value::to_string).join("\n")
}

/// The doctor may run as another user, who writes its report here.
fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?)
}

fn start(words: &[String], folder: &Path, said: &Path) -> Result<Child> {
    let said = File::create(said)?;
    command(&words[0])
        .args(&words[1..])
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdout(said.try_clone()?)
        .stderr(said)
        .spawn()
        .with_context(|| format!("start {words:?}"))
}

#[expect(clippy::disallowed_methods, reason = "a record carries its date")]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
