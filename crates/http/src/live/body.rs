//! The body of a stream: what was missed first, then events as they come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use super::Place;
use crate::connection::Connection;

/// A stream's body. Dropping it gives the stream's place back.
pub(crate) struct StreamBody {
    place: Place,
    connection: Arc<Connection>,
    /// How long the client may take to receive what is written, in nanoseconds.
    write_timeout_ns: u64,
    head: Option<Bytes>,
}

impl StreamBody {
    pub(crate) fn new(
        place: Place,
        connection: Arc<Connection>,
        write_timeout_ns: u64,
        head: Bytes,
    ) -> Self {
        Self { place, connection, write_timeout_ns, head: Some(head) }
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match self.head.take() {
            Some(head) => Some(head),
            None => ready!(self.place.client().poll_next(task)),
        };
        if next.is_some() {
            // From here to the next flush the client owes the taking of it.
            self.connection.writes_within(self.write_timeout_ns);
        }
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }
}
