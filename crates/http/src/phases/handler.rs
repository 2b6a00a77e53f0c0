//! Handler: the router calls it; its CPU time is read from the thread's clock, the rest of its polls blocked the thread.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::Response;
use galen_core::Phase;
use http::Request;
use hyper::body::Incoming;
use tower::Service;

use super::identify::Visit;
use super::thread_clock::Stretch;

/// Calls the handler of the request's route, or a fallback.
pub(super) async fn call(visit: &Arc<Visit>, request: Request<Incoming>) -> Response {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Arc::clone(visit));
    let mut router = visit.app.router.clone();
    let mut answering = pin!(router.call(request));
    let mut blocked = Blocked { visit, off_ns: 0 };
    let answer = poll_fn(|task| {
        let counted_ns = on_thread_ns(visit);
        let begun_ns = visit.now_ns();
        let stretch = Stretch::begin(begun_ns);
        let polled = answering.as_mut().poll(task);
        let ended_ns = visit.now_ns();
        let spent_ns = stretch.end(ended_ns);
        let counted_ns = on_thread_ns(visit).saturating_sub(counted_ns);
        let own_ns = spent_ns.saturating_sub(counted_ns);
        visit.cx.ledger.add(Phase::Handler, own_ns);
        // A poll is to return at once: what it was off the CPU in between, it blocked its thread.
        blocked.off_ns += ended_ns.saturating_sub(begun_ns).saturating_sub(spent_ns);
        polled
    })
    .await;
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Time off the CPU in the middle of polls. It is counted at the end, when the handler is dropped at
/// its deadline, too: only then it is known what went on at the same time on other threads and was
/// counted as that (a password hashed, a statement run), because no time is counted twice.
struct Blocked<'a> {
    visit: &'a Visit,
    off_ns: u64,
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        if self.off_ns > 0 {
            let ledger = &self.visit.cx.ledger;
            let wall_ns = self.visit.now_ns().saturating_sub(self.visit.started_ns);
            let left_ns = wall_ns.saturating_sub(ledger.sum_ns());
            ledger.add(Phase::Blocked, self.off_ns.min(left_ns));
        }
    }
}

/// What other phases counted in wall time while they ran on the handler's own thread: it is theirs.
fn on_thread_ns(visit: &Visit) -> u64 {
    let read_ns = visit.body_polled_ns.load(Ordering::Relaxed);
    visit.cx.ledger.get(Phase::Limits).saturating_add(read_ns)
}
