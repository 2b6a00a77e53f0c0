//! `GET /setup`: the page the setup link opens, and its files.

use axum::response::Response;
use bytes::Bytes;

use crate::answer;
use crate::caller::Anybody;

/// The page. It has no secret in it: the secret is behind the `#` of the link, which browsers send
/// nowhere, and the script takes it from there.
pub(crate) async fn page(_: Anybody) -> Response {
    answer::page(include_str!("../../assets/setup.html"))
}

/// The page's script.
pub(crate) async fn script(_: Anybody) -> Response {
    let text = include_bytes!("../../assets/setup.js");
    answer::document("text/javascript; charset=utf-8", Bytes::from_static(text))
}

/// The page's looks.
pub(crate) async fn style(_: Anybody) -> Response {
    let text = include_bytes!("../../assets/setup.css");
    answer::document("text/css; charset=utf-8", Bytes::from_static(text))
}
