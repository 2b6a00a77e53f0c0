//! Thread pools as seen from outside: many threads in one and the same wait, and none parked.

use std::collections::BTreeMap;

use crate::threads::{ThreadView, Wait};

/// The fewest threads in the same wait that count as a full pool.
pub const POOL_THREADS_MIN: usize = 8;

/// A pool whose threads all stand in the same wait.
#[derive(Clone, Debug)]
pub struct FullPool<'a> {
    /// The system call they stand in.
    pub call: &'a str,
    /// Its threads.
    pub views: Vec<ThreadView<'a>>,
}

/// The greatest group of threads beside the loop in the same wait, if none waits for work.
pub fn full<'a>(views: &[ThreadView<'a>]) -> Option<FullPool<'a>> {
    let mut groups: BTreeMap<&str, Vec<ThreadView<'a>>> = BTreeMap::new();
    let pool: Vec<&ThreadView<'a>> =
        views.iter().filter(|view| !view.is_main() && !view.is_loop()).collect();
    for view in &pool {
        let Some((call, _, looks)) = view.sync_wait() else { continue };
        if looks * 10 >= view.looks_total() * 6 && !waits_for_work(view) {
            groups.entry(call).or_default().push((*view).clone());
        }
    }
    let (call, views) = groups.into_iter().max_by_key(|(_, views)| views.len())?;
    let parked = pool.iter().any(|view| waits_for_work(view));
    (views.len() >= POOL_THREADS_MIN && !parked).then_some(FullPool { call, views })
}

/// Whether a thread waits for work in its pool's queue.
pub fn waits_for_work(view: &ThreadView<'_>) -> bool {
    view.looks(Wait::Parked) * 2 > view.looks_total()
}
