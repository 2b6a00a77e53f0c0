//! The sweep of expired sessions: in slices that never hold the writer long, and out of the way of
//! whoever waits for it.

use std::time::Duration;

use galen_core::model::{NoticeSweep, SweepSlice, SweepWork};
use galen_core::{Cx, Fut, Phase, Refusal, Signal, StoreError, StoreResult, UnixMs};
use serde::{Deserialize, Serialize};

use crate::Accounts;
use crate::policy::MINUTE_MS;

/// The fewest rows of a slice.
const ROWS_MIN: u32 = 16;
/// How long the sweep stands back when live writes wait, in nanoseconds.
const STAND_BACK_NS: u64 = 2_000_000;
/// How often in a row it stands back before it runs a slice all the same (a tenth of a second): a
/// server that is never idle must not keep its expired sessions for ever.
const STAND_BACKS_MAX: u32 = 50;
/// The longest rest between two slices, in nanoseconds.
const REST_NS_MAX: u64 = 250_000_000;

/// How the sweep behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepPolicy {
    /// The most rows of a slice. The number is adapted to `slice_ms` from slice to slice.
    pub rows_max: u32,
    /// How long a slice may keep the writer, statements and commit, in milliseconds: about that long,
    /// at the most, a live write waits because of the sweep.
    pub slice_ms: u64,
    /// How long one run may take in all, in milliseconds.
    pub box_ms: u64,
    /// Which share of the time the sweep may work, in percent; it rests in between.
    pub duty_percent: u32,
}

impl Default for SweepPolicy {
    fn default() -> Self {
        Self { rows_max: 200, slice_ms: 2, box_ms: 60_000, duty_percent: 4 }
    }
}

/// What one run of the sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepReport {
    /// Expired sessions removed.
    pub sessions: u64,
    /// Notifications of deleted users removed.
    pub orphans: u64,
    /// Slices run.
    pub slices: u64,
    /// How often it stood back for live writes, or because the store had no room for it.
    pub yields: u64,
    /// How many rows the last slice was allowed.
    pub rows_allowed: u32,
    /// The longest a slice's statements took, in nanoseconds.
    pub slice_ns_max: u64,
    /// How long the run took, rests included, in nanoseconds.
    pub took_ns: u64,
    /// Whether there is more to do.
    pub more: bool,
}

/// What one run of the sweep of notifications did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeSweepReport {
    /// Notifications of single users removed.
    pub notifications: u64,
    /// Broadcasts that ended.
    pub broadcasts: u64,
    /// Rows of who read an ended broadcast, and old broadcasts, removed.
    pub forgotten: u64,
    /// Slices run.
    pub slices: u64,
    /// Whether there is more to do.
    pub more: bool,
}

/// What one slice of any sweep did: up to three kinds of rows are gone.
struct Slice {
    gone: [u64; 3],
    more: bool,
}

/// What the slices of a run did together.
#[derive(Default)]
struct Slices {
    gone: [u64; 3],
    slices: u64,
    yields: u64,
    rows_allowed: u32,
    slice_ns_max: u64,
    took_ns: u64,
    more: bool,
}

impl Slices {
    fn add(&mut self, slice: &Slice, slice_ns: u64) {
        for (all, one) in self.gone.iter_mut().zip(slice.gone) {
            *all += one;
        }
        self.slices += 1;
        self.slice_ns_max = self.slice_ns_max.max(slice_ns);
        self.more = slice.more;
    }
}

impl Accounts {
    /// Removes sessions that have expired, and what deleted users left behind, until there is no more
    /// or the time box is full. Sessions expire after their idle time (7 days unless configured) or
    /// at their absolute end, and are refused from then on whether they were swept or not.
    ///
    /// Uses that wait in memory are written down first, and a minute is left between expiry and
    /// sweep, so a session that was used in its last minute is never swept.
    ///
    /// # Errors
    /// Those of the store, except a full queue or a passed deadline: for these it stands back.
    pub async fn sweep(&self, cx: &Cx, policy: SweepPolicy) -> Result<SweepReport, Refusal> {
        let expired_at = UnixMs(self.clock.now().0 - MINUTE_MS);
        self.flush_touches(cx).await?;
        let slice = move |max_rows| -> Fut<'_, StoreResult<Slice>> {
            let work = SweepWork { expired_at, max_rows };
            Box::pin(async move {
                let slice = self.sweep_slice(cx, work).await?;
                let gone = [slice.ended.len() as u64, slice.orphans, 0];
                Ok(Slice { gone, more: slice.more })
            })
        };
        let did = self.in_slices(cx, policy, &slice).await?;
        let [sessions, orphans, _] = did.gone;
        Ok(SweepReport {
            sessions,
            orphans,
            slices: did.slices,
            yields: did.yields,
            rows_allowed: did.rows_allowed,
            slice_ns_max: did.slice_ns_max,
            took_ns: did.took_ns,
            more: did.more,
        })
    }

    /// Removes notifications and broadcasts whose time is over, as [`Self::sweep`] removes sessions.
    ///
    /// # Errors
    /// Those of the store, except a full queue or a passed deadline: for these it stands back.
    pub async fn sweep_notices(
        &self,
        cx: &Cx,
        policy: SweepPolicy,
    ) -> Result<NoticeSweepReport, Refusal> {
        let slice = move |max_rows| -> Fut<'_, StoreResult<Slice>> {
            Box::pin(async move {
                let slice = self.notice_slice(cx, max_rows).await?;
                Ok(Slice { gone: [slice.removed, slice.ended, slice.forgotten], more: slice.more })
            })
        };
        let did = self.in_slices(cx, policy, &slice).await?;
        let [notifications, broadcasts, forgotten] = did.gone;
        let (slices, more) = (did.slices, did.more);
        Ok(NoticeSweepReport { notifications, broadcasts, forgotten, slices, more })
    }

    /// Runs slices until there is no more to do or the time box is full, at the pace of the policy.
    async fn in_slices<'a>(
        &self,
        cx: &Cx,
        policy: SweepPolicy,
        slice: &(dyn Fn(u32) -> Fut<'a, StoreResult<Slice>> + Send + Sync),
    ) -> Result<Slices, Refusal> {
        let began_ns = self.clock.monotonic_ns();
        let box_ns = policy.box_ms.saturating_mul(1_000_000);
        let mut pace = Pace::new(policy);
        let mut did = Slices { more: true, ..Slices::default() };
        while did.more {
            let now_ns = self.clock.monotonic_ns();
            if now_ns.saturating_sub(began_ns) >= box_ns || now_ns >= cx.deadline.0 {
                break;
            }
            if pace.stands_back(self.desk.store.pressure().writes_waiting > 0) {
                did.yields += 1;
                rest(STAND_BACK_NS).await;
                continue;
            }
            did.rows_allowed = pace.rows;
            let before_ns = writer_ns(cx);
            match slice(pace.rows).await {
                Ok(slice) => {
                    let slice_ns = writer_ns(cx).saturating_sub(before_ns);
                    did.add(&slice, slice_ns);
                    pace.learn(slice_ns);
                    if did.more {
                        rest(pace.rest_ns(slice_ns)).await;
                    }
                }
                Err(StoreError::Full { .. } | StoreError::TooLate { .. }) => {
                    did.yields += 1;
                    rest(STAND_BACK_NS).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        did.took_ns = self.clock.monotonic_ns().saturating_sub(began_ns);
        Ok(did)
    }

    /// One slice. What it removed leaves memory too, as by a revocation: a session that is held and
    /// has no row could not be revoked any more.
    async fn sweep_slice(&self, cx: &Cx, work: SweepWork) -> StoreResult<SweepSlice> {
        self.desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let slice = desk.store.sweep(cx, work).await?;
                    desk.forget_sessions(&slice.ended, None);
                    Ok(slice)
                })
            })
            .await
    }

    async fn notice_slice(&self, cx: &Cx, max_rows: u32) -> StoreResult<NoticeSweep> {
        let now = self.clock.now();
        self.desk
            .write(cx, move |desk, cx| {
                Box::pin(async move {
                    let slice = desk.store.sweep_notices(cx, now, max_rows).await?;
                    if slice.ended > 0 {
                        desk.told_many(Signal::CountsChanged(Vec::new()));
                    } else if !slice.users.is_empty() {
                        desk.counts_changed(slice.users.clone());
                    }
                    Ok(slice)
                })
            })
            .await
    }

    /// Forgets attempts that no limit needs any more. Gives how many counters went.
    pub fn prune_limits(&self) -> u64 {
        self.limits.prune()
    }
}

async fn rest(ns: u64) {
    tokio::time::sleep(Duration::from_nanos(ns)).await;
}

/// How many rows a slice may have and how long to rest after it, learned from the slices before.
struct Pace {
    policy: SweepPolicy,
    rows: u32,
    stood_back: u32,
}

impl Pace {
    fn new(policy: SweepPolicy) -> Self {
        let policy = SweepPolicy {
            rows_max: policy.rows_max.max(ROWS_MIN),
            duty_percent: policy.duty_percent.clamp(1, 100),
            ..policy
        };
        // The first slice is small: nothing is known yet of the machine.
        let rows = (policy.rows_max / 4).max(ROWS_MIN);
        Self { policy, rows, stood_back: 0 }
    }

    /// Whether to let somebody else go first: while live writes wait, but not for ever.
    fn stands_back(&mut self, writes_wait: bool) -> bool {
        let stands_back = writes_wait && self.stood_back < STAND_BACKS_MAX;
        self.stood_back = if stands_back { self.stood_back + 1 } else { 0 };
        stands_back
    }

    /// Halves the rows after a slice that was too long, and adds a quarter after one that took less
    /// than half of what it may.
    fn learn(&mut self, slice_ns: u64) {
        let may_ns = self.policy.slice_ms.saturating_mul(1_000_000);
        if slice_ns > may_ns {
            self.rows = (self.rows / 2).max(ROWS_MIN);
        } else if slice_ns < may_ns / 2 {
            self.rows = (self.rows + self.rows / 4).min(self.policy.rows_max);
        }
    }

    /// The rest that keeps the work within its share of the time. At least a moment, so that whoever
    /// came meanwhile comes first.
    fn rest_ns(&self, slice_ns: u64) -> u64 {
        let duty = u64::from(self.policy.duty_percent);
        (slice_ns.saturating_mul(100 - duty) / duty).clamp(100_000, REST_NS_MAX)
    }
}

/// How long the writer was kept by this context so far: its statements and its commits. The pages a
/// slice touches are scattered, so most of what it costs others is the commit.
fn writer_ns(cx: &Cx) -> u64 {
    cx.ledger.get(Phase::Query) + cx.ledger.get(Phase::CommitWait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_shrink_when_they_are_slow_and_grow_back_when_they_are_not() {
        let mut pace = Pace::new(SweepPolicy::default());
        for _ in 0..10 {
            pace.learn(900_000);
        }
        assert_eq!(pace.rows, 200);
        pace.learn(3_000_000);
        assert_eq!(pace.rows, 100);
        pace.learn(1_500_000);
        assert_eq!(pace.rows, 100, "between half and whole: just right");
        for _ in 0..20 {
            pace.learn(60_000_000);
        }
        assert_eq!(pace.rows, ROWS_MIN);
    }

    #[test]
    fn live_writes_go_first_but_not_for_ever() {
        let mut pace = Pace::new(SweepPolicy::default());
        assert!(!pace.stands_back(false));
        let slices = (0..5_100).filter(|_| !pace.stands_back(true)).count();
        assert_eq!(slices, 100, "one slice after each fifty times of standing back");
    }

    #[test]
    fn the_sweep_works_a_twenty_fifth_of_the_time() {
        let pace = Pace::new(SweepPolicy::default());
        assert_eq!(pace.rest_ns(4_000_000), 96_000_000);
        assert_eq!(pace.rest_ns(0), 100_000);
        assert_eq!(pace.rest_ns(u64::MAX / 1_000), REST_NS_MAX);
    }
}
