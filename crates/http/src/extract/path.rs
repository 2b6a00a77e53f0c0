//! Identifiers in paths: a text that is none names nothing, so the answer is that there is nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use galen_core::Code;
use http::request::Parts;

use crate::fault::Fault;

/// The one identifier in the route's path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: FromStr, S: Sync + Send> FromRequestParts<S> for PathId<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Fault::new(Code::NotFound))?;
        text.parse().map(Self).map_err(|_| Fault::new(Code::NotFound))
    }
}
