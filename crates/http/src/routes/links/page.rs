//! `GET /verify` and its like: the page a mailed link opens, and its script.

use axum::response::Response;
use bytes::Bytes;

use crate::answer;
use crate::caller::Anybody;

/// The page, the same for every purpose: the script knows which by the path. It has no secret in it and
/// changes nothing; mail scanners may open it as often as they like. The secret is behind the `#` of the
/// link, which browsers send nowhere.
pub(crate) async fn page(_: Anybody) -> Response {
    answer::page(include_str!("../../assets/links.html"))
}

/// The page's script.
pub(crate) async fn script(_: Anybody) -> Response {
    let text = include_bytes!("../../assets/links.js");
    answer::document("text/javascript; charset=utf-8", Bytes::from_static(text))
}
