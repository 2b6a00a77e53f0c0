//! Drives one connection: hyper speaks HTTP/1.1 on it, and one timer watches every stage.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use galen_core::ConnectionEvent;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

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
pub(crate) async fn drive(app: Arc<App>, socket: TcpStream, place: Place, stop: CancellationToken) {
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
    ending.event = watch(&app, &connection, served, stop).await;
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

/// Polls the connection, and what may end it: the timer, and a stop of the server. Both wake the task
/// by themselves, so each is polled once and then only looked at: polling them with every request
/// would cost more than the request's own decisions.
async fn watch(
    app: &App,
    connection: &Connection,
    served: impl GracefulConnection<Error = hyper::Error>,
    stop: CancellationToken,
) -> ConnectionEvent {
    let mut served = pin!(served);
    let mut stopped = pin!(stop.cancelled());
    let mut timer = Timer { sleep: pin!(tokio::time::sleep(Duration::MAX)), set_ns: u64::MAX };
    let mut told = Told::Nothing;
    poll_fn(move |task| {
        if told == Told::Nothing {
            told = Told::ToBeWoken;
            // Should the stop be here already, it is seen below.
            let _ = stopped.as_mut().poll(task);
        }
        if told == Told::ToBeWoken && app.is_stopping() {
            told = Told::ToStop;
            served.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(result) = served.as_mut().poll(task) {
            return Poll::Ready(ended(connection, &result));
        }
        if connection.stage() == Stage::FirstByte {
            // The head did not come in one piece: now its time runs.
            let head_ns = app.settings.limits.header_timeout_ms * MS_NS;
            let due_ns = app.clock.monotonic_ns().saturating_add(head_ns);
            connection.enter(Stage::Head, due_ns);
        }
        timer.poll(app, connection, task)
    })
    .await
}

/// What a connection knows of the server's stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    ToBeWoken,
    ToStop,
}

/// The one timer of a connection.
struct Timer<'a> {
    sleep: Pin<&'a mut Sleep>,
    set_ns: u64,
}

impl Timer<'_> {
    /// Ends the connection when its stage has lasted too long; else sees to it that the task is
    /// woken in time.
    fn poll(
        &mut self,
        app: &App,
        connection: &Connection,
        task: &mut Context<'_>,
    ) -> Poll<ConnectionEvent> {
        loop {
            let due_ns = connection.due_ns();
            if due_ns >= self.set_ns && !self.sleep.is_elapsed() {
                return Poll::Pending;
            }
            let now_ns = app.clock.monotonic_ns();
            if due_ns <= now_ns {
                return Poll::Ready(match connection.stage() {
                    Stage::Linger => ConnectionEvent::Closed,
                    _ => ConnectionEvent::TimedOut,
                });
            }
            self.set_ns = due_ns;
            let wait = Duration::from_nanos(due_ns - now_ns);
            self.sleep.as_mut().reset(Instant::now() + wait);
            if self.sleep.as_mut().poll(task).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

fn ended(connection: &Connection, result: &hyper::Result<()>) -> ConnectionEvent {
    match result {
        _ if connection.is_reset() => ConnectionEvent::Reset,
        Err(error) if error.is_incomplete_message() => ConnectionEvent::Reset,
        // A request that could not be read was answered and counted as such.
        _ => ConnectionEvent::Closed,
    }
}
