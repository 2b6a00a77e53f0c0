//! The history that is not there: for verbs that watch nothing, and when the file cannot be opened.

use galen_core::{
    AlertId, Annotation, Frame, FrameAsk, Fut, History, HistoryBatch, HistoryFacts, HistoryReceipt,
    KeptAlert, LogAsk, LoggedLine, StoreError, StoreResult, Tier, UnixMs,
};

/// Refuses everything with the reason why there is no history. Accounts are served all the same:
/// whoever watches must not stop what is watched.
#[derive(Debug)]
pub struct Nowhere {
    reason: String,
}

impl Nowhere {
    /// There is none, for this reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    fn refuse<T: Send + 'static>(&self) -> Fut<'_, StoreResult<T>> {
        let error = StoreError::Engine(self.reason.clone());
        Box::pin(async move { Err(error) })
    }
}

impl History for Nowhere {
    fn append(&self, _batch: HistoryBatch) -> Fut<'_, StoreResult<HistoryReceipt>> {
        self.refuse()
    }

    fn frames(&self, _ask: FrameAsk) -> Fut<'_, StoreResult<Vec<Frame>>> {
        self.refuse()
    }

    fn metrics(
        &self,
        _tier: Tier,
        _from: UnixMs,
        _until: UnixMs,
    ) -> Fut<'_, StoreResult<Vec<String>>> {
        self.refuse()
    }

    fn logs(&self, _ask: LogAsk) -> Fut<'_, StoreResult<Vec<LoggedLine>>> {
        self.refuse()
    }

    fn annotations(&self, _from: UnixMs, _until: UnixMs) -> Fut<'_, StoreResult<Vec<Annotation>>> {
        self.refuse()
    }

    fn alerts(
        &self,
        _before: Option<AlertId>,
        _limit: u32,
    ) -> Fut<'_, StoreResult<Vec<KeptAlert>>> {
        self.refuse()
    }

    fn open_alerts(&self) -> Fut<'_, StoreResult<Vec<KeptAlert>>> {
        self.refuse()
    }

    fn facts(&self) -> Fut<'_, StoreResult<HistoryFacts>> {
        self.refuse()
    }
}
