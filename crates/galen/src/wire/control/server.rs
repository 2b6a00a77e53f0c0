//! The answering side of the control protocol: only our own user and root are heard.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    ANSWER_BYTES_MAX, ANSWER_TIMEOUT_S, ASK_BYTES_MAX, ASK_TIMEOUT_S, Answer, Ask, Refused,
};
use crate::wire::answers;
use crate::wire::running::Running;

/// How many questions are heard at the same time.
const CONNECTIONS_MAX: usize = 16;

/// Answers until `stop` is cancelled.
pub async fn serve(listener: UnixListener, running: Arc<Running>, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&permits).acquire_owned();
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = async { (permit.await, listener.accept().await) } => accepted,
        };
        match accepted {
            (Ok(permit), Ok((stream, _))) => {
                let running = Arc::clone(&running);
                tokio::spawn(async move {
                    hear(stream, &running).await;
                    drop(permit);
                });
            }
            (_, Err(error)) => {
                // Running out of descriptors passes; spinning meanwhile would make it worse.
                tracing::warn!(%error, "the control socket does not accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (Err(_), Ok(_)) => return,
        }
    }
}

async fn hear(mut stream: UnixStream, running: &Arc<Running>) {
    let answer = match peer_is_allowed(&stream) {
        Ok(()) => match read(&mut stream).await {
            Ok(ask) => give(ask, running).await,
            Err(refused) => Answer::Refused(refused),
        },
        Err(refused) => Answer::Refused(refused),
    };
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    if line.len() >= ANSWER_BYTES_MAX {
        let refused = Refused::new("control.too_large", "the answer is too large");
        line = serde_json::to_vec(&Answer::Refused(refused)).unwrap_or_default();
    }
    line.push(b'\n');
    let written = timeout(Duration::from_secs(ASK_TIMEOUT_S), stream.write_all(&line)).await;
    if !matches!(written, Ok(Ok(()))) {
        tracing::debug!("the command line went away before its answer");
    }
}

/// The socket's mode keeps others out already; this holds even where a folder's rights do not.
fn peer_is_allowed(stream: &UnixStream) -> Result<(), Refused> {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred().map(|peer| peer.uid()) {
        Ok(uid) if uid == own || uid == 0 => Ok(()),
        _ => Err(Refused::new("control.forbidden", "only the server's own user and root may ask")),
    }
}

async fn read(stream: &mut UnixStream) -> Result<Ask, Refused> {
    let limit = u64::try_from(ASK_BYTES_MAX).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream.take(limit));
    let arrived = reader.read_until(b'\n', &mut line);
    match timeout(Duration::from_secs(ASK_TIMEOUT_S), arrived).await {
        Ok(Ok(_)) if line.ends_with(b"\n") => {}
        Ok(Ok(_)) => return Err(Refused::new("control.malformed", "the question has no end")),
        Ok(Err(error)) => return Err(Refused::new("control.malformed", error.to_string())),
        Err(_) => return Err(Refused::new("control.timeout", "the question took too long")),
    }
    // The parser's words could quote a password.
    serde_json::from_slice(&line).map_err(|error| {
        let detail = format!("the question cannot be read at column {}", error.column());
        Refused::new("control.malformed", detail)
    })
}

async fn give(ask: Ask, running: &Arc<Running>) -> Answer {
    let running = Arc::clone(running);
    // In a task of its own, so that a panic ends the answer and not the socket.
    let work = tokio::spawn(async move { answers::answer(ask, &running).await });
    let outcome: Result<Value, Refused> =
        match timeout(Duration::from_secs(ANSWER_TIMEOUT_S), work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Refused::new("control.internal", "the answer broke; see the log")),
            Err(_) => Err(Refused::new("control.timeout", "the answer took too long")),
        };
    match outcome {
        Ok(value) => Answer::Done(value),
        Err(refused) => Answer::Refused(refused),
    }
}
