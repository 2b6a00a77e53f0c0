//! The OpenAPI document is the truth about the routes, and no route in it is open by accident.

use galen_core::Secret;
use serde_json::{Value, json};

use crate::support::{TestApp, ok};

/// Operations that answer anybody with success. A new one is added here on purpose or not at all.
const PUBLIC: [&str; 7] = [
    "get /api/auth/csrf",
    "get /livez",
    "get /openapi.json",
    "get /problems/{code}",
    "get /readyz",
    "get /test-cors",
    "get /version",
];

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_answers_anybody_unless_it_is_listed() {
    let app = TestApp::with(|settings, _| {
        settings.metrics_token = Some(Secret::new("a token".to_owned()));
    })
    .await;
    app.canary().await;
    let mut client = app.client();
    let document = ok(client.get("/openapi.json").await, 200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let all = operations(&document);
    assert!(all.len() >= 50, "only {} operations", all.len());
    for (method, path, operation) in all {
        // Readiness is a matter of two seconds, and there are many operations.
        app.canary().await;
        let name = format!("{method} {path}");
        let concrete = path
            .replace("{id}", "0190163d-8694-739b-8d4a-5b3f4b1c2d3e")
            .replace("{code}", "auth.not_admin")
            .replace("{name}", "rows.sweep")
            .replace("{repair}", "checkpoint")
            .replace("{token}", "bm90aGluZw.news");
        for body in [None, Some(json!({})), Some(json!({"email": 1, "x": []}))] {
            let reply = client.send(&method.to_uppercase(), &concrete, &[], body).await;
            let is_public = PUBLIC.contains(&name.as_str());
            assert_eq!((200..300).contains(&reply.status), is_public, "{name}: {}", reply.status);
            assert!(reply.status < 500, "{name}: {}", reply.status);
            let wants_session = operation["security"].is_array();
            assert_eq!(reply.status == 401, wants_session, "{name}: {}", reply.status);
            let documented = &operation["responses"][reply.status.to_string()];
            assert!(documented.is_object(), "{name} answers {} undocumented", reply.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_says_what_it_is_and_every_refusal_is_a_problem() {
    let document: Value = serde_json::from_str(&galen_http::openapi_json()).expect("JSON");
    let mut ids = std::collections::HashSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{name} has no summary");
        let id = operation["operationId"].as_str().expect("an operation id");
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        for (status, response) in operation["responses"].as_object().expect("responses") {
            if status.as_str() >= "400" {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{name} {status}");
            }
        }
    }
    let text = document.to_string();
    for (at, _) in text.match_indices("#/components/schemas/") {
        let rest = &text[at + "#/components/schemas/".len()..];
        let name = &rest[..rest.find('"').expect("an end")];
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_is_explained_where_its_problem_points() {
    let app = TestApp::start().await;
    let mut client = app.client();
    for code in galen_core::Code::ALL {
        let reply = ok(client.get(&format!("/problems/{}", code.text())).await, 200);
        assert_eq!(reply.json()["title"], code.title());
    }
    ok(client.get("/problems/no.such").await, 404);
}
