//! The table of counters: sharded, bounded, and forgetting first what matters least.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gcra::Gcra;

/// Names a counter without holding what it counts: a keyed digest of kind and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tag(pub(super) [u8; 16]);

const SHARDS: usize = 16;

/// A counter: its theoretical arrival time, and its rule's whole allowance to judge that by.
#[derive(Clone, Copy)]
struct Counter {
    tat_ns: u64,
    burst_ns: u64,
}

impl Counter {
    /// Which part of the allowance is used up, in parts of 2³².
    fn fill(self, now_ns: u64) -> u64 {
        let ahead_ns = u128::from(self.tat_ns.saturating_sub(now_ns));
        let fill = (ahead_ns << 32) / u128::from(self.burst_ns.max(1));
        u64::try_from(fill).unwrap_or(u64::MAX)
    }
}

type Shard = HashMap<Tag, Counter>;

/// Counters by tag.
pub(super) struct Table {
    shards: [Mutex<Shard>; SHARDS],
    shard_keys_max: usize,
}

impl Table {
    pub(super) fn new(keys_max: u32) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            shard_keys_max: (keys_max as usize / SHARDS).max(4),
        }
    }

    /// The shard of a tag. A thread that panicked while it held the lock left a map of plain values.
    fn shard(&self, tag: Tag) -> MutexGuard<'_, Shard> {
        self.shards[tag.0[0] as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one attempt, atomically: the arrival time it moved to, or how long to wait.
    pub(super) fn take(&self, tag: Tag, rule: Gcra, now_ns: u64) -> Result<u64, u64> {
        let mut shard = self.shard(tag);
        if let Some(counter) = shard.get_mut(&tag) {
            counter.tat_ns = rule.take(counter.tat_ns, now_ns)?;
            return Ok(counter.tat_ns);
        }
        let tat_ns = rule.take(0, now_ns)?;
        if shard.len() >= self.shard_keys_max {
            make_room(&mut shard, now_ns);
        }
        shard.insert(tag, Counter { tat_ns, burst_ns: rule.burst_ns() });
        Ok(tat_ns)
    }

    /// Gives one attempt back.
    pub(super) fn give_back(&self, tag: Tag, rule: Gcra, taken_ns: u64, now_ns: u64) {
        if let Some(counter) = self.shard(tag).get_mut(&tag) {
            counter.tat_ns = rule.give_back(counter.tat_ns, taken_ns, now_ns);
        }
    }

    /// Forgets the counters that are as good as unknown. Gives how many they were.
    pub(super) fn prune(&self, now_ns: u64) -> u64 {
        let mut pruned = 0;
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let before = shard.len();
            shard.retain(|_, counter| counter.tat_ns > now_ns);
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

/// Makes room in a full shard: what is past goes, and when nothing is, the quarter that has used up
/// the least part of its allowance, whatever its rule. Somebody who invents keys to push out the
/// counter he has used up pushes out his inventions instead.
fn make_room(shard: &mut Shard, now_ns: u64) {
    let before = shard.len();
    shard.retain(|_, counter| counter.tat_ns > now_ns);
    if shard.len() < before {
        return;
    }
    let mut fills: Vec<u64> = shard.values().map(|counter| counter.fill(now_ns)).collect();
    let quarter = fills.len() / 4;
    let (_, &mut bound, _) = fills.select_nth_unstable(quarter);
    let mut to_go = quarter + 1;
    shard.retain(|_, counter| {
        let goes = counter.fill(now_ns) <= bound && to_go > 0;
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
    fn a_used_up_counter_of_minutes_outlives_invented_counters_of_a_day() {
        let table = Table::new(1_600);
        let of_a_day = Gcra::new(Rate { attempts: 100, per_ms: 86_400_000 });
        let used_up = tag(u32::MAX);
        for _ in 0..3 {
            table.take(used_up, rule(), 0).expect("within the limit");
        }
        for number in 0..10_000 {
            table.take(tag(number), of_a_day, 0).expect("a new key");
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
