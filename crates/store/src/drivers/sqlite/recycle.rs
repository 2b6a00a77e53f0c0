//! Readers' connections opened anew, one after the other, while the others serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use galen_core::model::{Act, AuditCode, Recycled};
use galen_core::{Deadline, StoreError, StoreResult};
use serde_json::json;
use tokio::sync::oneshot;

use super::job::{Answer, Call, Job, Spent, Work};
use super::readers::Errand;
use super::{Shared, closed, lost, refused};
use crate::commands::audit::Trail;
use crate::tx::Tx;

/// The command that looks at the warrant before, and notes what was done after.
pub(super) const RECYCLE: &str = "upkeep.recycle";

/// One reader's order to open its connection anew, and where it says how that went.
pub(super) type Renewal = Sender<StoreResult<()>>;

/// That the readers' connections are being opened anew: two rounds at a time are of no use.
pub(super) struct UnderWay(Arc<AtomicBool>);

impl UnderWay {
    /// # Errors
    /// [`StoreError::Full`] while another round goes on.
    pub(super) fn begin(flag: &Arc<AtomicBool>) -> StoreResult<Self> {
        if flag.swap(true, Ordering::SeqCst) {
            return Err(StoreError::Full { queue: "recycle" });
        }
        Ok(Self(Arc::clone(flag)))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// One round through the readers.
pub(super) struct Round {
    pub shared: Arc<Shared>,
    /// One a reader.
    pub orders: Vec<Sender<Renewal>>,
    /// Where readers wait for work.
    pub errands: Sender<Errand>,
    /// Where what was done is noted.
    pub live: Sender<Job>,
    /// Until when readers are waited for.
    pub deadline: Deadline,
    #[expect(dead_code, reason = "it ends with the round")]
    pub under_way: UnderWay,
}

impl Round {
    /// Goes through the readers and notes it; blocks until it is done.
    pub(super) fn go(self, act: Act) -> Answer<Recycled> {
        let patience_ns = self.deadline.0.saturating_sub(self.shared.clock.monotonic_ns());
        let (readers, outcome) =
            every(&self.orders, &self.errands, Duration::from_nanos(patience_ns));
        let (noted, spent) = self.noted(act, readers, outcome.clone());
        if let Err(error) = &noted {
            tracing::error!(%error, readers, "connections were opened anew, and it was not noted");
        }
        (outcome.and(noted), spent)
    }

    fn noted(&self, act: Act, readers: u32, outcome: StoreResult<()>) -> Answer<Recycled> {
        let (reply, answer) = oneshot::channel();
        let work = move |tx: &mut dyn Tx| note(tx, &act, readers, &outcome);
        let call = Box::new(Call { work: Some(work), output: None, reply });
        // It happened, and so is noted however late.
        let job = self.shared.job(RECYCLE, Deadline(u64::MAX), Work::Command(call));
        if let Err(error) = self.live.try_send(job) {
            return (Err(refused(&error, "writer")), Spent::default());
        }
        answer.blocking_recv().unwrap_or_else(|_| (Err(lost()), Spent::default()))
    }
}

/// No round takes longer, whatever deadline its caller has.
const PATIENCE_LONGEST: Duration = Duration::from_secs(300);

/// The longest pause before readers that rest are woken again.
const PAUSE_LONGEST: Duration = Duration::from_millis(20);

/// Asks one reader after the other, and waits for each at most as long as `patience` lasts for all.
/// Gives how many did, and what kept the first that did not from it: it goes on with the connection
/// it had, and those behind it are not asked.
fn every(
    orders: &[Sender<Renewal>],
    errands: &Sender<Errand>,
    patience: Duration,
) -> (u32, StoreResult<()>) {
    let until = Instant::now() + patience.min(PATIENCE_LONGEST);
    let mut renewed = 0;
    for order in orders {
        if let Err(error) = one(order, errands, until) {
            return (renewed, Err(error));
        }
        renewed += 1;
    }
    (renewed, Ok(()))
}

/// A reader at work finds its order when it is done. One that rests must be woken, and since they
/// all rest at one queue, whoever is woken is the one that has rested longest: in turn, all of them.
fn one(order: &Sender<Renewal>, errands: &Sender<Errand>, until: Instant) -> StoreResult<()> {
    let (done, outcome) = bounded(1);
    order.try_send(done).map_err(|error| refused(&error, "readers"))?;
    let mut pause = Duration::from_micros(100);
    loop {
        // A full queue keeps every reader at work.
        let _full = errands.try_send(Errand::Look);
        match outcome.recv_deadline(until.min(Instant::now() + pause)) {
            Ok(renewed) => return renewed,
            Err(RecvTimeoutError::Disconnected) => return Err(closed()),
            // It is at a long read, and will do it after that.
            Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                return Err(StoreError::TooLate { queue: "readers" });
            }
            Err(RecvTimeoutError::Timeout) => pause = PAUSE_LONGEST.min(pause * 2),
        }
    }
}

/// Notes a round in the audit trail, however it went.
fn note(
    tx: &mut dyn Tx,
    act: &Act,
    readers: u32,
    outcome: &StoreResult<()>,
) -> StoreResult<Recycled> {
    let failed = outcome.as_ref().err().map(ToString::to_string);
    let params = json!({ "readers": readers, "failed": failed }).to_string();
    Trail::new(act).write(tx, AuditCode::PoolRecycled, None, &params)?;
    Ok(Recycled { readers })
}
