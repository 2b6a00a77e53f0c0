//! The doctor as a service of the running Galen: one examination at a time, each in a process of its own;
//! a bounded queue; reports kept beside the database.

mod book;
pub mod child;
mod shelf;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use galen_account::Accounts;
use galen_core::examinations::{
    BegunBy, Examination, ExaminationState, ExaminationStep, ExaminationWish, ExaminedTarget,
    Examiner, ForetoldRepair, OWN_TARGET, ReportFormat,
};
use galen_core::model::AuditCode;
use galen_core::post::Language;
use galen_core::{
    AlertId, Clock, Code, Cx, Entropy, ExaminationId, Fut, Note, Refusal, RequestId, UnixMs,
};
use galen_doctor::Thresholds;
use galen_doctor::repairs::port::{Action, RepairError, Repairer};
use galen_http::Hub;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::book::Book;
use self::child::{Finished, Order, Trouble};
use self::shelf::Shelf;
use super::patient::{self, Patient};
use super::place::Place;
use super::repairer::ControlRepairer;
use super::rooms::Rooms;
use crate::config::Config;

/// How long the trail may take to note a receipt, in nanoseconds.
const NOTE_NS: u64 = 30_000_000_000;

/// The service.
pub struct Practice {
    book: Arc<Book>,
    /// A queue that was empty is not any more.
    woken: Notify,
    place: Place,
    listen: SocketAddr,
    thresholds: Thresholds,
    targets: Vec<(String, Patient)>,
    on_alert: Option<i64>,
    accounts: Arc<Accounts>,
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Practice {
    /// Opens the service with what was kept. Reads a few small files.
    pub fn open(config: &Config, place: &Place, rooms: &Rooms, listen: SocketAddr) -> Arc<Self> {
        let doctor = &config.doctor;
        let (keep, keep_ms) = (doctor.keep as usize, doctor.keep_for.as_signed_ms());
        let targets = config.targets.iter().map(|one| (one.name.clone(), Patient::from(one)));
        Arc::new(Self {
            book: Book::open(Shelf::at(place.examinations()), keep, keep_ms),
            woken: Notify::new(),
            place: place.clone(),
            listen,
            thresholds: patient::thresholds(config),
            targets: targets.collect(),
            on_alert: doctor.on_alert.then(|| doctor.on_alert_every.as_signed_ms()),
            accounts: Arc::clone(&rooms.accounts),
            hub: Arc::clone(&rooms.hub),
            clock: Arc::clone(&rooms.clock),
            entropy: Arc::clone(&rooms.entropy),
        })
    }

    /// Examines what is in the queue, one after the other, until `stop` is cancelled, which ends the one
    /// that runs.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let woken = self.woken.notified();
            match self.book.take_next(self.clock.now()) {
                Some((row, cancelled)) => {
                    let one = self.examine(row, cancelled);
                    if stop.run_until_cancelled(one).await.is_none() {
                        return;
                    }
                }
                None => {
                    if stop.run_until_cancelled(woken).await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// An alert fires: this installation is examined, unless it was a short while ago because of another
    /// one. What is open already is attached to this one as well.
    pub fn on_alert(&self, alert: AlertId) {
        let Some(every_ms) = self.on_alert else { return };
        let now = self.clock.now();
        if let Some(row) = self.book.attach(OWN_TARGET, alert) {
            self.book.keep(row.id, now);
            return;
        }
        let is_soon = |last: UnixMs| now.since_ms(last) < every_ms;
        if self.book.of_alert(alert).is_some() || self.book.last_by_alert().is_some_and(is_soon) {
            return;
        }
        let wish =
            ExaminationWish { target: OWN_TARGET.to_owned(), by: BegunBy::Alert, repair: None };
        if let Err(refusal) = self.enter(wish, vec![alert]) {
            tracing::info!(%refusal, %alert, "the alert is not examined");
        }
    }

    fn enter(&self, wish: ExaminationWish, alerts: Vec<AlertId>) -> Result<Examination, Refusal> {
        let id = ExaminationId::mint(&*self.clock, &*self.entropy);
        let now = self.clock.now();
        let row = self.book.enter(id, wish, (now, alerts))?;
        self.book.keep(id, now);
        self.tell(&row, None);
        self.woken.notify_one();
        Ok(row)
    }

    /// Tells the admins who listen.
    fn tell(&self, row: &Examination, step: Option<&ExaminationStep>) {
        self.hub.tell_examination(&json!({
            "id": row.id,
            "target": row.target,
            "state": row.state,
            "outcome": row.outcome,
            "stage": step.map(|step| &step.stage),
            "detail": step.map(|step| &step.detail),
        }));
    }

    async fn examine(&self, row: Examination, cancelled: CancellationToken) {
        let now = self.clock.now();
        self.book.keep(row.id, now);
        self.tell(&row, None);
        let order = self.order(&row);
        let hear = |step: child::Step| {
            let at = self.clock.now();
            let step = ExaminationStep { at, stage: step.stage, detail: step.detail };
            self.tell(&row, Some(&step));
            self.book.step(step);
        };
        let outcome = cancelled.run_until_cancelled(child::run(&order, hear)).await;
        // Whoever cancelled it has closed its row.
        let Some(outcome) = outcome else { return };
        self.close(&row, outcome).await;
    }

    fn order(&self, row: &Examination) -> Order {
        let patient = self.targets.iter().find(|(name, _)| *name == row.target);
        let before = self.book.before(row);
        Order {
            database: self.place.database.clone(),
            keys: self.place.keys.clone(),
            listen: self.listen,
            thresholds: self.thresholds.clone(),
            patient: patient.map(|(_, patient)| patient.clone()),
            name: row.target.clone(),
            repair: row.repair.as_ref().map(|repair| repair.id.clone()),
            previous: before.map(|id| self.book.shelf().document(id)),
        }
    }

    /// Keeps the report, closes the row, and notes the receipt of a repair.
    async fn close(&self, row: &Examination, outcome: Result<Finished, Trouble>) {
        let (id, book) = (row.id, Arc::clone(&self.book));
        let kept = tokio::task::spawn_blocking(move || {
            let finished = outcome?;
            book.shelf().keep_report(id, &finished).map_err(|failure| {
                tracing::warn!(error = %failure, "a report is not kept");
                "examination.not_kept"
            })?;
            Ok(finished)
        });
        // A panic there has said so by the hook of panics.
        let kept = kept.await.unwrap_or(Err("examination.broke"));
        let receipt = match (&row.repair, &kept) {
            (Some(ordered), Ok(finished)) => Some(receipt(&finished.document, &ordered.id)),
            (Some(_), Err(_)) => Some(json!({ "result": "failed" })),
            (None, _) => None,
        };
        if let (Some(ordered), Some(receipt)) = (&row.repair, &receipt) {
            self.note(id, &ordered.id, receipt).await;
        }
        let now = self.clock.now();
        let closed = self.book.end(id, now, |row| {
            conclude(row, &kept);
            if let (Some(ordered), Some(receipt)) = (&mut row.repair, &receipt) {
                ordered.result = receipt["result"].as_str().map(str::to_owned);
            }
        });
        self.book.keep(id, now);
        if let Some(row) = closed {
            self.tell(&row, None);
        }
    }

    /// The receipt of a repair stands in the trail.
    async fn note(&self, id: ExaminationId, repair: &str, receipt: &Value) {
        let note = Note {
            code: AuditCode::RepairEnded,
            target: None,
            params: json!({ "examination": id, "repair": repair, "receipt": receipt }).to_string(),
        };
        let request_id = RequestId::mint(&*self.clock, &*self.entropy);
        let cx = Cx::background(request_id, &*self.clock, NOTE_NS);
        let noted =
            self.accounts.command(&cx, None, |store, cx, act| store.note(cx, act, note)).await;
        if let Err(refusal) = noted {
            tracing::error!(%refusal, %receipt, repair, "a repair's receipt is not in the trail");
        }
    }

    /// The action of a repair that may be carried out over HTTP.
    async fn action(&self, id: ExaminationId, repair: &str) -> Result<Action, Refusal> {
        let row = self.book.find(id).ok_or_else(|| Refusal::new(Code::ExaminationNotFound))?;
        let document = self.report(id, ReportFormat::Json, Language::En).await?;
        let document = document.ok_or_else(|| Refusal::new(Code::ExaminationNoReport))?;
        let document: Value = serde_json::from_slice(&document).unwrap_or_default();
        let offers = document["repairs"].as_array().map_or(&[][..], Vec::as_slice);
        let offer = offers.iter().find(|offer| offer["repair"] == repair);
        let offer = offer.ok_or_else(|| Refusal::new(Code::RepairNotFound))?;
        let action = serde_json::from_value(offer["action"].clone()).ok();
        match action.filter(|_| row.target == OWN_TARGET && offer["class"] == "auto") {
            Some(action) => Ok(action),
            None => Err(Refusal::new(Code::RepairNotHere)),
        }
    }
}

/// What a report says of an ordered repair.
fn receipt(document: &Value, repair: &str) -> Value {
    let applied = document["applied"].as_array().map_or(&[][..], Vec::as_slice);
    match applied.iter().find(|one| one["repair"] == repair) {
        Some(one) => json!({
            "result": one["fate"]["result"],
            "reason": one["fate"]["reason"],
            "foretold": one["foretold"],
            "changed": one["receipt"]["changed"],
            "statement": one["receipt"]["statement"],
        }),
        None => json!({ "result": "not_offered" }),
    }
}

fn conclude(row: &mut Examination, kept: &Result<Finished, Trouble>) {
    match kept {
        Ok(finished) => {
            let document = &finished.document;
            let found = document["findings"].as_array().map_or(&[][..], Vec::as_slice);
            row.state = ExaminationState::Done;
            row.outcome = document["outcome"].as_str().map(str::to_owned);
            row.headline.clone_from(&finished.headline);
            row.causes = found
                .iter()
                .filter_map(|finding| finding["cause"].as_str().map(str::to_owned))
                .collect();
        }
        Err(trouble) => {
            row.state = ExaminationState::Failed;
            row.failure = Some((*trouble).to_owned());
        }
    }
}

impl Examiner for Practice {
    fn targets(&self) -> Vec<ExaminedTarget> {
        let own = ExaminedTarget {
            name: OWN_TARGET.to_owned(),
            own: true,
            place: crate::config::url_of(self.listen),
        };
        let others = self.targets.iter().map(|(name, patient)| ExaminedTarget {
            name: name.clone(),
            own: false,
            place: patient.place(),
        });
        std::iter::once(own).chain(others).collect()
    }

    fn all(&self) -> Vec<Examination> {
        self.book.all()
    }

    fn find(&self, id: ExaminationId) -> Option<Examination> {
        self.book.find(id)
    }

    fn steps(&self, id: ExaminationId) -> Vec<ExaminationStep> {
        self.book.steps(id)
    }

    fn of_alert(&self, alert: AlertId) -> Option<ExaminationId> {
        self.book.of_alert(alert)
    }

    fn begin(&self, wish: ExaminationWish) -> Result<Examination, Refusal> {
        let is_known =
            wish.target == OWN_TARGET || self.targets.iter().any(|(name, _)| *name == wish.target);
        if !is_known {
            return Err(Refusal::new(Code::TargetNotFound));
        }
        self.enter(wish, Vec::new())
    }

    fn cancel(&self, id: ExaminationId) -> Result<Examination, Refusal> {
        if self.book.find(id).is_none() {
            return Err(Refusal::new(Code::ExaminationNotFound));
        }
        let now = self.clock.now();
        let ended = self.book.end(id, now, |row| row.state = ExaminationState::Cancelled);
        let row = ended.ok_or_else(|| Refusal::new(Code::ExaminationOver))?;
        self.book.keep(id, now);
        self.tell(&row, None);
        Ok(row)
    }

    fn report<'a>(
        &'a self,
        id: ExaminationId,
        format: ReportFormat,
        language: Language,
    ) -> Fut<'a, Result<Option<Vec<u8>>, Refusal>> {
        let book = Arc::clone(&self.book);
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || {
                let report = book.shelf().report(id, format, language)?;
                Ok::<_, std::io::Error>(match (report, format) {
                    (Some(text), ReportFormat::Json) => Some(in_language(text, language)),
                    (report, _) => report,
                })
            });
            let read = read.await.map_err(|error| error.to_string());
            read.and_then(|read| read.map_err(|error| error.to_string())).map_err(|error| {
                tracing::error!(error, examination = %id, "a kept report cannot be read");
                Refusal::new(Code::Internal)
            })
        })
    }

    fn judge_repair<'a>(
        &'a self,
        id: ExaminationId,
        repair: &'a str,
    ) -> Fut<'a, Result<(), Refusal>> {
        Box::pin(async move { self.action(id, repair).await.map(drop) })
    }

    fn foretell<'a>(
        &'a self,
        id: ExaminationId,
        repair: &'a str,
    ) -> Fut<'a, Result<ForetoldRepair, Refusal>> {
        Box::pin(async move {
            let action = self.action(id, repair).await?;
            let repairer = ControlRepairer::new(self.place.clone(), Arc::clone(&self.clock));
            let foretold = repairer.dry_run(&action).await.map_err(|error: RepairError| {
                Refusal::new(Code::RepairNotForetold).with_detail(error.to_string())
            })?;
            Ok(ForetoldRepair {
                would_change: foretold.would_change,
                statement: foretold.statement,
            })
        })
    }
}

/// The document with its texts in a language; one that cannot be read is given as it is kept.
fn in_language(text: Vec<u8>, language: Language) -> Vec<u8> {
    if language == Language::En {
        return text;
    }
    match serde_json::from_slice::<Value>(&text) {
        Ok(mut document) => {
            galen_doctor::report::translate(&mut document, language);
            document.to_string().into_bytes()
        }
        Err(_) => text,
    }
}
