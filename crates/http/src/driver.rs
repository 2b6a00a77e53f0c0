//! Drives one connection: hyper speaks HTTP/1.1 on it, and one timer watches every stage.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use galen_core::ConnectionEvent;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::accept::Place;
use crate::app::App;
use crate::connection::{Connection, MS_NS, Stage};
use crate::phases;
use crate::stream::Stream;

/// Serves requests on `socket` until it ends, and tells how it ended. The place is held till then.
///
/// hyper's own header timer is off: it begins anew with every message and knows one time for silence
/// and for slowness alike. One lazy timer here covers the head, the wait for a next request, the
/// deadline of a request and the taking of an answer, and is moved only when a stage is due earlier
/// than it is set.
pub(crate) async fn drive(app: Arc<App>, socket: TcpStream, place: Place, watcher: Watcher) {
    let connection = Arc::new(Connection::new(place.peer, place.accepted_ns, &app));
    let io = TokioIo::new(Stream::new(socket, Arc::clone(&app), Arc::clone(&connection)));
    let service = {
        let (app, connection) = (Arc::clone(&app), Arc::clone(&connection));
        service_fn(move |request| phases::run(Arc::clone(&app), Arc::clone(&connection), request))
    };
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(app.settings.limits.max_header_bytes)
        .serve_connection(io, service);
    let mut ending = Ending { app: &app, event: ConnectionEvent::Closed, _place: place };
    ending.event = watch(&app, &connection, watcher.watch(served)).await;
}

/// Tells the recorder how a connection ended, and gives its place back, even when the connection is
/// cut at the end of a drain.
struct Ending<'a> {
    app: &'a App,
    event: ConnectionEvent,
    _place: Place,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.app.recorder.connection(self.event);
    }
}

async fn watch(
    app: &App,
    connection: &Connection,
    served: impl Future<Output = hyper::Result<()>>,
) -> ConnectionEvent {
    let mut served = pin!(served);
    let mut timer = pin!(tokio::time::sleep(Duration::MAX));
    let mut set_ns = u64::MAX;
    poll_fn(move |task| {
        if let Poll::Ready(result) = served.as_mut().poll(task) {
            return Poll::Ready(if connection.is_reset() {
                ConnectionEvent::Reset
            } else {
                ended(&result)
            });
        }
        if connection.stage() == Stage::FirstByte {
            // The head did not come in one piece: now its time runs.
            let due_ns = app.settings.limits.header_timeout_ms * MS_NS;
            connection.enter(Stage::Head, app.clock.monotonic_ns().saturating_add(due_ns));
        }
        let due_ns = connection.due_ns();
        if due_ns >= set_ns && !timer.is_elapsed() {
            return Poll::Pending;
        }
        loop {
            let now_ns = app.clock.monotonic_ns();
            let due_ns = connection.due_ns();
            if due_ns <= now_ns {
                return Poll::Ready(match connection.stage() {
                    Stage::Linger => ConnectionEvent::Closed,
                    _ => ConnectionEvent::TimedOut,
                });
            }
            set_ns = due_ns;
            let wait = Duration::from_nanos(due_ns - now_ns);
            timer.as_mut().reset(Instant::now() + wait);
            if timer.as_mut().poll(task).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

fn ended(result: &hyper::Result<()>) -> ConnectionEvent {
    match result {
        Err(error) if error.is_timeout() => ConnectionEvent::TimedOut,
        Err(error) if error.is_incomplete_message() => ConnectionEvent::Reset,
        // A request that could not be read was answered and counted as such.
        _ => ConnectionEvent::Closed,
    }
}
