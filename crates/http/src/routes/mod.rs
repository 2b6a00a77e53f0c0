//! ALL routes: a file a verb, a folder a noun; path and method stand once, at the handler.

mod admin_alerts;
mod admin_audit;
mod admin_broadcasts;
mod admin_checks;
mod admin_examinations;
mod admin_invitations;
mod admin_jobs;
mod admin_keys;
mod admin_logs;
mod admin_mail;
mod admin_monitor;
mod admin_notifications;
mod admin_overview;
mod admin_pool;
mod admin_sessions;
mod admin_settings;
mod admin_users;
mod admin_webhooks;
mod auth;
#[cfg(feature = "faults")]
mod faults;
mod links;
mod me;
mod notifications;
mod notify;
mod setup;
mod stream;
mod system;

use axum::Router;
use galen_core::Code;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Anybody;
use crate::fault::Fault;
use crate::{openapi, panel};

pub(crate) use me::dto::{MeView, SignedInView};
pub(crate) use notifications::dto::NotificationView;

/// ALL routes and the document that describes them.
fn all() -> (Router, OpenApi) {
    let (api, document) =
        documented(OpenApiRouter::with_openapi(openapi::frame())).split_for_parts();
    let router = api.merge(panel::routes());
    #[cfg(feature = "faults")]
    let router = router.merge(faults::all());
    let router = router.fallback(not_found).method_not_allowed_fallback(method_not_allowed);
    (router, openapi::complete(document))
}

/// The routes of the API.
fn documented(router: OpenApiRouter) -> OpenApiRouter {
    let router = router
        .routes(routes!(auth::csrf::csrf))
        .routes(routes!(auth::register::register))
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::logout::logout))
        .routes(routes!(auth::logout_all::logout_all))
        .routes(routes!(auth::reauthenticate::reauthenticate))
        .routes(routes!(auth::verify::verify))
        .routes(routes!(auth::verify_email::verify_email))
        .routes(routes!(auth::resend_verification::resend_verification))
        .routes(routes!(auth::forgot::forgot))
        .routes(routes!(auth::reset::reset))
        .routes(routes!(auth::confirm_email::confirm_email))
        .routes(routes!(auth::not_me::not_me))
        .routes(routes!(auth::accept_invitation::accept_invitation))
        .routes(routes!(links::unsubscribe::unsubscribe))
        .routes(routes!(me::read::read, me::change::change, me::delete::delete))
        .routes(routes!(me::password::password))
        .routes(routes!(me::email::email, me::ask_email::ask_email, me::cancel_email::cancel_email))
        .routes(routes!(me::security_log::security_log))
        .routes(routes!(me::export::export))
        .routes(routes!(me::preferences::preferences, me::set_preferences::set_preferences))
        .routes(routes!(me::push::push, me::subscribe::subscribe))
        .routes(routes!(me::end_push::end_push))
        .routes(routes!(me::sessions::sessions))
        .routes(routes!(me::end_session::end_session))
        .routes(routes!(notifications::list::list))
        .routes(routes!(stream::open::open))
        .routes(routes!(notifications::export::export))
        .routes(routes!(notifications::mark::mark_read))
        .routes(routes!(notifications::mark::archive))
        .routes(routes!(notifications::mark_seen::mark_seen))
        .routes(routes!(notifications::mark_all_read::mark_all_read))
        .routes(routes!(admin_notifications::publish::publish))
        .routes(routes!(admin_broadcasts::list::list))
        .routes(routes!(admin_broadcasts::preview::preview))
        .routes(routes!(admin_broadcasts::recall::recall))
        .routes(routes!(admin_keys::list::list, admin_keys::create::create))
        .routes(routes!(admin_keys::revoke::revoke))
        .routes(routes!(notify::send::send))
        .routes(routes!(notify::simple::simple))
        .routes(routes!(admin_users::list::list, admin_users::create::create))
        .routes(routes!(
            admin_users::read::read,
            admin_users::change::change,
            admin_users::delete::delete
        ))
        .routes(routes!(admin_users::export::export))
        .routes(routes!(admin_users::bulk::bulk))
        .routes(routes!(admin_sessions::list::list))
        .routes(routes!(admin_sessions::end::end))
        .routes(routes!(admin_sessions::end_many::end_many))
        .routes(routes!(admin_invitations::list::list, admin_invitations::send::send))
        .routes(routes!(admin_invitations::withdraw::withdraw))
        .routes(routes!(admin_mail::list::list))
        .routes(routes!(admin_mail::read::read, admin_mail::cancel::cancel))
        .routes(routes!(admin_mail::resend::resend))
        .routes(routes!(admin_mail::test::test))
        .routes(routes!(setup::complete::complete));
    for_operators(router)
        .routes(routes!(system::metrics::metrics))
        .routes(routes!(system::livez::livez))
        .routes(routes!(system::readyz::readyz))
        .routes(routes!(system::version::version))
        .routes(routes!(system::openapi::openapi))
        .routes(routes!(system::problem::problem))
        .routes(routes!(system::test_cors::test_cors))
}

/// Those for whoever runs the installation: what the monitor knows, and what it is told.
fn for_operators(router: OpenApiRouter) -> OpenApiRouter {
    router
        .routes(routes!(admin_overview::read::read))
        .routes(routes!(admin_audit::list::list))
        .routes(routes!(admin_audit::export::export))
        .routes(routes!(admin_settings::list::list))
        .routes(routes!(admin_jobs::list::list))
        .routes(routes!(admin_jobs::run::run))
        .routes(routes!(admin_monitor::health::health))
        .routes(routes!(admin_monitor::metrics::metrics))
        .routes(routes!(admin_monitor::series::series))
        .routes(routes!(admin_monitor::top::top))
        .routes(routes!(admin_monitor::errors::errors))
        .routes(routes!(admin_monitor::causes::causes))
        .routes(routes!(admin_monitor::slowest::slowest))
        .routes(routes!(admin_monitor::annotations::annotations))
        .routes(routes!(admin_monitor::history::history))
        .routes(routes!(admin_logs::list::list))
        .routes(routes!(admin_alerts::list::list))
        .routes(routes!(admin_alerts::past::past))
        .routes(routes!(admin_alerts::rules::rules))
        .routes(routes!(
            admin_alerts::change_rule::change_rule,
            admin_alerts::reset_rule::reset_rule
        ))
        .routes(routes!(admin_alerts::preview_rule::preview_rule))
        .routes(routes!(admin_alerts::silences::silences, admin_alerts::silence::silence))
        .routes(routes!(admin_alerts::end_silence::end_silence))
        .routes(routes!(admin_checks::list::list))
        .routes(routes!(admin_examinations::targets::targets))
        .routes(routes!(admin_examinations::list::list, admin_examinations::begin::begin))
        .routes(routes!(admin_examinations::read::read))
        .routes(routes!(admin_examinations::report::report))
        .routes(routes!(admin_examinations::cancel::cancel))
        .routes(routes!(admin_examinations::repair::repair))
        .routes(routes!(admin_pool::recycle::recycle))
        .routes(routes!(admin_webhooks::list::list, admin_webhooks::add::add))
        .routes(routes!(admin_webhooks::change::change, admin_webhooks::remove::remove))
        .routes(routes!(admin_webhooks::rotate::rotate))
        .routes(routes!(admin_webhooks::test::test))
        .routes(routes!(admin_webhooks::deliveries::deliveries))
}

/// The routes as they are served, and what is told of them.
pub(crate) struct Laid {
    /// Who answers what.
    pub(crate) router: Router,
    /// The document, as JSON.
    pub(crate) openapi: String,
    /// The patterns of ALL routes.
    pub(crate) patterns: Vec<String>,
}

/// Lays the routes, in a thread of its own: the document is megabytes of small objects that are
/// needed once, and the allocator gives back what belonged to a thread that has ended.
pub(crate) fn laid() -> Laid {
    let laid = std::thread::scope(|scope| scope.spawn(lay).join());
    laid.unwrap_or_else(|broken| std::panic::resume_unwind(broken))
}

fn lay() -> Laid {
    let (router, document) = all();
    let openapi = openapi::json(&document);
    let patterns = document.paths.paths.into_keys().chain(panel::patterns().map(str::to_owned));
    #[cfg(feature = "faults")]
    let patterns = patterns.chain(faults::PATHS.map(str::to_owned));
    Laid { router, openapi, patterns: patterns.collect() }
}

async fn not_found(_: Anybody) -> Fault {
    Fault::new(Code::NotFound)
}

async fn method_not_allowed(_: Anybody) -> Fault {
    Fault::new(Code::MethodNotAllowed)
}
