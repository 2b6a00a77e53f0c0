//! The sending of what is due: claimed one by one, carried side by side, and settled by what came of it.

use std::sync::Arc;
use std::time::Duration;

use galen_core::outbox::{Attempted, KeptParcel, Settlement};
use galen_core::post::{Channel, DeliveryFailure, Parcel};
use galen_core::{Cx, Refusal, RequestId};
use galen_monitor::{Metric, Monitor};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Mailroom;
use crate::wire::running::Running;

/// How many parcels of a channel are carried at the same time.
const AT_ONCE: usize = 4;
/// For how long one run takes up new parcels; the next run follows at once.
const RUN: Duration = Duration::from_secs(120);
/// How often a run looks for what became due while it carries others.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the database may take to write down what became of a parcel, in nanoseconds, and how often
/// it is asked: what is not written down is sent again when its claim ends.
const SETTLE_NS: u64 = 10_000_000_000;
const SETTLE_TRIES: u32 = 30;

/// The wait after the first attempt that failed, in milliseconds; each further wait is twice as long.
const WAIT_MS: i64 = 5_000;
/// The longest wait between two attempts, in milliseconds: an hour.
const WAIT_MS_MAX: i64 = 3_600_000;
/// For how long a parcel is tried, in milliseconds: three days.
const TRIED_MS: i64 = 3 * 86_400_000;

/// Sends what is due by one channel, until nothing more is. Channels wait for nothing of each other:
/// each has a task of its own.
///
/// # Errors
/// When the store cannot be asked; what was claimed is due again when its claim ends.
pub async fn send(running: &Running, cx: &Cx, channel: Channel) -> Result<Value, Refusal> {
    let mailroom = &running.mail;
    let monitor = &running.rooms.monitor;
    let began = tokio::time::Instant::now();
    let mut carried = JoinSet::new();
    let mut count = 0_u64;
    loop {
        while carried.len() < AT_ONCE && began.elapsed() < RUN {
            let Some(parcel) = mailroom.claim(cx, channel).await? else { break };
            count += 1;
            let (mailroom, monitor) = (Arc::clone(mailroom), Arc::clone(monitor));
            carried.spawn(async move { mailroom.carry(parcel, &monitor).await });
        }
        if carried.is_empty() {
            return Ok(json!({ "carried": count }));
        }
        tokio::select! {
            Some(joined) = carried.join_next() => {
                if let Err(broken) = joined {
                    tracing::error!(%broken, "a mail broke on its way; it is due again when its claim ends");
                }
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Puts what was published into the outbox, for those who asked for it by this channel. Channels wait
/// for nothing of each other: each reads on from a place of its own.
///
/// # Errors
/// Those of the store; the next run goes on where this one stood.
pub async fn dispatch(running: &Running, cx: &Cx, channel: Channel) -> Result<Value, Refusal> {
    let carried = running.mail.courier(channel).is_some();
    Ok(json!(running.rooms.accounts.dispatch(cx, channel, carried).await?))
}

/// Forgets what was sent long ago, links that expired, and accounts whose address nobody proved.
///
/// # Errors
/// Those of the store.
pub async fn sweep(running: &Running, cx: &Cx) -> Result<Value, Refusal> {
    let (mails, links, accounts) = running.rooms.accounts.sweep_mail(cx).await?;
    Ok(json!({ "mails": mails, "links": links, "accounts": accounts }))
}

/// Measures what waits.
///
/// # Errors
/// Those of the store.
pub async fn watch(running: &Running, cx: &Cx) -> Result<Value, Refusal> {
    let rooms = &running.rooms;
    let queues = rooms.store.port().queues(cx).await?;
    let now = rooms.clock.now();
    for queue in &queues {
        let name = queue.channel.name();
        let age_ms = queue.oldest_at.map_or(0, |at| now.since_ms(at).max(0));
        rooms.monitor.set(Metric::PostWaiting, name, float(queue.waiting));
        rooms.monitor.set(Metric::PostOldestNs, name, float(age_ms) * 1e6);
    }
    Ok(json!(queues))
}

#[expect(clippy::cast_precision_loss, reason = "gauges are figures; 53 bits are enough")]
fn float(number: i64) -> f64 {
    number as f64
}

impl Mailroom {
    /// Takes the parcel that is due longest, if one is.
    async fn claim(&self, cx: &Cx, channel: Channel) -> Result<Option<KeptParcel>, Refusal> {
        let now = self.clock.now();
        // A look costs nothing, and most looks find nothing.
        if self.store.parcel_due(cx, channel).await?.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let until = now.plus_ms(self.claim_ms);
        Ok(self.store.claim_parcel(cx, channel, now, until).await?)
    }

    /// Carries one parcel and writes down what came of it.
    async fn carry(&self, parcel: KeptParcel, monitor: &Monitor) {
        let (id, attempt, channel) = (parcel.id, parcel.attempts, parcel.channel);
        let outcome = self.attempt(parcel).await;
        let metric = match &outcome {
            Attempted::Sent { .. } => Some(Metric::PostSent),
            Attempted::Again { .. } | Attempted::Failed { .. } => Some(Metric::PostFailures),
            Attempted::Captured => None,
        };
        if let Some(metric) = metric {
            monitor.add(metric, channel.name(), 1);
        }
        match &outcome {
            Attempted::Failed { says } => {
                tracing::error!(mail = %id, says = says.as_str(), "a mail could not be delivered");
            }
            Attempted::Again { says, .. } => {
                tracing::warn!(mail = %id, attempt, says = says.as_str(), "a mail waits for another attempt");
            }
            Attempted::Sent { .. } | Attempted::Captured => {}
        }
        self.settle(Settlement { id, attempt, at: self.clock.now(), outcome }).await;
    }

    /// One attempt, within the courier's own time.
    async fn attempt(&self, kept: KeptParcel) -> Attempted {
        let now = self.clock.now();
        if kept.expires_at.is_some_and(|expires_at| expires_at <= now) {
            let says = "its link expired before it could be delivered".to_owned();
            return Attempted::Failed { says };
        }
        let Some(courier) = self.courier(kept.channel) else {
            return Attempted::Captured;
        };
        let destination = match self.destination(&kept).await {
            Ok(destination) => destination,
            Err(outcome) => return outcome,
        };
        let parcel = Parcel {
            id: kept.id,
            letter: self.letter(&kept, true),
            destination,
            attempt: kept.attempts,
            created_at: kept.created_at,
        };
        match courier.deliver(&parcel).await {
            Ok(receipt) => Attempted::Sent { says: receipt.says },
            Err(DeliveryFailure::Transient { retry_after_ms, says }) => {
                let asked = retry_after_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or(0);
                self.again(&kept, asked, says)
            }
            Err(DeliveryFailure::Permanent { says }) => Attempted::Failed { says },
            Err(DeliveryFailure::Gone { says }) => {
                self.gone(&kept).await;
                Attempted::Failed { says }
            }
        }
    }

    /// Another attempt later, unless it was tried for long enough.
    pub(super) fn again(&self, kept: &KeptParcel, asked_ms: i64, says: String) -> Attempted {
        let wait_ms = self.wait_ms(kept.attempts).max(asked_ms.min(WAIT_MS_MAX));
        let at = self.clock.now().plus_ms(wait_ms);
        if at.since_ms(kept.created_at) > TRIED_MS {
            return Attempted::Failed { says: format!("given up after three days: {says}") };
        }
        Attempted::Again { at, says }
    }

    /// What a question of the mailroom's own to the store runs under.
    pub(super) fn cx(&self) -> Cx {
        let request_id = RequestId::mint(&*self.clock, &*self.entropy);
        Cx::background(request_id, &*self.clock, SETTLE_NS)
    }

    /// How long to wait after so many attempts, in milliseconds: twice as long each time, and up to a
    /// quarter less or more, so that what failed together does not come back together.
    fn wait_ms(&self, attempts: u32) -> i64 {
        let mut byte = [0_u8; 1];
        self.entropy.fill(&mut byte);
        let doubled = WAIT_MS.saturating_mul(1_i64 << attempts.saturating_sub(1).min(20));
        let wait_ms = doubled.min(WAIT_MS_MAX);
        wait_ms * (384 + i64::from(byte[0])) / 512
    }

    async fn settle(&self, settlement: Settlement) {
        for _ in 0..SETTLE_TRIES {
            let cx = self.cx();
            match self.store.settle_parcel(&cx, settlement.clone()).await {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(mail = %settlement.id, %error, "what became of a mail is not written down yet");
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
