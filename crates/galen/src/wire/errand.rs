//! A try that is under way: it is looked after turn by turn, and never started twice.

use std::future::Future;
use std::time::Duration;

use galen_core::{Clock, StoreError};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// One try, in a task of its own, so that whoever looks after it need not wait for its end.
pub struct Errand<T = ()> {
    began_ns: u64,
    work: JoinHandle<Result<T, StoreError>>,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back<T = ()> {
    /// None is under way.
    Idle,
    /// It is still out.
    Out {
        /// For how long, in nanoseconds.
        for_ns: u64,
    },
    /// It came back.
    Home {
        /// With what.
        outcome: Result<T, StoreError>,
        /// After how long, in nanoseconds.
        took_ns: u64,
    },
}

impl<T: Send + 'static> Errand<T> {
    /// Starts a try at the monotonic time `now_ns`.
    pub fn send(
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
        now_ns: u64,
    ) -> Self {
        Self { began_ns: now_ns, work: tokio::spawn(work) }
    }

    /// Starts a try that blocks its thread, which is none of the executor's.
    pub fn send_blocking(
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
        now_ns: u64,
    ) -> Self {
        Self { began_ns: now_ns, work: tokio::task::spawn_blocking(work) }
    }

    /// Waits for the try in `slot` at most `patience`, and empties the slot when it came back.
    pub async fn come_back(
        slot: &mut Option<Self>,
        patience: Duration,
        clock: &dyn Clock,
    ) -> Back<T> {
        let Some(errand) = slot else { return Back::Idle };
        let joined = timeout(patience, &mut errand.work).await;
        let took_ns = clock.monotonic_ns().saturating_sub(errand.began_ns);
        let Ok(joined) = joined else { return Back::Out { for_ns: took_ns } };
        *slot = None;
        let broke = |_| Err(StoreError::Engine("it broke; see the log".to_owned()));
        Back::Home { outcome: joined.unwrap_or_else(broke), took_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::clock::RealClock;

    #[tokio::test]
    async fn a_try_stays_out_until_it_comes_back_and_then_the_slot_is_free() {
        let clock = RealClock::new();
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let work = async move { told.await.map_err(|_| StoreError::Locked) };
        let mut slot = Some(Errand::send(work, clock.monotonic_ns()));
        let back = Errand::come_back(&mut slot, Duration::ZERO, &clock).await;
        assert!(matches!(back, Back::Out { .. }) && slot.is_some());
        drop(tell);
        let back = Errand::come_back(&mut slot, Duration::from_secs(60), &clock).await;
        assert!(matches!(back, Back::Home { outcome: Err(StoreError::Locked), .. }), "{back:?}");
        assert_eq!(Errand::come_back(&mut slot, Duration::ZERO, &clock).await, Back::Idle);
    }
}
