//! Routes that hurt on purpose, to prove that the ledger names what hurts. Only with the cargo feature
//! `faults`, which is off by default and never on in a release: whoever can reach them can stop the
//! server.

mod block;
mod busy;
mod n_plus_one;
mod outbound;

use axum::Router;
use axum::routing::get;

/// The paths of ALL faults.
pub(super) const PATHS: [&str; 4] =
    ["/faults/block", "/faults/busy", "/faults/n_plus_one", "/faults/outbound"];

/// ALL faults; not in the API's document.
pub(super) fn all() -> Router {
    let [block, busy, n_plus_one, outbound] = PATHS;
    Router::new()
        .route(block, get(block::block))
        .route(busy, get(busy::busy))
        .route(n_plus_one, get(n_plus_one::n_plus_one))
        .route(outbound, get(outbound::outbound))
}

/// How many milliseconds a fault may be asked to last: less than a request's deadline.
const LASTS_MAX_MS: u64 = 20_000;

/// Takes the parameter `ms`.
fn lasts(query: &mut crate::extract::Query) -> std::time::Duration {
    let ms = query.parsed("ms", "Expected milliseconds.").unwrap_or(200);
    if ms > LASTS_MAX_MS {
        query.refuse("ms", galen_core::Code::FieldRange, "Expected at most 20000.");
    }
    std::time::Duration::from_millis(ms.min(LASTS_MAX_MS))
}
