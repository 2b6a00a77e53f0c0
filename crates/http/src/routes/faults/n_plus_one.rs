//! `GET /faults/n_plus_one?n=`: asks the store row by row; only with the feature `faults`, never in a release.

use galen_core::model::{InboxAsk, Shelf};
use galen_core::{Code, Refusal};

use crate::answer::{Answer, nothing};
use crate::caller::SignedIn;
use crate::extract::Query;

/// How many reads when nothing is said, and at the most.
const READS: (u32, u32) = (200, 100_000);

/// Reads a page of the caller's notifications so often, one read after the other, as a program does
/// that asks again for every row of a list: an honest N+1.
pub(super) async fn n_plus_one(by: SignedIn, mut query: Query) -> Answer {
    let reads = query.parsed("n", "Expected a number.").unwrap_or(READS.0);
    if reads > READS.1 {
        query.refuse("n", Code::FieldRange, "Expected at most 100000.");
    }
    query.finish()?;
    for _ in 0..reads {
        let ask = InboxAsk { shelf: Shelf::Inbox, before: None, limit: 50 };
        let page = by.app().store.notifications(by.cx(), by.caller().user.id, ask);
        page.await.map_err(Refusal::from)?;
    }
    Ok(nothing())
}
