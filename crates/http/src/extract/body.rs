//! Reads a request's body within its limits of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use galen_core::{Code, Phase, Refusal};
use http_body::Body as _;

use crate::fault::Fault;
use crate::phases::Visit;

/// Reads all of `body`. What it takes is counted as reading the body.
pub(super) async fn read(visit: &Visit, body: Body) -> Result<Bytes, Fault> {
    let limits = &visit.app.settings.limits;
    let mark = visit.cx.ledger.open(visit.now_ns());
    let whole = collect(visit, body, limits.max_body_bytes);
    let bound = Duration::from_millis(limits.body_timeout_ms);
    let result = tokio::time::timeout(bound, whole).await;
    visit.cx.ledger.close(Phase::BodyRead, mark, visit.now_ns());
    match result {
        Ok(result) => result,
        Err(_) => Err(Fault::new(Code::RequestTimeout)),
    }
}

async fn collect(visit: &Visit, mut body: Body, max_bytes: usize) -> Result<Bytes, Fault> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max_bytes {
        return Err(too_large(max_bytes));
    }
    // Most bodies come in one piece, which is then used as it is.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = next(visit, &mut body).await {
        let frame = frame.map_err(|_| {
            Refusal::new(Code::MalformedRequest).with_detail("The body ended before its end.")
        })?;
        let Ok(data) = frame.into_data() else {
            continue; // Trailers say nothing here.
        };
        if first.len() + rest.len() + data.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// The next piece of the body. What polling takes on this thread is noted, so that it is not counted
/// as the handler's as well.
async fn next(
    visit: &Visit,
    body: &mut Body,
) -> Option<Result<http_body::Frame<Bytes>, axum::Error>> {
    if body.is_end_stream() {
        return None;
    }
    poll_fn(|task| {
        let begun_ns = visit.now_ns();
        let polled: Poll<_> = Pin::new(&mut *body).poll_frame(task);
        let took_ns = visit.now_ns().saturating_sub(begun_ns);
        visit.body_polled_ns.fetch_add(took_ns, Ordering::Relaxed);
        polled
    })
    .await
}

fn too_large(max_bytes: usize) -> Fault {
    Refusal::new(Code::BodyTooLarge)
        .with_detail(format!("The body may have {max_bytes} bytes at the most."))
        .into()
}
