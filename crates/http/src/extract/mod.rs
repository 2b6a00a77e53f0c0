//! What handlers take out of a request: bodies, queries and identifiers, checked before they see them.

mod body;
mod json;
mod path;
mod query;
mod strict;
mod text;

pub(crate) use json::Json;
pub(crate) use path::{PathId, PathIds};
pub(crate) use query::Query;
pub(crate) use strict::StrictObject;
pub(crate) use text::Text;
