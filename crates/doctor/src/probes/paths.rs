//! Which paths are asked: those given, else those of the OpenAPI document, else a few usual ones.

use serde_json::Value;

use super::http_client::{self, Limits, Outcome};
use super::scene::{Address, Scene};
use crate::evidence::{FactKey, Source, object, redact};

/// THE list of paths tried when none is given and no document lists any.
pub const USUAL: &[&str] = &[
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/test-cors",
    "/api/auth/csrf",
    "/api/me",
    "/api/notifications",
    "/",
];

/// A GET whose path contains one of these may change something or never end, and is left out.
const AVOIDED: &[&str] = &[
    "logout",
    "signout",
    "delete",
    "remove",
    "reset",
    "shutdown",
    "restart",
    "export",
    "download",
    "backup",
    "stream",
    "events",
    "subscribe",
    "sse",
    "ws",
    "socket",
    "docs",
    "redoc",
    "openapi",
];

/// The paths to examine and where they come from.
pub struct Chosen {
    /// The paths, at most as many as the caps allow.
    pub paths: Vec<String>,
    /// Whether the caller named them, so that none is dropped for answering 404.
    pub given: bool,
}

/// Chooses the paths.
pub async fn choose(scene: &Scene<'_>, address: &Address, limits: Limits) -> Chosen {
    let most = scene.target.caps.paths_max;
    if !scene.target.paths.is_empty() {
        let paths = scene.target.paths.iter().map(|path| with_slash(path)).take(most).collect();
        return Chosen { paths, given: true };
    }
    let document = format!("{}/openapi.json", address.prefix);
    let answer = http_client::get(address, &document, limits).await;
    let mut listed = match answer.outcome {
        Outcome::Status(200) => from_document(&answer.body),
        _ => Vec::new(),
    };
    if listed.is_empty() {
        listed = USUAL.iter().map(|path| (*path).to_owned()).collect();
    } else {
        // The usual ones first: they are the ones a report is about.
        listed.sort_by_key(|path| {
            USUAL.iter().position(|usual| usual == path).unwrap_or(USUAL.len())
        });
    }
    listed.truncate(most);
    Chosen { paths: listed, given: false }
}

/// Publishes the paths that were examined in the end.
pub fn publish(scene: &Scene<'_>, paths: &[String], given: bool) {
    let from = if given {
        "the command line"
    } else {
        "GET /openapi.json, or the usual paths where it lists none"
    };
    let source = Source::new("http", from, "galen doctor URL --path /a --path /b");
    let names: Vec<String> = paths.iter().map(|path| redact::text(path)).collect();
    scene.fact(FactKey::HttpPaths, object::TARGET, names, &source);
}

/// GET operations without path or required query parameters.
fn from_document(body: &[u8]) -> Vec<String> {
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let Some(paths) = document.get("paths").and_then(Value::as_object) else { return Vec::new() };
    paths
        .iter()
        .filter(|(path, item)| {
            is_plain(path) && item.get("get").is_some_and(|get| !needs_parameters(item, get))
        })
        .map(|(path, _)| path.clone())
        .collect()
}

fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let printable = path.starts_with('/')
        && path.len() <= 200
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    let avoided = lower.split(['/', '-', '_', '.']).any(|word| AVOIDED.contains(&word));
    printable && !path.contains(['{', '?', '#']) && !avoided
}

fn needs_parameters(item: &Value, get: &Value) -> bool {
    [item, get].iter().any(|of| {
        let parameters = of.get("parameters").and_then(Value::as_array);
        parameters.is_some_and(|all| {
            all.iter().any(|one| one.get("required") == Some(&Value::Bool(true)) && in_query(one))
        })
    })
}

fn in_query(parameter: &Value) -> bool {
    matches!(parameter.get("in").and_then(Value::as_str), Some("query" | "path"))
}

fn with_slash(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_harmless_gets_of_a_document_are_taken() {
        let document = serde_json::json!({"paths": {
            "/a": {"get": {}},
            "/b/{id}": {"get": {}},
            "/c": {"post": {}},
            "/d": {"get": {"parameters": [{"in": "query", "name": "q", "required": true}]}},
            "/e": {"get": {"parameters": [{"in": "query", "name": "q", "required": false}]}},
            "/auth/logout": {"get": {}},
            "/x\u{1b}y": {"get": {}},
        }});
        assert_eq!(from_document(document.to_string().as_bytes()), ["/a", "/e"]);
    }

    #[test]
    fn a_hostile_document_lists_nothing() {
        assert!(from_document(b"{\"paths\": 7}").is_empty());
        assert!(from_document(b"\xff\xfe").is_empty());
        assert!(from_document("[".repeat(100_000).as_bytes()).is_empty());
    }
}
