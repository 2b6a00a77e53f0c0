//! Write: the answer's body on its way to the kernel, with the request's flight on board.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::{Body as _, Frame, SizeHint};

use super::measure::Flight;
use crate::connection::Connection;

/// Marks an answer whose body goes on for as long as both sides like: it is accounted for when its
/// head is with the kernel, for how long somebody listens says nothing of how fast it was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streaming;

/// An answer's body. When hyper has taken all of it, the flight waits with the connection for the
/// flush that hands the last byte to the kernel; when it is dropped before, the client gave it up.
pub(crate) struct Written {
    body: Body,
    flight: Option<Flight>,
    is_bodiless: bool,
    /// The connection, when the body is a stream.
    stream_on: Option<Arc<Connection>>,
}

/// Hands the answer to hyper.
pub(super) fn hand_over(flight: Flight, response: Response) -> http::Response<Written> {
    let status = response.status();
    let is_bodiless = flight.visit.method == Method::HEAD
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    if response.extensions().get::<Streaming>().is_some() && !is_bodiless {
        let connection = Arc::clone(&flight.visit.connection);
        connection.stream_begins();
        connection.keep_until_flushed(flight);
        let stream_on = Some(connection);
        return response.map(|body| Written { body, flight: None, is_bodiless, stream_on });
    }
    response.map(|body| Written { body, flight: Some(flight), is_bodiless, stream_on: None })
}

impl http_body::Body for Written {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if let Some(connection) = self.stream_on.take() {
            connection.stream_ends();
        }
        if let Some(flight) = self.flight.take()
            && (self.is_bodiless || self.body.is_end_stream())
        {
            let visit = Arc::clone(&flight.visit);
            visit.connection.keep_until_flushed(flight);
        }
    }
}
