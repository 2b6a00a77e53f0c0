//! A bounded cache that never gives what was revoked: invalidation is exact, not eventual.
//!
//! **The danger.** A look-up reads a row; the row is revoked, committed and removed from the cache;
//! then the look-up, late, puts the dead row into the cache, where it lives on.
//!
//! **The rule.** Whoever revokes, after the commit and before telling anybody: (B) advances the
//! epoch, then (R) removes the key. Whoever looks up: (E) notes the epoch, then reads the store, then
//! (I) inserts the value *unconfirmed*, then (C) reads the epoch again, and (V) confirms the value if
//! it has not moved, or removes it. A hit is a confirmed value; an unconfirmed one is a miss.
//!
//! **Why that is right.** Suppose a look-up read the row as it was before the revocation's commit.
//! Then E came before B, because E precedes the read, and B follows the commit (a store shows a
//! commit to every read that begins after it). If I comes after R, then C comes after B and sees the
//! epoch moved: the value is never confirmed, so no request ever hits it, not even in the moment
//! before it is removed. If I comes before R, then R removes it, and the revocation is told only
//! after R; a confirmation that comes later confirms a value no longer in the map. So once a
//! revocation has been told, no hit can give what it revoked. The map's own locks order I and R, and
//! the counter is sequentially consistent, so "before" means the same to every thread.
//!
//! The epoch belongs to the whole cache. A revocation keeps the look-ups that run at that very
//! moment from being remembered, which costs each of them one more look-up later and nothing else.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use quick_cache::sync::Cache;

struct Slot<V> {
    value: V,
    confirmed: AtomicBool,
}

/// The cache. Values are cheap to clone: `Arc`s.
pub(crate) struct ExactCache<K, V> {
    slots: Cache<K, Arc<Slot<V>>>,
    epoch: AtomicU64,
}

/// The epoch in which a look-up began. It must be taken before the store is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch(u64);

impl<K: Eq + Hash + Clone, V: Clone> ExactCache<K, V> {
    pub(crate) fn new(capacity: u32) -> Self {
        Self { slots: Cache::new(capacity.max(1) as usize), epoch: AtomicU64::new(0) }
    }

    /// The value under `key`, if it is known and was confirmed.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let slot = self.slots.get(key)?;
        slot.confirmed.load(Ordering::SeqCst).then(|| slot.value.clone())
    }

    /// Begins a look-up: to be called before the store is read.
    pub(crate) fn begin(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::SeqCst))
    }

    /// Ends a look-up that began in `began`: keeps the value unless something was revoked meanwhile.
    pub(crate) fn keep(&self, key: K, value: V, began: Epoch) {
        let slot = self.insert(key.clone(), value);
        let is_current = self.is_current(began);
        self.settle(&key, &slot, is_current);
    }

    /// (I) Inserts a value unconfirmed.
    fn insert(&self, key: K, value: V) -> Arc<Slot<V>> {
        let slot = Arc::new(Slot { value, confirmed: AtomicBool::new(false) });
        self.slots.insert(key, Arc::clone(&slot));
        slot
    }

    /// (C) Whether nothing was revoked since `began`.
    fn is_current(&self, began: Epoch) -> bool {
        self.epoch.load(Ordering::SeqCst) == began.0
    }

    /// (V) Confirms an inserted value, or removes it if it is still there.
    fn settle(&self, key: &K, slot: &Arc<Slot<V>>, is_current: bool) {
        if is_current {
            slot.confirmed.store(true, Ordering::SeqCst);
        } else {
            self.slots.remove_if(key, |there| Arc::ptr_eq(there, slot));
        }
    }

    /// Forgets what was revoked: to be called after the commit and before anybody is told of it.
    pub(crate) fn revoke<'k>(&self, keys: impl IntoIterator<Item = &'k K>)
    where
        K: 'k,
    {
        self.advance();
        for key in keys {
            self.slots.remove(key);
        }
    }

    /// (B) Lets every look-up that runs know that something was revoked.
    fn advance(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Forgets everything: for when it is not known what a failed write has revoked.
    pub(crate) fn revoke_all(&self) {
        self.advance();
        self.slots.clear();
    }

    /// How many values are held.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_value_is_kept_until_it_is_revoked() {
        let cache = ExactCache::new(10);
        let began = cache.begin();
        cache.keep(1, "one", began);
        assert_eq!(cache.get(&1), Some("one"));
        cache.revoke(&[1]);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn a_look_up_that_raced_with_a_revocation_is_not_remembered() {
        let cache = ExactCache::new(10);
        let began = cache.begin();
        cache.revoke(&[1]);
        cache.keep(1, "dead", began);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn forgetting_everything_stops_running_look_ups_too() {
        let cache = ExactCache::new(10);
        let before = cache.begin();
        cache.keep(1, "one", before);
        let running = cache.begin();
        cache.revoke_all();
        cache.keep(2, "two", running);
        assert_eq!((cache.get(&1), cache.get(&2)), (None, None));
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let cache = ExactCache::new(100);
        for key in 0..10_000 {
            let began = cache.begin();
            cache.keep(key, key, began);
        }
        assert!(cache.len() <= 100);
    }

    /// One look-up, between its steps.
    #[derive(Clone, Default)]
    struct LookUp {
        steps_done: usize,
        began: Option<Epoch>,
        row: u64,
        slot: Option<Arc<Slot<u64>>>,
        is_current: bool,
    }

    /// One order in which the steps of two look-ups and a revocation may come, as far as it has got.
    #[derive(Clone, Default)]
    struct Order {
        key: u32,
        look_ups: [LookUp; 2],
        revoker_steps_done: usize,
        /// The store: the row's generation. Revoking raises it.
        generation: u64,
    }

    impl Order {
        fn look_up_step(&mut self, cache: &ExactCache<u32, u64>, which: usize) {
            let look_up = &mut self.look_ups[which];
            match look_up.steps_done {
                0 => look_up.began = Some(cache.begin()),
                1 => look_up.row = self.generation,
                2 => look_up.slot = Some(cache.insert(self.key, look_up.row)),
                3 => look_up.is_current = look_up.began.is_some_and(|at| cache.is_current(at)),
                _ => {
                    let slot = look_up.slot.as_ref().expect("inserted before");
                    cache.settle(&self.key, slot, look_up.is_current);
                }
            }
            look_up.steps_done += 1;
        }

        fn revoker_step(&mut self, cache: &ExactCache<u32, u64>) {
            match self.revoker_steps_done {
                0 => self.generation = 1,
                1 => cache.advance(),
                2 => drop(cache.slots.remove(&self.key)),
                _ => {}
            }
            self.revoker_steps_done += 1;
        }

        /// After the fourth step the revocation has been told: nobody may hit the old generation.
        fn holds(&self, cache: &ExactCache<u32, u64>) -> bool {
            self.revoker_steps_done < 4 || cache.get(&self.key) != Some(0)
        }
    }

    /// Runs the steps in this order. The cache cannot be put back to an earlier state, so each order
    /// is run from its beginning, under a key of its own.
    fn run(cache: &ExactCache<u32, u64>, key: u32, steps: &[usize]) {
        let mut order = Order { key, ..Order::default() };
        for &step in steps {
            match step {
                2 => order.revoker_step(cache),
                which => order.look_up_step(cache, which),
            }
            assert!(order.holds(cache), "{steps:?}");
        }
    }

    fn every_order(left: [usize; 3], steps: &mut Vec<usize>, visit: &mut dyn FnMut(&[usize])) {
        if left == [0; 3] {
            visit(steps);
        }
        for who in 0..3 {
            if left[who] > 0 {
                let mut rest = left;
                rest[who] -= 1;
                steps.push(who);
                every_order(rest, steps, visit);
                steps.pop();
            }
        }
    }

    #[test]
    fn in_no_order_of_steps_is_a_told_revocation_undone() {
        let cache = ExactCache::new(1_000);
        let mut orders = 0;
        every_order([5, 5, 4], &mut Vec::new(), &mut |steps| {
            run(&cache, orders, steps);
            orders += 1;
        });
        assert_eq!(orders, 252_252, "14! / (5! 5! 4!)");
    }

    /// Readers look up and hit, a writer revokes and tells; whatever was told as revoked must never
    /// be hit by a look-up that begins afterwards. The "store" is a counter of generations per key:
    /// a row is the generation it was read in, and revoking raises the generation.
    #[test]
    fn after_a_revocation_was_told_nobody_hits_what_it_revoked() {
        const KEYS: usize = 4;
        const REVOCATIONS: u64 = 40_000;
        let cache = ExactCache::<usize, u64>::new(64);
        let store: [AtomicU64; KEYS] = Default::default();
        let told: [AtomicU64; KEYS] = Default::default();
        let stop = AtomicBool::new(false);
        let stale = Mutex::new(None);
        std::thread::scope(|scope| {
            for thread in 0..3_usize {
                let (cache, store, told, stop, stale) = (&cache, &store, &told, &stop, &stale);
                scope.spawn(move || {
                    let mut turn = thread;
                    while !stop.load(Ordering::Relaxed) {
                        turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        let key = (turn >> 33) % KEYS;
                        let at_least = told[key].load(Ordering::SeqCst);
                        if let Some(hit) = cache.get(&key) {
                            if hit < at_least {
                                *stale.lock().expect("lock") = Some((key, hit, at_least));
                            }
                        } else {
                            let began = cache.begin();
                            let row = store[key].load(Ordering::SeqCst);
                            if turn & 1 == 0 {
                                std::thread::yield_now();
                            }
                            cache.keep(key, row, began);
                        }
                    }
                });
            }
            for round in 0..REVOCATIONS {
                let key = round as usize % KEYS;
                let generation = store[key].fetch_add(1, Ordering::SeqCst) + 1;
                cache.revoke(&[key]);
                told[key].store(generation, Ordering::SeqCst);
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(stale.into_inner().expect("lock"), None);
    }
}
