//! The table of counters: sharded, bounded, and forgetting first what matters least.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gcra::Gcra;

/// Names a counter without holding what it counts: a keyed digest of kind and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tag(pub(super) [u8; 16]);

const SHARDS: usize = 16;

/// Counters by tag: the theoretical arrival time of each.
pub(super) struct Table {
    shards: [Mutex<HashMap<Tag, u64>>; SHARDS],
    shard_keys_max: usize,
}

impl Table {
    pub(super) fn new(keys_max: u32) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            shard_keys_max: (keys_max as usize / SHARDS).max(4),
        }
    }

    /// The shard of a tag. A thread that panicked while it held the lock left a map of whole numbers.
    fn shard(&self, tag: Tag) -> MutexGuard<'_, HashMap<Tag, u64>> {
        self.shards[tag.0[0] as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one attempt, atomically: the arrival time it moved to, or how long to wait.
    pub(super) fn take(&self, tag: Tag, rule: Gcra, now_ns: u64) -> Result<u64, u64> {
        let mut shard = self.shard(tag);
        if let Some(tat_ns) = shard.get_mut(&tag) {
            *tat_ns = rule.take(*tat_ns, now_ns)?;
            return Ok(*tat_ns);
        }
        let tat_ns = rule.take(0, now_ns)?;
        if shard.len() >= self.shard_keys_max {
            make_room(&mut shard, now_ns);
        }
        shard.insert(tag, tat_ns);
        Ok(tat_ns)
    }

    /// Gives one attempt back.
    pub(super) fn give_back(&self, tag: Tag, rule: Gcra, taken_ns: u64, now_ns: u64) {
        if let Some(tat_ns) = self.shard(tag).get_mut(&tag) {
            *tat_ns = rule.give_back(*tat_ns, taken_ns, now_ns);
        }
    }

    /// Forgets the counters that are as good as unknown. Gives how many they were.
    pub(super) fn prune(&self, now_ns: u64) -> u64 {
        let mut pruned = 0;
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let before = shard.len();
            shard.retain(|_, tat_ns| *tat_ns > now_ns);
            pruned += before - shard.len();
            if shard.capacity() > 4 * shard.len().max(16) {
                shard.shrink_to_fit();
            }
        }
        pruned as u64
    }

    /// How many counters there are.
    pub(super) fn len(&self) -> u64 {
        let keys: usize = self
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum();
        keys as u64
    }
}

/// Makes room in a full shard: what is past goes, and when nothing is, the quarter with the earliest
/// arrival times, which has the fewest attempts on it. Somebody who invents keys to push out the
/// counter he has used up pushes out his inventions instead.
fn make_room(shard: &mut HashMap<Tag, u64>, now_ns: u64) {
    let before = shard.len();
    shard.retain(|_, tat_ns| *tat_ns > now_ns);
    if shard.len() < before {
        return;
    }
    let mut tats_ns: Vec<u64> = shard.values().copied().collect();
    let quarter = tats_ns.len() / 4;
    let (_, &mut bound_ns, _) = tats_ns.select_nth_unstable(quarter);
    let mut to_go = quarter + 1;
    shard.retain(|_, tat_ns| {
        let goes = *tat_ns <= bound_ns && to_go > 0;
        to_go -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rate;

    fn rule() -> Gcra {
        Gcra::new(Rate { attempts: 3, per_ms: 3_000 })
    }

    fn tag(number: u32) -> Tag {
        let mut bytes = [0; 16];
        // All in one shard.
        bytes[4..8].copy_from_slice(&number.to_be_bytes());
        Tag(bytes)
    }

    #[test]
    fn the_table_never_holds_more_keys_than_it_may() {
        let table = Table::new(1_600);
        for number in 0..10_000 {
            table.take(tag(number), rule(), 0).expect("a new key");
            assert!(table.len() <= 100);
        }
    }

    #[test]
    fn invented_keys_do_not_push_out_a_counter_that_is_used_up() {
        let table = Table::new(1_600);
        let used_up = tag(u32::MAX);
        for _ in 0..3 {
            table.take(used_up, rule(), 0).expect("within the limit");
        }
        for number in 0..10_000 {
            table.take(tag(number), rule(), 0).expect("a new key");
        }
        assert!(table.take(used_up, rule(), 0).is_err());
    }

    #[test]
    fn pruning_forgets_what_is_past_and_nothing_else() {
        let table = Table::new(1_600);
        table.take(tag(1), rule(), 0).expect("a new key");
        table.take(tag(2), rule(), 2_000_000_000).expect("a new key");
        assert_eq!(table.prune(2_000_000_000), 1);
        assert_eq!(table.len(), 1);
    }
}
