//! Handler: the router calls it; its time on the CPU is read from the thread's own clock.

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
    let answer = poll_fn(|task| {
        let counted_ns = on_thread_ns(visit);
        let stretch = Stretch::begin(visit.now_ns());
        let polled = answering.as_mut().poll(task);
        let spent_ns = stretch.end(visit.now_ns());
        let counted_ns = on_thread_ns(visit).saturating_sub(counted_ns);
        let own_ns = spent_ns.saturating_sub(counted_ns);
        visit.cx.ledger.add(Phase::Handler, own_ns);
        polled
    })
    .await;
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What other phases counted in wall time while they ran on the handler's own thread: it is theirs.
fn on_thread_ns(visit: &Visit) -> u64 {
    let read_ns = visit.body_polled_ns.load(Ordering::Relaxed);
    visit.cx.ledger.get(Phase::Limits).saturating_add(read_ns)
}
