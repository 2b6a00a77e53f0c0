//! THE order in which a request is dealt with. Everything a request meets stands in [`run`].
//!
//! identify → measure → protect → cors → session → csrf → handler → write. `measure` wraps all that
//! can be slow or refused; a preflight and a request for something public cost no look-up.
//!
//! The phases stand before the router and not in a layer of it, because a layer costs two
//! allocations a request; the matched route is noted by the extractor every handler begins with
//! (`caller.rs`), the fallbacks included.

mod cors;
mod csrf;
mod handler;
mod identify;
mod measure;
mod protect;
mod request_line;
mod session;
mod thread_clock;
mod write;

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::app::App;
use crate::connection::Connection;

pub(crate) use cors::Verdict as OriginVerdict;
pub(crate) use identify::Visit;
pub(crate) use measure::Flight;
pub(crate) use protect::json_headers;
pub(crate) use request_line::Allowance;
pub(crate) use session::why_nobody;
pub(crate) use write::{Streaming, Written};

/// Deals with one request. It is on record from the call on, not from the first poll: hyper may find
/// out that the client has gone between the two.
pub(crate) fn run(
    app: Arc<App>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Written>, Infallible>> {
    let visit = identify::visit(app, connection, &request);
    let flight = measure::take_off(&visit);
    async move {
        let answer = measure::watch(&visit, async {
            protect::admit(&request)?;
            if let Some(preflight) = cors::preflight(&visit, &request)? {
                return Ok(preflight);
            }
            session::find(&visit, &request).await?;
            csrf::check(&visit, &request)?;
            Ok(handler::call(&visit, request).await)
        })
        .await;
        let (flight, answer) = protect::dress(flight, answer);
        Ok(write::hand_over(flight, answer))
    }
}
