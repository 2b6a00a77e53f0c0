//! The layout of a report's JSON as a JSON Schema (draft 2020-12), made from the lists it is made of.

use serde_json::{Map, Value, json};

use super::SCHEMA_VERSION;
use crate::evidence::FactKey;
use crate::words::Code;

/// The schema. It is kept in `docs/reference/report.schema.json`.
pub fn schema() -> Value {
    let sentences = list(of("Sentence"));
    let findings = list(of("Finding"));
    let mut whole = object(&[
        ("schema_version", json!({ "const": SCHEMA_VERSION })),
        ("outcome", words(&["healthy", "finding", "inconclusive", "repaired"])),
        ("exit_code", json!({ "type": "integer", "minimum": 0, "maximum": 4 })),
        ("run", of("Run")),
        ("thresholds", of("Thresholds")),
        ("headline", sentences.clone()),
        ("symptoms", list(of("Symptom"))),
        ("findings", findings.clone()),
        ("budgets", list(of("Budget"))),
        ("ruled_out", list(of("Excluded"))),
        ("open", list(of("Open"))),
        ("hygiene", findings),
        ("repairs", list(of("Offer"))),
        ("refused", sentences.clone()),
        ("never", list(text())),
        ("applied", list(of("Applied"))),
        ("remains", sentences),
        ("diff", maybe(of("Diff"))),
        ("evidence_sha256", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })),
        ("evidence", list(of("Fact"))),
        ("missing", list(of("Missing"))),
    ]);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A report of the doctor",
        "description": "Sentences are codes with typed parameters; `text` is the same in one language. \
                        Every number of a sentence says from which facts it comes and by which formula.",
        "$defs": definitions(),
    });
    if let (Value::Object(whole), Value::Object(head)) = (&mut whole, head) {
        whole.extend(head);
    }
    whole
}

fn definitions() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    let keys: Vec<Value> = FactKey::ALL.iter().map(|key| json!(key)).collect();
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| all.insert(name.to_owned(), schema);
    add("Code", words(&codes));
    add("FactKey", json!({ "enum": keys }));
    add("FactId", json!({ "type": "string", "pattern": "^E[0-9]+$" }));
    add("UnixMs", json!({ "type": "integer", "description": "Milliseconds since 1970 in UTC." }));
    add("Figure", figure(&[]));
    add(
        "Param",
        json!({ "anyOf": [
            figure(&[("kind", json!({ "const": "figure" }))]),
            object(&[("kind", json!({ "const": "name" })), ("text", text())]),
            object(&[("kind", json!({ "const": "setting" })), ("text", text())]),
            object(&[("kind", json!({ "const": "word" })), ("code", of("Code")), ("text", text())]),
        ]}),
    );
    let params = json!({ "type": "object", "additionalProperties": of("Param") });
    add(
        "Sentence",
        object(&[
            ("code", of("Code")),
            ("text", text()),
            ("params", params),
            ("evidence", list(of("FactId"))),
        ]),
    );
    circumstances(&mut add);
    verdicts(&mut add);
    repairs(&mut add);
    all.into()
}

fn figure(more: &[(&str, Value)]) -> Value {
    let units = ["ms", "percent", "bytes", "count", "id", "days", "plain"];
    let mut fields = vec![
        ("value", number()),
        ("unit", words(&units)),
        ("text", text()),
        ("formula", text()),
        ("evidence", list(of("FactId"))),
    ];
    fields.extend(more.iter().cloned());
    object(&fields)
}

fn circumstances(add: &mut impl FnMut(&str, Value) -> Option<Value>) {
    add(
        "Run",
        object(&[
            ("target", text()),
            ("started_at", of("UnixMs")),
            ("ended_at", of("UnixMs")),
            ("doctor_version", text()),
            ("command_line", text()),
            ("rights", maybe(text())),
            ("kernel", maybe(text())),
        ]),
    );
    add(
        "Thresholds",
        object(&[
            ("response_target_ms", number()),
            ("response_alert_ms", number()),
            ("query_target_ms", number()),
            ("error_rate_percent", number()),
            ("concurrency", whole()),
        ]),
    );
    add("Source", object(&[("probe", text()), ("from", text()), ("repeat", text())]));
    let kinds = ["int", "float", "text", "bool", "list", "samples", "counts"];
    add("Value", object(&[("kind", words(&kinds)), ("value", json!({}))]));
    add(
        "Fact",
        object(&[
            ("id", of("FactId")),
            ("key", of("FactKey")),
            ("object", text()),
            ("value", of("Value")),
            ("unit", text()),
            ("n", whole()),
            ("taken_at", of("UnixMs")),
            ("source", of("Source")),
        ]),
    );
    add("Missing", object(&[("key", of("FactKey")), ("object", text()), ("reason", text())]));
}

fn verdicts(add: &mut impl FnMut(&str, Value) -> Option<Value>) {
    add(
        "Symptom",
        object(&[
            ("object", text()),
            ("ailment", words(&["unreachable", "impostor", "failing", "slow"])),
            ("figure", maybe(of("Figure"))),
            ("path", text()),
        ]),
    );
    add(
        "Finding",
        object(&[
            ("cause", text()),
            ("title", maybe(text())),
            ("object", text()),
            ("grade", words(&["proven", "observed"])),
            ("says", of("Sentence")),
            ("share", maybe(of("Figure"))),
            ("explains", list(text())),
            ("chain", list(of("Sentence"))),
        ]),
    );
    let row = object(&[
        ("component", text()),
        ("time", of("Figure")),
        ("share", of("Figure")),
        ("note", maybe(of("Sentence"))),
    ]);
    add("Budget", object(&[("object", text()), ("total", of("Figure")), ("rows", list(row))]));
    add(
        "Excluded",
        object(&[
            ("cause", text()),
            ("title", text()),
            ("look_alike", flag()),
            ("by", of("Sentence")),
        ]),
    );
    add("Open", object(&[("cause", text()), ("title", text()), ("missing", list(of("Missing")))]));
    let known = list(object(&[("cause", text()), ("object", text())]));
    add(
        "Diff",
        object(&[
            ("outcome_before", text()),
            ("new", known.clone()),
            ("gone", known.clone()),
            ("same", known),
        ]),
    );
}

fn repairs(add: &mut impl FnMut(&str, Value) -> Option<Value>) {
    let action = json!({ "type": "object", "required": ["action"] });
    add(
        "Offer",
        object(&[
            ("repair", text()),
            ("title", text()),
            ("class", words(&["auto", "ask", "tell"])),
            ("cause", text()),
            ("how", maybe(of("Sentence"))),
            ("command", maybe(text())),
            ("predicted_effect", maybe(of("Sentence"))),
            ("risk", text()),
            ("way_back", text()),
            ("action", maybe(action.clone())),
        ]),
    );
    let receipt = object(&[
        ("changed", whole()),
        ("statement", text()),
        ("started_at", of("UnixMs")),
        ("ended_at", of("UnixMs")),
    ]);
    let results = ["proven", "undone", "without_effect", "unmeasured", "declined", "failed"];
    let fate = json!({
        "type": "object",
        "properties": { "result": words(&results), "reason": text() },
        "required": ["result"],
    });
    add(
        "Applied",
        object(&[
            ("repair", text()),
            ("title", of("Code")),
            ("cause", text()),
            ("action", action),
            ("foretold", maybe(whole())),
            ("receipt", maybe(receipt)),
            ("proof", maybe(of("Proof"))),
            ("fate", fate),
            ("at", of("UnixMs")),
        ]),
    );
    let state = object(&[("reached", flag()), ("says", of("Sentence"))]);
    let side = maybe(of("Figure"));
    let endpoint = object(&[
        ("path", text()),
        ("control", flag()),
        ("median_before", side.clone()),
        ("median_after", side.clone()),
        ("p95_before", side.clone()),
        ("p95_after", side.clone()),
        ("errors_before", side.clone()),
        ("errors_after", side),
        ("change_percent", maybe(number())),
        ("interval_percent", maybe(object(&[("low", number()), ("high", number())]))),
        ("effect", words(&["improved", "no_effect", "worse", "not_measured"])),
        ("status", words(&["resolved", "not_resolved", "not_measured", "was_healthy"])),
        ("says", of("Sentence")),
    ]);
    add(
        "Proof",
        object(&[
            ("state", maybe(state)),
            ("endpoints", list(endpoint)),
            ("unharmed", flag()),
            ("proven", flag()),
        ]),
    );
}

/// An object with exactly these fields.
fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn maybe(of: Value) -> Value {
    json!({ "anyOf": [of, { "type": "null" }] })
}

fn words(of: &[&str]) -> Value {
    json!({ "enum": of })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "number" })
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// Judges a document by the part of JSON Schema that is used above; the path of the first place that
/// does not fit.
#[cfg(test)]
pub(super) fn misfit(whole: &Value, schema: &Value, document: &Value, at: &str) -> Option<String> {
    let wrong = |says: &str| Some(format!("{at}: {says}"));
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        return misfit(whole, &whole["$defs"][name], document, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let misfits: Vec<Option<String>> =
            any.iter().map(|one| misfit(whole, one, document, at)).collect();
        return if misfits.contains(&None) { None } else { misfits.into_iter().flatten().next() };
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(document) { None } else { wrong("is none of the words") };
    }
    if !schema["const"].is_null() && schema["const"] != *document {
        return wrong("is not the constant");
    }
    let fits = match schema["type"].as_str() {
        Some("object") => document.is_object(),
        Some("array") => document.is_array(),
        Some("string") => document.is_string(),
        Some("number") => document.is_number(),
        Some("integer") => document.is_i64() || document.is_u64(),
        Some("boolean") => document.is_boolean(),
        Some("null") => document.is_null(),
        _ => true,
    };
    if !fits {
        return wrong("is of another type");
    }
    if let Some(required) = schema["required"].as_array() {
        let lacks = required.iter().filter_map(Value::as_str);
        if let Some(name) = lacks.into_iter().find(|name| document.get(name).is_none()) {
            return wrong(&format!("lacks {name}"));
        }
    }
    let fields = document.as_object().into_iter().flatten().filter(|_| fits);
    let inside = fields.filter_map(|(name, value)| {
        let place = format!("{at}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => Some(format!("{place}: is not known")),
            (Value::Null, Value::Null) => None,
            (Value::Null, other) => misfit(whole, other, value, &place),
            (known, _) => misfit(whole, known, value, &place),
        }
    });
    let items = document.as_array().into_iter().flatten().enumerate();
    let items = items
        .filter_map(|(nth, item)| misfit(whole, &schema["items"], item, &format!("{at}/{nth}")));
    inside.chain(items).next()
}
