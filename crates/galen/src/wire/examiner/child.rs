//! One examination in a process of its own: our executable started again, with an empty environment,
//! its order on standard input, and what it says on standard output, one JSON object a line.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use galen_core::examinations::HeadlineLine;
use galen_core::post::Language;
use galen_doctor::repairs::run::Orders;
use galen_doctor::report::Previous;
use galen_doctor::{ExamineRequest, Progress, Report, Stage, Target, Thresholds, probes, words};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::failure::{Failure, OrFail};
use crate::wire::patient::{self, Patient};
use crate::wire::place::Place;
use crate::wire::process;

/// The hidden first argument of the child.
pub const VERB: &str = "__examine";
/// The longest order, in bytes.
const ORDER_BYTES_MAX: u64 = 1 << 20;
/// All that a child may say, in bytes: a report with every raw sample has a few megabytes.
const SAID_BYTES_MAX: u64 = 64 << 20;
/// How long an examination may take: a minute of probing, and for a repair as much once more.
const DEADLINE: Duration = Duration::from_secs(180);

/// What a child is sent to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Our database.
    pub database: PathBuf,
    /// Our keys.
    pub keys: PathBuf,
    /// Where we listen, when the instance lock does not say it.
    pub listen: SocketAddr,
    /// What counts as sick.
    pub thresholds: Thresholds,
    /// The target; nothing is this installation.
    pub patient: Option<Patient>,
    /// What it is called in the report, when it is not this installation.
    pub name: String,
    /// The repair to carry out if its cause is found.
    pub repair: Option<String>,
    /// The report of the last run, to compare with.
    pub previous: Option<PathBuf>,
}

/// What a child says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// It began a step.
    Step(Step),
    /// It is done.
    Done(Box<Finished>),
    /// It cannot do it.
    Failed(String),
}

/// A step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The stage.
    pub stage: String,
    /// What is done.
    pub detail: String,
}

/// What an examination ends with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Finished {
    /// The report as JSON.
    pub document: Value,
    /// The verdict's lines.
    pub headline: Vec<HeadlineLine>,
    /// The report written out.
    pub pages: Vec<Page>,
}

/// A report written out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    /// The ending of its file.
    pub ending: String,
    /// The tag of its language.
    pub language: String,
    /// The text.
    pub text: String,
}

/// Why there is no report, as the code that is kept.
pub type Trouble = &'static str;

/// Sends a child out and hears what it says, until it is done. The child is killed when this is dropped.
///
/// # Errors
/// When it cannot be started, takes too long, breaks, or cannot do it.
pub async fn run(order: &Order, tell: impl FnMut(Step)) -> Result<Finished, Trouble> {
    let heard = tokio::time::timeout(DEADLINE, converse(order, tell)).await;
    heard.unwrap_or(Err("examination.deadline"))
}

async fn converse(order: &Order, mut tell: impl FnMut(Step)) -> Result<Finished, Trouble> {
    let broke = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "an examination broke");
        "examination.broke"
    };
    let mut child = probes::child::start(None, VERB).map_err(|error| broke(&error))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("examination.broke");
    };
    let message = serde_json::to_vec(order).map_err(|error| broke(&error))?;
    stdin.write_all(&message).await.map_err(|error| broke(&error))?;
    drop(stdin);
    let mut said = BufReader::new(stdout.take(SAID_BYTES_MAX));
    let mut line = Vec::new();
    while said.read_until(b'\n', &mut line).await.map_err(|error| broke(&error))? > 0 {
        match serde_json::from_slice(&line).map_err(|error| broke(&error))? {
            Said::Step(step) => tell(step),
            Said::Done(finished) => {
                let _ended = child.wait().await;
                return Ok(*finished);
            }
            Said::Failed(says) => {
                tracing::warn!(says, "an examination could not be made");
                return Err("target.unusable");
            }
        }
        line.clear();
    }
    Err("examination.broke")
}

/// What a child does: `main` hands over to it before anything else.
pub fn main() -> ExitCode {
    // It outlives no server, not even one that was killed.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    process::keep_new_files_private();
    let out = Arc::new(Voice(Mutex::new(std::io::stdout())));
    let said = match obey(&out) {
        Ok(finished) => Said::Done(Box::new(finished)),
        Err(failure) => Said::Failed(failure.what),
    };
    if out.say(&said) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn obey(out: &Arc<Voice>) -> Result<Finished, Failure> {
    let mut text = Vec::new();
    std::io::stdin()
        .lock()
        .take(ORDER_BYTES_MAX)
        .read_to_end(&mut text)
        .or_fail(|| "the order cannot be read".to_owned())?;
    let order: Order =
        serde_json::from_slice(&text).or_fail(|| "the order cannot be read".to_owned())?;
    let place = Place { database: order.database.clone(), keys: order.keys.clone() };
    let is_own = order.patient.is_none();
    let target: Target = match &order.patient {
        Some(patient) => patient.target()?,
        None => patient::own(Patient::default().target()?, order.listen, &place),
    };
    // What an earlier version kept in another layout is no reason to fail.
    let previous = order.previous.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let request = ExamineRequest {
        target,
        thresholds: order.thresholds.clone(),
        apply: false,
        previous: previous.and_then(|text| Previous::read(&text).ok()),
        arguments: arguments(&order),
    };
    let named = order.repair.iter().cloned().collect();
    let orders = Orders { named, ..Orders::default() };
    let ports = patient::ports(&place, is_own, Arc::clone(out) as Arc<dyn Progress>);
    let runtime =
        tokio::runtime::Runtime::new().or_fail(|| "the runtime cannot be started".to_owned())?;
    let examined = runtime.block_on(galen_doctor::examine_and_repair(request, orders, ports));
    finish(&examined.map_err(|error| Failure::new(error.to_string()))?)
}

/// The command that does the same at a terminal.
fn arguments(order: &Order) -> Vec<String> {
    let mut words = vec!["galen".to_owned(), "doctor".to_owned()];
    words.extend(order.patient.is_some().then(|| order.name.clone()));
    if let Some(repair) = &order.repair {
        words.extend(["--apply".to_owned(), "--yes".to_owned(), repair.clone()]);
    }
    words
}

fn finish(report: &Report) -> Result<Finished, Failure> {
    let what = || "the report cannot be written".to_owned();
    let mut pages = Vec::new();
    for language in Language::ALL {
        let texts = [
            ("html", report.to_html_in(language).or_fail(what)?),
            ("md", report.to_markdown_in(language).or_fail(what)?),
        ];
        pages.extend(texts.map(|(ending, text)| Page {
            ending: ending.to_owned(),
            language: language.tag().to_owned(),
            text,
        }));
    }
    let document = report.to_json();
    let params = |at: usize| document["headline"][at]["params"].to_string();
    let headline = report.verdict.headline.iter().enumerate().map(|(at, sentence)| HeadlineLine {
        code: sentence.code.name().to_owned(),
        params: params(at),
        text: Language::ALL
            .map(|language| (language.tag().to_owned(), words::render_in(sentence, language)))
            .into(),
    });
    let headline = headline.collect();
    Ok(Finished { document, headline, pages })
}

/// Says things to whoever sent us.
struct Voice(Mutex<std::io::Stdout>);

impl Voice {
    fn say(&self, said: &Said) -> bool {
        let Ok(mut line) = serde_json::to_vec(said) else { return false };
        line.push(b'\n');
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&line).and_then(|()| out.flush()).is_ok()
    }
}

impl Progress for Voice {
    fn step(&self, stage: Stage, detail: &str) {
        let step = Step { stage: stage.name().to_owned(), detail: detail.to_owned() };
        // Whoever does not listen any more has gone, and takes us along.
        let _gone = self.say(&Said::Step(step));
    }
}
