//! A history in memory, for tests of the monitor alone: the real one is another room's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use galen_core::{
    AlertId, Annotation, Frame, FrameAsk, Fut, History, HistoryBatch, HistoryFacts, HistoryReceipt,
    KeptAlert, LogAsk, LoggedLine, StoreError, StoreResult, Tier, UnixMs,
};

/// It can be told to fail.
#[derive(Default)]
pub struct Shelf {
    pub fails: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    frames: BTreeMap<(Tier, UnixMs, String), Frame>,
    logs: Vec<LoggedLine>,
    annotations: Vec<Annotation>,
    alerts: BTreeMap<AlertId, KeptAlert>,
}

impl Shelf {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn check(&self) -> StoreResult<()> {
        match self.fails.load(Ordering::SeqCst) {
            true => Err(StoreError::DiskFull),
            false => Ok(()),
        }
    }

    /// All windows of a tier and metric, the oldest first.
    pub fn all(&self, tier: Tier, metric: &str) -> Vec<Frame> {
        let kept = self.kept.lock().unwrap();
        let all = kept.frames.values().filter(|f| f.tier == tier && f.metric == metric);
        all.cloned().collect()
    }

    /// Lets go of a tier's windows that begin before a moment, as time does.
    pub fn forget(&self, tier: Tier, before: UnixMs) {
        self.kept.lock().unwrap().frames.retain(|_, f| f.tier != tier || f.at >= before);
    }
}

fn give<'a, T: Send + 'a>(result: StoreResult<T>) -> Fut<'a, StoreResult<T>> {
    Box::pin(std::future::ready(result))
}

impl History for Shelf {
    fn append(&self, batch: HistoryBatch) -> Fut<'_, StoreResult<HistoryReceipt>> {
        if let Err(error) = self.check() {
            return give(Err(error));
        }
        // The real one refuses what is too heavy at once, for good: what waited must come in pieces.
        let windows: std::collections::BTreeSet<UnixMs> =
            batch.frames.iter().map(|frame| frame.at).collect();
        if windows.len() > 1 || batch.logs.len() > 256 {
            return give(Err(StoreError::Engine("a flush is too much".to_owned())));
        }
        let mut kept = self.kept.lock().unwrap();
        for frame in batch.frames {
            kept.frames.insert((frame.tier, frame.at, frame.metric.to_string()), frame);
        }
        for (_, line) in batch.logs {
            let number = kept.logs.len() as i64 + 1;
            kept.logs.push(LoggedLine { number, line });
        }
        kept.annotations.extend(batch.annotations);
        kept.alerts.extend(batch.alerts.into_iter().map(|alert| (alert.id, alert)));
        give(Ok(HistoryReceipt::default()))
    }

    fn frames(&self, ask: FrameAsk) -> Fut<'_, StoreResult<Vec<Frame>>> {
        let kept = self.kept.lock().unwrap();
        let frames = kept.frames.values().filter(|frame| {
            frame.tier == ask.tier
                && frame.metric == ask.metric
                && (ask.from..ask.until).contains(&frame.at)
        });
        let frames = frames.cloned().filter_map(|mut frame| {
            if let Some(object) = &ask.object {
                frame.points.retain(|(each, _)| each == object);
            }
            (!frame.points.is_empty()).then_some(frame)
        });
        give(self.check().map(|()| frames.take(ask.limit as usize).collect()))
    }

    fn metrics(
        &self,
        tier: Tier,
        from: UnixMs,
        until: UnixMs,
    ) -> Fut<'_, StoreResult<Vec<String>>> {
        let kept = self.kept.lock().unwrap();
        let in_range =
            kept.frames.values().filter(|f| f.tier == tier && (from..until).contains(&f.at));
        let mut names: Vec<_> = in_range.map(|f| f.metric.to_string()).collect();
        names.sort();
        names.dedup();
        give(self.check().map(|()| names))
    }

    fn logs(&self, ask: LogAsk) -> Fut<'_, StoreResult<Vec<LoggedLine>>> {
        let kept = self.kept.lock().unwrap();
        let before = ask.before.unwrap_or(i64::MAX);
        let lines = kept.logs.iter().rev().filter(|line| line.number < before);
        give(self.check().map(|()| lines.take(ask.limit as usize).cloned().collect()))
    }

    fn annotations(&self, from: UnixMs, until: UnixMs) -> Fut<'_, StoreResult<Vec<Annotation>>> {
        let kept = self.kept.lock().unwrap();
        let all = kept.annotations.iter().filter(|each| (from..until).contains(&each.at));
        give(self.check().map(|()| all.cloned().collect()))
    }

    fn alerts(&self, before: Option<AlertId>, limit: u32) -> Fut<'_, StoreResult<Vec<KeptAlert>>> {
        let kept = self.kept.lock().unwrap();
        let older = kept.alerts.values().rev().filter(|a| before.is_none_or(|b| a.id < b));
        give(self.check().map(|()| older.take(limit as usize).cloned().collect()))
    }

    fn open_alerts(&self) -> Fut<'_, StoreResult<Vec<KeptAlert>>> {
        let kept = self.kept.lock().unwrap();
        let open = kept.alerts.values().filter(|alert| alert.resolved_at.is_none());
        give(self.check().map(|()| open.cloned().collect()))
    }

    fn facts(&self) -> Fut<'_, StoreResult<HistoryFacts>> {
        let kept = self.kept.lock().unwrap();
        let of = |tier| kept.frames.values().filter(move |f| f.tier == tier).map(|f| f.at);
        let facts = HistoryFacts {
            reaches_to: Tier::ALL.map(|tier| of(tier).min()),
            newest: Tier::ALL.map(|tier| of(tier).max()),
            size_bytes: 4_096,
            ..HistoryFacts::default()
        };
        give(self.check().map(|()| facts))
    }
}
