//! The two pages, in the visitor's language and theme from the first byte on.

use axum::response::Response;
use bytes::Bytes;
use galen_account::RegistrationPolicy;
use galen_core::post::Language;
use http::HeaderValue;
use http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, VARY};

use super::asset;
use crate::answer;
use crate::app::App;
use crate::caller::Anybody;
use crate::cookie;

/// What a page of ours may do: scripts, styles, pictures and fonts of files of ours, calls to us, and
/// no script that was made from a text (Trusted Types, without any policy).
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; \
     base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()",
);
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const VARIES: HeaderValue = HeaderValue::from_static("Origin, Cookie, Accept-Language");

/// The cookies the panel keeps a choice in; neither is a secret.
const LANGUAGE_COOKIE: &str = "galen_lang";
const THEME_COOKIE: &str = "galen_theme";

/// A page of the user's panel.
pub(super) async fn user(by: Anybody, asked: HeaderMap) -> Response {
    page(by.app(), &asked, asset::USER)
}

/// A page of the administrators' panel. It has nothing in it that is not in the source: what it shows
/// it asks the API for, which asks who is asking.
pub(super) async fn admin(by: Anybody, asked: HeaderMap) -> Response {
    page(by.app(), &asked, asset::ADMIN)
}

fn page(app: &App, asked: &HeaderMap, (before, after): (&str, &str)) -> Response {
    let text = [before, &root(app, asked), after].concat();
    let mut response = answer::document("text/html; charset=utf-8", Bytes::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
    headers.insert(VARY, VARIES);
    if app.settings.secure_cookies() {
        // On plain HTTP browsers ignore it and complain.
        headers.insert(OPENER_POLICY, SAME_ORIGIN);
    }
    response
}

/// The root element, with all the page needs to know before it asks for anything.
fn root(app: &App, asked: &HeaderMap) -> String {
    let language = language(asked);
    let direction = if language == Language::Fa { "rtl" } else { "ltr" };
    let theme = match cookie::value(asked, THEME_COOKIE) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "system",
    };
    let policy = app.accounts.policy();
    let registration = match policy.registration {
        RegistrationPolicy::Open => "open",
        RegistrationPolicy::Invite => "invite",
        RegistrationPolicy::Closed => "closed",
    };
    let password_min = policy.password.min_chars;
    let yes_no = |is: bool| if is { "yes" } else { "no" };
    let session = yes_no(cookie::value(asked, app.cookies.name()).is_some());
    let secure = yes_no(app.settings.secure_cookies());
    let language = language.tag();
    format!(
        "<html lang=\"{language}\" dir=\"{direction}\" data-theme=\"{theme}\" \
         data-session=\"{session}\" data-secure=\"{secure}\" \
         data-registration=\"{registration}\" data-password-min=\"{password_min}\">"
    )
}

/// The language that was chosen; before that, the one the browser asks for.
fn language(asked: &HeaderMap) -> Language {
    let chosen = cookie::value(asked, LANGUAGE_COOKIE);
    let known = Language::ALL.into_iter().find(|language| chosen == Some(language.tag()));
    known.unwrap_or_else(|| {
        let header = asked.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Language::asked_for(header.unwrap_or_default())
    })
}
