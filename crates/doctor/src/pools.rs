//! Thread pools as seen from outside: many threads in one and the same place, and none parked.

use std::collections::BTreeMap;

use crate::threads::{ThreadView, Wait};

/// The fewest threads in the same place that count as a full pool.
pub const POOL_THREADS_MIN: usize = 8;

/// Where the threads of a full pool stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place<'a> {
    /// In this system call.
    Call(&'a str),
    /// At this source line.
    Line(&'a str),
}

/// A pool whose threads all stand in the same place.
#[derive(Clone, Debug)]
pub struct FullPool<'a> {
    /// Where they stand.
    pub place: Place<'a>,
    /// Its threads.
    pub views: Vec<ThreadView<'a>>,
}

/// The greatest group of threads beside the loop in the same place, if none waits for work and
/// the group is four fifths of the pool.
pub fn full<'a>(views: &[ThreadView<'a>]) -> Option<FullPool<'a>> {
    let pool: Vec<&ThreadView<'a>> =
        views.iter().filter(|view| !view.is_main() && !view.is_loop()).collect();
    if pool.len() < POOL_THREADS_MIN || pool.iter().any(|view| waits_for_work(view)) {
        return None;
    }
    let (place, views) = group(&pool, line_of).or_else(|| group(&pool, call_of))?;
    Some(FullPool { place, views })
}

/// The greatest group by a place, if it is great enough.
fn group<'a>(
    pool: &[&ThreadView<'a>],
    place_of: fn(&ThreadView<'a>) -> Option<Place<'a>>,
) -> Option<(Place<'a>, Vec<ThreadView<'a>>)> {
    let mut groups: BTreeMap<Place<'a>, Vec<ThreadView<'a>>> = BTreeMap::new();
    for view in pool {
        if let Some(place) = place_of(view) {
            groups.entry(place).or_default().push((*view).clone());
        }
    }
    let (place, views) = groups.into_iter().max_by_key(|(_, views)| views.len())?;
    let most = views.len() * 5 >= pool.len() * 4;
    (most && views.len() >= POOL_THREADS_MIN).then_some((place, views))
}

fn line_of<'a>(view: &ThreadView<'a>) -> Option<Place<'a>> {
    view.app_line().map(|(line, _)| Place::Line(line))
}

fn call_of<'a>(view: &ThreadView<'a>) -> Option<Place<'a>> {
    let (call, _, looks) = view.sync_wait()?;
    (looks * 10 >= view.looks_total() * 6).then_some(Place::Call(call))
}

/// Whether a thread waits for work in its pool's queue.
pub fn waits_for_work(view: &ThreadView<'_>) -> bool {
    view.looks(Wait::Parked) * 2 > view.looks_total()
}
