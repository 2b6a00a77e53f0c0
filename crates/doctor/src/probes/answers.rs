//! What the first answer of an endpoint tells beyond its time: rows, length, and cookies.

use serde_json::Value;

use super::http_client::Exchange;
use super::scene::Scene;
use crate::evidence::{FactKey, Source, redact};

/// Nesting below which lists are looked for; deeper answers are rare and dear.
const DEPTH_MAX: u32 = 4;
/// Most cookies of one answer.
const COOKIES_MAX: usize = 16;

/// Publishes what the first answer of a path tells.
pub fn publish(scene: &Scene<'_>, path: &str, first: &Exchange) {
    let source =
        Source::new("http", format!("the first GET {path}"), format!("curl -si BASE{path}"));
    scene.fact(FactKey::HttpFirstMs, path, first.total_ms, &source);
    if let Some(rows) = rows(&first.body).filter(|_| first.status() == Some(200)) {
        scene.fact(FactKey::HttpBodyRows, path, rows, &source);
    }
    if let Some(length) = first.header("content-length").and_then(|text| text.parse::<u64>().ok()) {
        scene.fact(FactKey::HttpContentLength, path, length, &source);
    }
    if first.status().is_some() {
        scene.fact(FactKey::CookiesSet, path, cookies(first), &source);
    }
}

/// The Set-Cookie headers without their values, and with nothing that is not printable.
fn cookies(answer: &Exchange) -> Vec<String> {
    let of = answer.headers.get_all("set-cookie");
    of.iter()
        .take(COOKIES_MAX)
        .filter_map(|raw| raw.to_str().ok())
        .filter_map(|text| {
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, _) = pair.split_once('=')?;
            let without = format!("{}; {}", name.trim(), attributes.trim());
            Some(redact::printable(without.trim_end_matches([';', ' '])))
        })
        .collect()
}

/// The length of the longest list in a JSON answer.
fn rows(body: &[u8]) -> Option<usize> {
    let document: Value = serde_json::from_slice(body).ok()?;
    Some(longest(&document, DEPTH_MAX)).filter(|rows| *rows > 0)
}

fn longest(value: &Value, depth: u32) -> usize {
    let below = |value: &Value| if depth == 0 { 0 } else { longest(value, depth - 1) };
    match value {
        Value::Array(all) => all.len().max(all.first().map_or(0, below)),
        Value::Object(fields) => fields.values().map(below).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_longest_list() {
        assert_eq!(rows(br#"{"a": [1, 2], "b": {"c": [{"d": [1,2,3,4]}, 2, 3]}}"#), Some(4));
        assert_eq!(rows(b"[[1,2],[3]]"), Some(2));
        assert_eq!(rows(b"{}"), None);
        assert_eq!(rows(b"<html>"), None);
    }
}
