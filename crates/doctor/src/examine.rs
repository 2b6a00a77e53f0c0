//! One examination from end to end: probe, judge, repair, prove, report.

use std::sync::Arc;

use galen_core::{Clock, Entropy, Fut};

use crate::case::Case;
use crate::evidence::{Collector, Evidence, FactId, FactKey, object, redact};
use crate::progress::{Progress, Stage};
use crate::proof;
use crate::repairs::port::Repairer;
use crate::repairs::run::{self, Applied, Orders};
use crate::repairs::{self, Offer};
use crate::report::{self, Ending, Previous, Report, Run};
use crate::target::Target;
use crate::thresholds::Thresholds;
use crate::validate::Flaw;
use crate::{probes, verdict};

/// What is asked of the doctor.
#[derive(Clone, Debug)]
pub struct ExamineRequest {
    /// What is examined.
    pub target: Target,
    /// What counts as sick.
    pub thresholds: Thresholds,
    /// Whether AUTO repairs are carried out; only on this installation.
    pub apply: bool,
    /// A previous report to compare with.
    pub previous: Option<Previous>,
    /// The arguments the doctor was called with, for the report.
    pub arguments: Vec<String>,
}

/// Asks the serving Galen what it knows about itself; implemented by the binary.
pub trait Witness: Send + Sync {
    /// Pushes the server's own facts (`FactKey::Witness…`), or gaps.
    fn observe<'a>(&'a self, collector: &'a Collector) -> Fut<'a, ()>;
}

/// Everything an examination needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for the bootstrap.
    pub entropy: Arc<dyn Entropy>,
    /// Who hears of progress.
    pub progress: Arc<dyn Progress>,
    /// The serving Galen, when it is the target.
    pub witness: Option<Arc<dyn Witness>>,
    /// Who carries AUTO repairs out, when this installation is the target.
    pub repairer: Option<Arc<dyn Repairer>>,
}

/// The doctor failed, or was asked wrongly.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// `--apply` alone on something that is not this installation.
    #[error(
        "--apply alone works on this installation only; {0} is told what to do, and changed only by a repair that is named"
    )]
    ApplyOnStranger(String),
    /// Nothing to examine.
    #[error("nothing to examine: give a URL, --pid or --db")]
    NoTarget,
    /// A sentence of the report is not carried by its evidence. This is a fault of the doctor.
    #[error("the report does not hold: {0}")]
    Flaw(#[from] Flaw),
}

impl DoctorError {
    /// The exit code of `galen doctor`: 64 for wrong usage, 3 for the doctor's own failure.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ApplyOnStranger(_) | Self::NoTarget => 64,
            Self::Flaw(_) => 3,
        }
    }
}

/// Examines a target and reports.
///
/// # Errors
/// See [`DoctorError`]. A sick target is no error: it is the report's outcome.
pub async fn examine(request: ExamineRequest, ports: Ports) -> Result<Report, DoctorError> {
    let orders = Orders { automatic: request.apply, ..Orders::default() };
    examine_and_repair(request, orders, ports).await
}

/// Examines a target, carries the ordered repairs out as far as their causes are found, and reports.
///
/// # Errors
/// See [`DoctorError`].
pub async fn examine_and_repair(
    request: ExamineRequest,
    orders: Orders,
    ports: Ports,
) -> Result<Report, DoctorError> {
    let target = &request.target;
    let is_for_own = orders.automatic && orders.named.is_empty() && orders.ask.is_none();
    if is_for_own && !target.own {
        return Err(DoctorError::ApplyOnStranger(target.name()));
    }
    let has_database = target.database.is_some() || target.postgres.is_some();
    if !target.own && target.url.is_none() && target.pid.is_none() && !has_database {
        return Err(DoctorError::NoTarget);
    }
    let started_at = ports.clock.now();
    let evidence = probe(target, &ports, FactId(0)).await;
    ports.progress.step(Stage::Judge, "weighing the evidence");
    let case = Case::new(&evidence, &request.thresholds, target.own);
    let verdict = verdict::reach(&case);
    let offers = repairs::offers(&case, verdict.findings.iter().chain(&verdict.hygiene));
    let (applied, later) = match &ports.repairer {
        Some(repairer) => {
            repair(&request, &ports, repairer.as_ref(), &case, (&orders, &offers)).await
        }
        None => (Vec::new(), Vec::new()),
    };
    ports.progress.step(Stage::Report, "writing the report");
    let run = Run {
        target: redact::text(&target.name()),
        started_at,
        ended_at: ports.clock.now(),
        doctor_version: env!("CARGO_PKG_VERSION"),
        command_line: redact::command_line(request.arguments.iter().map(String::as_str)),
        rights: None,
        kernel: None,
    };
    let ending =
        Ending { applied, later: later.iter().collect(), previous: request.previous.as_ref() };
    Ok(report::build(&case, verdict, offers, run, ending)?)
}

/// One whole probing within its deadline; what ran out of time is a gap.
async fn probe(target: &Target, ports: &Ports, last: FactId) -> Evidence {
    let collector = Collector::new();
    let outside = probes::run(target, &collector, ports.clock.as_ref(), ports.progress.as_ref());
    let inside = async {
        if let Some(witness) = ports.witness.as_ref().filter(|_| target.own) {
            witness.observe(&collector).await;
        }
    };
    let both = async { tokio::join!(outside, inside) };
    if tokio::time::timeout(target.caps.total_deadline, both).await.is_err() {
        let reason =
            format!("the examination's deadline of {:?} passed", target.caps.total_deadline);
        collector.missing(FactKey::DoctorWindowNs, object::DOCTOR, reason);
    }
    collector.seal_after(last, ports.clock.now())
}

/// Carries the ordered repairs out one at a time, each with its own probing after it.
async fn repair(
    request: &ExamineRequest,
    ports: &Ports,
    repairer: &dyn Repairer,
    case: &Case<'_>,
    (orders, offers): (&Orders, &[Offer]),
) -> (Vec<Applied>, Vec<Evidence>) {
    let mut applied = Vec::new();
    let mut later: Vec<Evidence> = Vec::new();
    for (offer, action) in orders.among(offers) {
        if !orders.want(offer) {
            continue;
        }
        ports.progress.step(Stage::Repair, offer.repair.title.english());
        let pending = match run::apply(repairer, (offer, action), ports.clock.now()).await {
            Ok(pending) => pending,
            Err(ended) => {
                applied.push(*ended);
                continue;
            }
        };
        ports.progress.step(Stage::Prove, offer.repair.title.english());
        let last = later.last().unwrap_or(case.evidence).last_id();
        let after = probe(&request.target, ports, last).await;
        let before = later.last().unwrap_or(case.evidence);
        let before = Case::new(before, case.thresholds, case.own);
        let proof = proof::compare(&before, &after, offer.state(), ports.entropy.as_ref());
        applied.push(pending.judge(repairer, proof).await);
        later.push(after);
    }
    (applied, later)
}
