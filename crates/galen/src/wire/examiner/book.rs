//! The book of examinations: those that wait, the one that runs, and those that are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use galen_core::examinations::{
    BegunBy, Examination, ExaminationState, ExaminationStep, ExaminationWish,
};
use galen_core::{AlertId, Code, ExaminationId, Refusal, UnixMs};
use tokio_util::sync::CancellationToken;

use super::shelf::Shelf;

/// How many may wait.
const QUEUE_MAX: usize = 8;
/// When trying again makes sense while the queue is full, in milliseconds.
const RETRY_MS: u64 = 30_000;
/// How many steps of the running one are remembered; the oldest go first.
const STEPS_MAX: usize = 200;
/// How many alerts one examination is attached to at the most.
const ALERTS_MAX: usize = 100;

/// The book.
pub struct Book {
    shelf: Shelf,
    pages: Mutex<Pages>,
    /// Held while a row is written, so that the last one written is the newest.
    turn: Mutex<()>,
    keep: usize,
    keep_ms: i64,
}

#[derive(Default)]
struct Pages {
    rows: BTreeMap<ExaminationId, Examination>,
    running: Option<Running>,
}

struct Running {
    id: ExaminationId,
    steps: Vec<ExaminationStep>,
    stop: CancellationToken,
}

impl Book {
    /// The book of what is on the shelf. What was open when the server stopped is over.
    pub fn open(shelf: Shelf, keep: usize, keep_ms: i64) -> Arc<Self> {
        let mut rows = BTreeMap::new();
        for mut row in shelf.rows() {
            if row.state.is_open() {
                row.state = ExaminationState::Failed;
                row.failure = Some("examination.interrupted".to_owned());
            }
            rows.insert(row.id, row);
        }
        let pages = Mutex::new(Pages { rows, running: None });
        Arc::new(Self { shelf, pages, turn: Mutex::default(), keep, keep_ms })
    }

    /// A thread that panicked while it held the lock left plain values.
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shelf.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Every row, newest first.
    pub fn all(&self) -> Vec<Examination> {
        self.pages().rows.values().rev().cloned().collect()
    }

    /// A row.
    pub fn find(&self, id: ExaminationId) -> Option<Examination> {
        self.pages().rows.get(&id).cloned()
    }

    /// The steps of the running one.
    pub fn steps(&self, id: ExaminationId) -> Vec<ExaminationStep> {
        let pages = self.pages();
        let running = pages.running.as_ref().filter(|running| running.id == id);
        running.map(|running| running.steps.clone()).unwrap_or_default()
    }

    /// The one attached to an alert.
    pub fn of_alert(&self, alert: AlertId) -> Option<ExaminationId> {
        let pages = self.pages();
        pages.rows.values().rev().find(|row| row.alerts.contains(&alert)).map(|row| row.id)
    }

    /// When alerts last began one.
    pub fn last_by_alert(&self) -> Option<UnixMs> {
        let pages = self.pages();
        let by_alert = pages.rows.values().rev().find(|row| row.begun_by == BegunBy::Alert);
        by_alert.map(|row| row.ordered_at)
    }

    /// Attaches an alert to an examination of this target that is open; which one, if there is one.
    pub fn attach(&self, target: &str, alert: AlertId) -> Option<Examination> {
        let mut pages = self.pages();
        let row =
            pages.rows.values_mut().find(|row| row.state.is_open() && row.target == target)?;
        if row.alerts.len() < ALERTS_MAX && !row.alerts.contains(&alert) {
            row.alerts.push(alert);
        }
        Some(row.clone())
    }

    /// Puts one into the queue.
    ///
    /// # Errors
    /// When the target is under way already, or the queue is full.
    pub fn enter(
        &self,
        id: ExaminationId,
        wish: ExaminationWish,
        (at, alerts): (UnixMs, Vec<AlertId>),
    ) -> Result<Examination, Refusal> {
        let mut pages = self.pages();
        let open = || pages.rows.values().filter(|row| row.state.is_open());
        if let Some(other) = open().find(|row| row.target == wish.target) {
            let says = format!("Examination {} of {} is not over.", other.id, other.target);
            return Err(Refusal::new(Code::ExaminationUnderWay).with_detail(says));
        }
        if open().count() >= QUEUE_MAX {
            return Err(Refusal::new(Code::ExaminationsFull).retry_after_ms(RETRY_MS));
        }
        let row = Examination {
            id,
            target: wish.target,
            begun_by: wish.by,
            alerts,
            state: ExaminationState::Queued,
            ordered_at: at,
            began_at: None,
            ended_at: None,
            outcome: None,
            headline: Vec::new(),
            causes: Vec::new(),
            repair: wish.repair,
            failure: None,
        };
        pages.rows.insert(id, row.clone());
        Ok(row)
    }

    /// Takes the next one out of the queue; it runs from now on until the token is cancelled.
    pub fn take_next(&self, at: UnixMs) -> Option<(Examination, CancellationToken)> {
        let mut pages = self.pages();
        let row = pages.rows.values_mut().find(|row| row.state == ExaminationState::Queued)?;
        row.state = ExaminationState::Running;
        row.began_at = Some(at);
        let row = row.clone();
        let stop = CancellationToken::new();
        pages.running = Some(Running { id: row.id, steps: Vec::new(), stop: stop.clone() });
        Some((row, stop))
    }

    /// Notes a step of the running one.
    pub fn step(&self, step: ExaminationStep) {
        if let Some(running) = &mut self.pages().running {
            if running.steps.len() == STEPS_MAX {
                running.steps.remove(0);
            }
            running.steps.push(step);
        }
    }

    /// Ends one that is open, as `change` says; `None` when it is over already.
    pub fn end(
        &self,
        id: ExaminationId,
        at: UnixMs,
        change: impl FnOnce(&mut Examination),
    ) -> Option<Examination> {
        let mut pages = self.pages();
        let row = pages.rows.get_mut(&id).filter(|row| row.state.is_open())?;
        change(row);
        row.ended_at = Some(at);
        let row = row.clone();
        if let Some(running) = pages.running.take_if(|running| running.id == id) {
            running.stop.cancel();
        }
        Some(row)
    }

    /// The last report of a target before this one.
    pub fn before(&self, row: &Examination) -> Option<ExaminationId> {
        let pages = self.pages();
        let older = pages.rows.range(..row.id).rev().map(|(_, older)| older);
        let done = |older: &&Examination| {
            older.target == row.target && older.state == ExaminationState::Done
        };
        older.into_iter().find(done).map(|older| older.id)
    }

    /// Writes a row down as it is when its turn comes, and forgets what is too old or too much.
    pub fn keep(self: &Arc<Self>, id: ExaminationId, now: UnixMs) {
        let book = Arc::clone(self);
        // Its end is waited for by nobody: what a crash takes along was told on the stream only.
        drop(tokio::task::spawn_blocking(move || book.keep_now(id, now)));
    }

    /// The same on this thread, which it blocks.
    pub fn keep_now(&self, id: ExaminationId, now: UnixMs) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = self.find(id)
            && let Err(failure) = self.shelf.keep(&row)
        {
            tracing::warn!(error = %failure, "an examination is not kept");
        }
        for old in self.shed(now) {
            self.shelf.forget(old);
        }
    }

    /// Takes what is too old or too much out of the book.
    fn shed(&self, now: UnixMs) -> Vec<ExaminationId> {
        let mut pages = self.pages();
        let kept = pages.rows.values().filter(|row| !row.state.is_open());
        let mut old: Vec<ExaminationId> = kept.map(|row| row.id).rev().skip(self.keep).collect();
        let is_late = |row: &&Examination| now.since_ms(row.ordered_at) > self.keep_ms;
        let late = pages.rows.values().filter(|row| !row.state.is_open()).filter(is_late);
        old.extend(late.map(|row| row.id));
        for id in &old {
            pages.rows.remove(id);
        }
        old
    }
}
