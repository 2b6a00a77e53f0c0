//! The panels in the browser: their pages, and the files that make them, all of them in the program.

mod asset;
mod page;

use axum::Router;
use axum::routing::get;
use galen_core::links::LinkPurpose;

/// The pages of the user's panel besides those of mailed links, in its own words: `web/src/user`.
const USER_PAGES: [&str; 10] = [
    "/",
    "/login",
    "/register",
    "/forgot",
    "/setup",
    "/unsubscribe/{token}",
    "/dashboard",
    "/notifications",
    "/settings",
    "/settings/{page}",
];

/// The pages of the administrators' panel: `web/src/admin`.
const ADMIN_PAGES: [&str; 2] = ["/admin", "/admin/{*page}"];

/// The files whose names have a hash of their content in them.
const ASSETS: &str = "/assets/{file}";

/// The routes of pages and files. They are for people, and therefore not in the API's document.
pub(crate) fn routes() -> Router {
    let mut router = Router::new().route(ASSETS, get(asset::asset));
    for path in asset::at_the_root() {
        router = router.route(path, get(asset::asset));
    }
    for path in user_pages() {
        router = router.route(path, get(page::user));
    }
    for path in ADMIN_PAGES {
        router = router.route(path, get(page::admin));
    }
    router
}

/// The patterns of ALL routes here.
pub(crate) fn patterns() -> impl Iterator<Item = &'static str> {
    user_pages().chain(ADMIN_PAGES).chain([ASSETS]).chain(asset::at_the_root())
}

fn user_pages() -> impl Iterator<Item = &'static str> {
    USER_PAGES.into_iter().chain(LinkPurpose::ALL.map(LinkPurpose::page))
}
