//! Cells by static names: found by address without a lock, kept once a text, bounded.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How many slots a table has. Names are static, so there are as many as the program has routes,
/// statements and commands; one text may stand at a few addresses. A quarter stays free, so that a
/// look-up ends soon.
const SLOTS: usize = 512;
const SLOTS_TAKEN_MAX: usize = SLOTS / 4 * 3;
/// What stands for the names beyond the bound.
pub(crate) const OTHER: &str = "(other)";

/// A key of `N` static names.
pub(crate) type Key<const N: usize> = [&'static str; N];

/// Cells by names of static life. A look-up compares addresses, not texts: the texts are compared
/// once for each address they stand at. Nothing is ever taken out.
pub(crate) struct Names<const N: usize, C> {
    slots: Box<[OnceLock<Box<Named<N, C>>>]>,
    /// Held while a name is added.
    taken: Mutex<Taken<N, C>>,
    /// Where all names beyond the bound are counted.
    other: OnceLock<Arc<C>>,
}

struct Named<const N: usize, C> {
    key: Key<N>,
    cell: Arc<C>,
}

struct Taken<const N: usize, C> {
    slots: usize,
    cells: Vec<(Key<N>, Arc<C>)>,
    cells_max: usize,
}

impl<const N: usize, C> Names<N, C> {
    /// An empty table of at most so many cells.
    pub fn new(cells_max: usize) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| OnceLock::new()).collect(),
            taken: Mutex::new(Taken { slots: 0, cells: Vec::new(), cells_max }),
            other: OnceLock::new(),
        }
    }

    /// The cell of these names, made by `make` when they are met for the first time.
    #[inline]
    pub fn get(&self, key: Key<N>, make: impl Fn(Key<N>) -> C) -> &C {
        let mut slot = hash(key);
        while let Some(named) = self.slots[slot % SLOTS].get() {
            if is_same(&named.key, &key) {
                return &named.cell;
            }
            slot += 1;
        }
        self.add(key, make)
    }

    #[cold]
    fn add(&self, key: Key<N>, make: impl Fn(Key<N>) -> C) -> &C {
        // A poisoned lock means that making a cell panicked; the table is whole all the same.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slot = hash(key);
        while let Some(named) = self.slots[slot % SLOTS].get() {
            if is_same(&named.key, &key) {
                return &named.cell;
            }
            slot += 1;
        }
        let known = taken.cells.iter().find(|(names, _)| *names == key);
        let known = known.map(|(_, cell)| Arc::clone(cell));
        let is_full = taken.slots >= SLOTS_TAKEN_MAX
            || (known.is_none() && taken.cells.len() >= taken.cells_max);
        if is_full {
            return self.other.get_or_init(|| Arc::new(make([OTHER; N])));
        }
        let cell = known.unwrap_or_else(|| {
            let cell = Arc::new(make(key));
            taken.cells.push((key, Arc::clone(&cell)));
            cell
        });
        taken.slots += 1;
        &self.slots[slot % SLOTS].get_or_init(|| Box::new(Named { key, cell })).cell
    }

    /// Every cell once, with its names.
    pub fn all(&self) -> Vec<(Key<N>, Arc<C>)> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = taken.cells.clone();
        all.extend(self.other.get().map(|cell| ([OTHER; N], Arc::clone(cell))));
        all
    }

    /// What the table itself takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        size_of_val(&*self.slots) + taken.slots * size_of::<Named<N, C>>()
    }
}

/// Addresses of texts differ in their low bits: a multiplication spreads them.
#[inline]
fn hash<const N: usize>(key: Key<N>) -> usize {
    let mixed = key.iter().fold(0_usize, |mixed, name| {
        mixed.rotate_left(7) ^ name.as_ptr().addr() ^ (name.len() << 3)
    });
    // 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4).
    (mixed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_shr(40) as usize
}

#[inline]
fn is_same<const N: usize>(one: &Key<N>, other: &Key<N>) -> bool {
    one.iter()
        .zip(other)
        .all(|(one, other)| std::ptr::eq(one.as_ptr(), other.as_ptr()) && one.len() == other.len())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    fn leaked(text: &str) -> &'static str {
        Box::leak(text.to_owned().into_boxed_str())
    }

    #[test]
    fn one_text_at_two_addresses_is_counted_in_one_cell() {
        let names: Names<1, AtomicU32> = Names::new(10);
        for name in [leaked("user.by_id"), leaked("user.by_id"), leaked("user.by_name")] {
            names.get([name], |_| AtomicU32::new(0)).fetch_add(1, Relaxed);
        }
        let counts: Vec<_> = names.all().iter().map(|(k, c)| (k[0], c.load(Relaxed))).collect();
        assert_eq!(counts, [("user.by_id", 2), ("user.by_name", 1)]);
    }

    #[test]
    fn a_prefix_at_the_same_address_is_another_name() {
        let names: Names<1, AtomicU32> = Names::new(10);
        let long = leaked("user.by_id");
        names.get([long], |_| AtomicU32::new(0)).fetch_add(1, Relaxed);
        names.get([&long[..4]], |_| AtomicU32::new(0)).fetch_add(1, Relaxed);
        assert_eq!(names.all().len(), 2);
    }

    #[test]
    fn names_beyond_the_bound_share_one_cell_and_those_within_keep_theirs() {
        let names: Names<2, AtomicU32> = Names::new(3);
        let many: Vec<_> = (0..2_000).map(|n| leaked(&format!("/api/{n}"))).collect();
        for _ in 0..2 {
            for name in &many {
                names.get(["GET", name], |_| AtomicU32::new(0)).fetch_add(1, Relaxed);
            }
        }
        let all = names.all();
        assert_eq!(all.len(), 4);
        assert_eq!(all[0].1.load(Relaxed), 2);
        assert_eq!((all[3].0, all[3].1.load(Relaxed)), ([OTHER; 2], 2 * 1_997));
    }

    #[test]
    fn threads_that_meet_a_name_together_agree_on_its_cell() {
        let names: Arc<Names<1, AtomicU32>> = Arc::new(Names::new(600));
        let texts: Vec<_> = (0..300).map(|n| leaked(&format!("name.{n}"))).collect();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (names, texts) = (Arc::clone(&names), texts.clone());
                std::thread::spawn(move || {
                    for text in texts {
                        names.get([text], |_| AtomicU32::new(0)).fetch_add(1, Relaxed);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(names.all().iter().all(|(_, count)| count.load(Relaxed) == 4));
        assert_eq!(names.all().len(), 300);
    }
}
