//! `/metrics` on a listener of its own, without a token: for whoever may reach that address.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use galen_monitor::Monitor;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::exposition::{Exposition, MEDIA_TYPE};

/// Connections served at once: a handful of scrapers. More wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 32;
/// How long a connection may be silent, or be at the head of a request.
const SILENT_MAX: Duration = Duration::from_secs(75);
/// How long a connection lives at the most, whatever it does: one that takes no answers, too.
const LIFE_MAX: Duration = Duration::from_secs(600);
/// The largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// What is said to whoever asks a loopback address under some other name.
const ASK_LOCALLY: &[u8] = b"ask by address or as localhost: other names are refused on loopback\n";
/// The pause after the system had no file or memory for a connection.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves `GET /metrics` and `GET /livez`, and nothing else, on `listener` until `stop` is cancelled;
/// then every connection is cut: a scraper asks again.
pub async fn serve_metrics(listener: TcpListener, monitor: Arc<Monitor>, stop: CancellationToken) {
    let exposition = Arc::new(Exposition::new(monitor));
    let is_local = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            // The semaphore is never closed, so that there is a place in the end.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = accept => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                let exposition = Arc::clone(&exposition);
                connections.spawn(async move {
                    let _place = place;
                    drive(socket, exposition, is_local).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections for metrics for a moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn drive(socket: TcpStream, exposition: Arc<Exposition>, is_local: bool) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = if is_local && !is_asked_locally(&request) {
            text(StatusCode::MISDIRECTED_REQUEST, Bytes::from_static(ASK_LOCALLY))
        } else {
            answer(request.method(), request.uri().path(), &exposition)
        };
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENT_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), service);
    match tokio::time::timeout(LIFE_MAX, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection for metrics ended badly"),
        Err(_) => tracing::debug!("a connection for metrics reached its end of life"),
    }
}

/// Whether a request that came over loopback means this machine: by address or as `localhost`. A page
/// in a browser here could otherwise have its own name resolve to loopback, and read along (DNS
/// rebinding).
fn is_asked_locally(request: &Request<Incoming>) -> bool {
    let Some(host) = request.headers().get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

fn answer(method: &Method, path: &str, exposition: &Exposition) -> Response<Full<Bytes>> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    match path {
        "/metrics" | "/livez" if !is_read => {
            let mut answer =
                text(StatusCode::METHOD_NOT_ALLOWED, Bytes::from_static(b"GET only\n"));
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
            answer
        }
        "/metrics" => text(StatusCode::OK, exposition.text()),
        "/livez" => text(StatusCode::OK, Bytes::from_static(b"ok\n")),
        _ => text(StatusCode::NOT_FOUND, Bytes::from_static(b"there is only /metrics here\n")),
    }
}

fn text(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
