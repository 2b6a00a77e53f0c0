//! The OpenAPI document: generated from the routes, completed with what is true of every operation.

use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, Content, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr, Response, Server,
};
use utoipa::{PartialSchema, ToSchema};

use crate::cookie::LOOPBACK_NAME;
use crate::fault::{Problem, ProblemField};
use crate::routes;

/// The document as text, as `/openapi.json` answers it.
#[must_use]
pub fn openapi_json() -> String {
    routes::laid().openapi
}

pub(crate) fn json(document: &OpenApi) -> String {
    // A document of texts always serialises.
    document.to_pretty_json().unwrap_or_default()
}

/// What the document says of the whole, before the routes are added.
pub(crate) fn frame() -> OpenApi {
    let mut info = Info::new("Galen", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    info.license = Some(License::new("Apache-2.0"));
    let mut components = Components::new();
    components.schemas.insert("Problem".into(), Problem::schema());
    components.schemas.insert("ProblemField".into(), ProblemField::schema());
    let mut cookie = ApiKeyValue::new(LOOPBACK_NAME);
    cookie.description = Some(
        "The session. Over TLS its name is `__Host-galen_session`. Unsafe requests with it also \
         carry `X-CSRF-Token`, from `GET /api/auth/csrf`."
            .to_owned(),
    );
    let session = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    components.add_security_scheme("session", session);
    let metrics = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of `monitor.metrics_token_file`, for `/metrics` alone."))
        .build();
    components.add_security_scheme("metrics", SecurityScheme::Http(metrics));
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, `gk_…`: made by admins or with `galen keys add`."))
        .build();
    components.add_security_scheme("api_key", SecurityScheme::Http(key));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components))
        .build()
}

const DESCRIPTION: &str = "Accounts, sessions, notifications, and what the monitor knows. Every error is a problem document \
    (RFC 9457) with a stable `code` and the `request_id`; what a code means stands at \
    `/problems/{code}`. Times are RFC 3339 in UTC. Lists are keyset pages: pass `next` as `after`.";

/// Adds to every operation the refusals any request may meet, and says of each refusal that it is a
/// problem document.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(name(method, path));
            operation.summary = operation.summary.as_deref().map(|s| s.replace('\n', " "));
            refusals(method, operation);
        }
    }
    document
}

/// A name for clients that are generated: `delete_me_sessions_id` for `DELETE /api/me/sessions/{id}`.
fn name(method: &str, path: &str) -> String {
    let mut name = method.to_owned();
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "api");
    for word in words {
        name.push('_');
        name.push_str(word);
    }
    name
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", item.get.as_mut()),
        ("post", item.post.as_mut()),
        ("put", item.put.as_mut()),
        ("patch", item.patch.as_mut()),
        ("delete", item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

fn refusals(method: &str, operation: &mut Operation) {
    let mut owed = vec![
        ("400", "The request cannot be read."),
        ("500", "A fault on our side."),
        ("503", "Not just now; Retry-After says when."),
    ];
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let takes = |place: ParameterIn| {
        parameters.iter().any(|p| matches!(p, RefOr::T(p) if p.parameter_in == place))
    };
    if takes(ParameterIn::Path) {
        owed.push(("404", "There is no such thing."));
    }
    if takes(ParameterIn::Query) {
        owed.push(("422", "Parameters are not valid; `errors` names them."));
    }
    if operation.security.is_some() {
        owed.push(("401", "Nobody is signed in, or the session has ended."));
    }
    if operation.security.is_some() || method != "get" {
        owed.push(("403", "Whoever asks must not, or the request may be forged."));
    }
    if operation.request_body.is_some() {
        owed.extend([
            ("408", "The body took too long."),
            ("413", "The body is too large."),
            ("415", "The body is not announced as JSON."),
            ("422", "Fields are not valid; `errors` points at them."),
        ]);
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in owed {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| ResponseBuilder::new().description(description).build().into());
    }
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            say_problem(response);
        }
    }
}

fn say_problem(response: &mut Response) {
    let schema = Ref::from_schema_name(Problem::name());
    response
        .content
        .entry("application/problem+json".to_owned())
        .or_insert_with(|| Content::new(Some(schema)).into());
}
