//! Plain bodies: any text in UTF-8, however it is announced.

use axum::extract::{FromRequest, FromRequestParts, Request};
use galen_core::{Code, Refusal};

use super::body;
use crate::caller::Anybody;
use crate::fault::Fault;

/// The request's body as text. `curl -d` announces a form and sends what it is given; so whoever
/// takes this looks at no media type, and must not be reachable by a browser's form alone.
pub(crate) struct Text(pub(crate) String);

impl<S: Sync> FromRequest<S> for Text {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let anybody = Anybody::from_request_parts(&mut parts, state).await?;
        let bytes = body::read(anybody.visit(), body).await?;
        match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Self(text)),
            Err(_) => {
                let detail = "The body is not text in UTF-8.";
                Err(Refusal::new(Code::MalformedRequest).with_detail(detail).into())
            }
        }
    }
}
