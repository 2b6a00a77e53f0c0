//! `GET /faults/block?ms=`: blocks the executor's thread; only with the feature `faults`, never in a release.

use super::lasts;
use crate::answer::{Answer, nothing};
use crate::caller::Anybody;
use crate::extract::Query;

/// Sleeps on the executor's own thread: everybody else on it waits, too.
pub(super) async fn block(_: Anybody, mut query: Query) -> Answer {
    let lasts = lasts(&mut query);
    query.finish()?;
    std::thread::sleep(lasts);
    Ok(nothing())
}
