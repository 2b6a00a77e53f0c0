//! ALL routes: a file a verb, a folder a noun; path and method stand once, at the handler.

mod admin_audit;
mod admin_notifications;
mod admin_sessions;
mod admin_users;
mod auth;
mod me;
mod notifications;
mod setup;
mod system;

use axum::Router;
use axum::routing::get;
use galen_core::Code;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Anybody;
use crate::fault::Fault;
use crate::openapi;

pub(crate) use me::dto::{MeView, SignedInView};

/// Pages and their files: for people, and therefore not in the API's document.
const PAGES: [&str; 5] = ["/", "/galen.css", "/setup", "/setup.css", "/setup.js"];

/// ALL routes and the document that describes them.
pub(crate) fn all() -> (Router, OpenApi) {
    let (api, document) = OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(auth::csrf::csrf))
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::logout::logout))
        .routes(routes!(auth::logout_all::logout_all))
        .routes(routes!(auth::reauthenticate::reauthenticate))
        .routes(routes!(auth::verify::verify))
        .routes(routes!(me::read::read, me::change::change, me::delete::delete))
        .routes(routes!(me::password::password))
        .routes(routes!(me::sessions::sessions))
        .routes(routes!(me::end_session::end_session))
        .routes(routes!(notifications::list::list))
        .routes(routes!(notifications::mark_read::mark_read))
        .routes(routes!(notifications::mark_all_read::mark_all_read))
        .routes(routes!(admin_notifications::publish::publish))
        .routes(routes!(admin_users::list::list, admin_users::create::create))
        .routes(routes!(
            admin_users::read::read,
            admin_users::change::change,
            admin_users::delete::delete
        ))
        .routes(routes!(admin_sessions::list::list))
        .routes(routes!(admin_sessions::end::end))
        .routes(routes!(admin_audit::list::list))
        .routes(routes!(setup::complete::complete))
        .routes(routes!(system::livez::livez))
        .routes(routes!(system::readyz::readyz))
        .routes(routes!(system::version::version))
        .routes(routes!(system::openapi::openapi))
        .routes(routes!(system::problem::problem))
        .routes(routes!(system::test_cors::test_cors))
        .split_for_parts();
    let router =
        api.merge(pages()).fallback(not_found).method_not_allowed_fallback(method_not_allowed);
    (router, openapi::complete(document))
}

fn pages() -> Router {
    let [home, home_style, setup, setup_style, setup_script] = PAGES;
    Router::new()
        .route(home, get(system::home::home))
        .route(home_style, get(system::home::style))
        .route(setup, get(setup::page::page))
        .route(setup_style, get(setup::page::style))
        .route(setup_script, get(setup::page::script))
}

/// The patterns of ALL routes.
pub(crate) fn patterns() -> Vec<String> {
    let documented = all().1.paths.paths.into_keys();
    documented.chain(PAGES.map(str::to_owned)).collect()
}

async fn not_found(_: Anybody) -> Fault {
    Fault::new(Code::NotFound)
}

async fn method_not_allowed(_: Anybody) -> Fault {
    Fault::new(Code::MethodNotAllowed)
}
