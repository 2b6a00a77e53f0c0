//! `GET /faults/busy?ms=`: burns CPU in the handler; only with the feature `faults`, never in a release.

use std::hint::black_box;
use std::time::Instant;

use super::lasts;
use crate::answer::{Answer, nothing};
use crate::caller::Anybody;
use crate::extract::Query;

/// Computes until the time is over.
pub(super) async fn busy(_: Anybody, mut query: Query) -> Answer {
    let lasts = lasts(&mut query);
    query.finish()?;
    let begun = Instant::now();
    let mut sum = 0_u64;
    while begun.elapsed() < lasts {
        for number in 0..1_000_u64 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
    black_box(sum);
    Ok(nothing())
}
