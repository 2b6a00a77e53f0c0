//! `GET /`: what this is, for whoever types the address into a browser.

use axum::response::Response;
use bytes::Bytes;

use crate::answer;
use crate::caller::Anybody;

/// The page.
pub(crate) async fn home(_: Anybody) -> Response {
    answer::page(include_str!("../../assets/home.html"))
}

/// The looks that all pages share.
pub(crate) async fn style(_: Anybody) -> Response {
    let text = include_bytes!("../../assets/galen.css");
    answer::document("text/css; charset=utf-8", Bytes::from_static(text))
}
