//! Uses of sessions, gathered in memory and written in batches: a request never waits for its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use galen_core::model::SessionTouch;
use galen_core::{Cx, Refusal, SessionId};

use crate::Accounts;

/// How many sessions' uses are gathered at the most. One that finds no place is gathered with the
/// session's next use.
const GATHERED_MAX: usize = 65_536;
/// How many uses are written in one command.
const BATCH: usize = 500;

/// The uses that wait to be written down, the latest of each session.
#[derive(Default)]
pub(crate) struct Touches(Mutex<HashMap<SessionId, SessionTouch>>);

impl Touches {
    /// A thread that panicked while it held the lock left a map of plain values.
    fn gathered(&self) -> MutexGuard<'_, HashMap<SessionId, SessionTouch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gathers a use. Gives `false` when there is no place.
    pub(crate) fn gather(&self, touch: SessionTouch) -> bool {
        let mut gathered = self.gathered();
        if gathered.len() >= GATHERED_MAX && !gathered.contains_key(&touch.id) {
            return false;
        }
        gathered.insert(touch.id, touch);
        true
    }

    /// Takes a batch to write.
    fn take_batch(&self) -> Batch<'_> {
        let mut gathered = self.gathered();
        let ids: Vec<SessionId> = gathered.keys().take(BATCH).copied().collect();
        let uses = ids.iter().filter_map(|id| gathered.remove(id)).collect();
        Batch { touches: self, uses }
    }

    /// Puts back a batch that was not written; what was gathered meanwhile is later, and stays.
    fn put_back(&self, batch: Vec<SessionTouch>) {
        let mut gathered = self.gathered();
        for touch in batch {
            gathered.entry(touch.id).or_insert(touch);
        }
    }
}

/// A batch that is being written. It is put back when it is dropped before it was: when the store
/// failed, and when the flush was given up half-way. A use that is written twice is written once.
struct Batch<'a> {
    touches: &'a Touches,
    uses: Vec<SessionTouch>,
}

impl Batch<'_> {
    /// It was written. Gives how many uses it had.
    fn written(mut self) -> u64 {
        std::mem::take(&mut self.uses).len() as u64
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.touches.put_back(std::mem::take(&mut self.uses));
    }
}

impl Accounts {
    /// Writes down the uses of sessions that were gathered, in batches. Gives how many. A session
    /// that ended meanwhile stays ended.
    ///
    /// # Errors
    /// Those of the store; what was not written is kept for the next time.
    pub async fn flush_touches(&self, cx: &Cx) -> Result<u64, Refusal> {
        let mut written = 0;
        // What is gathered while this runs belongs to the next run: the loop has an end.
        let batches = self.touches.gathered().len().div_ceil(BATCH);
        for _ in 0..batches {
            let batch = self.touches.take_batch();
            if batch.uses.is_empty() {
                break;
            }
            let uses = batch.uses.clone();
            self.desk.write(cx, move |desk, cx| desk.store.touch_sessions(cx, uses)).await?;
            written += batch.written();
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use galen_core::{Id, UnixMs};

    use super::*;

    fn touch(session: u32, at: i64) -> SessionTouch {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&session.to_be_bytes());
        SessionTouch {
            id: SessionId(Id::from_bytes(bytes)),
            last_seen_at: UnixMs(at),
            expires_at: UnixMs(at),
        }
    }

    #[test]
    fn the_latest_use_of_each_session_is_written_and_in_batches() {
        let touches = Touches::default();
        for session in 0..700 {
            assert!(touches.gather(touch(session, 1)));
            assert!(touches.gather(touch(session, 2)));
        }
        let first = touches.take_batch();
        let second = touches.take_batch();
        assert_eq!((first.uses.len(), second.uses.len()), (500, 200));
        assert!(first.uses.iter().chain(&second.uses).all(|touch| touch.last_seen_at.0 == 2));
        assert!(touches.take_batch().uses.is_empty());
        assert_eq!((first.written(), second.written()), (500, 200));
        assert!(touches.take_batch().uses.is_empty(), "what was written is not put back");
    }

    #[test]
    fn what_was_not_written_is_kept_and_does_not_undo_what_came_later() {
        let touches = Touches::default();
        assert!(touches.gather(touch(1, 1)) && touches.gather(touch(2, 1)));
        let failed = touches.take_batch();
        assert!(touches.gather(touch(1, 9)));
        drop(failed);
        let mut batch = touches.take_batch();
        batch.uses.sort_by_key(|touch| touch.last_seen_at);
        let times: Vec<i64> = batch.uses.iter().map(|touch| touch.last_seen_at.0).collect();
        assert_eq!(times, [1, 9]);
    }

    #[test]
    fn the_gathering_is_bounded() {
        let touches = Touches::default();
        for session in 0..GATHERED_MAX as u32 {
            assert!(touches.gather(touch(session, 1)));
        }
        assert!(!touches.gather(touch(u32::MAX, 1)));
        assert!(touches.gather(touch(0, 2)), "one that is there already");
    }
}
