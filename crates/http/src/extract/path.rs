//! Identifiers in paths, one or two: a text that is none names nothing, so the answer is that there is nothing.

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

/// The two identifiers in the route's path: of a thing, and of a part of it.
pub(crate) struct PathIds<T, P>(pub(crate) T, pub(crate) P);

impl<T: FromStr, P: FromStr, S: Sync + Send> FromRequestParts<S> for PathIds<T, P> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let unknown = || Fault::new(Code::NotFound);
        let Path((thing, part)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| unknown())?;
        match (thing.parse(), part.parse()) {
            (Ok(thing), Ok(part)) => Ok(Self(thing, part)),
            _ => Err(unknown()),
        }
    }
}
