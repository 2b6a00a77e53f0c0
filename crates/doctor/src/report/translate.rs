//! A report's document in another language: every `text` is made anew of its code and parameters.

use galen_core::post::Language;
use serde_json::{Map, Value};

use crate::figure::Unit;
use crate::words::Code;
use crate::words::language::{fill, isolated, number_in, value_in};
use crate::{checks, repairs};

/// How deep a document is followed.
const DEPTH_MAX: usize = 24;

/// Puts every text of a document into a language. What was measured (`evidence`, `missing`) stays.
pub fn translate(document: &mut Value, language: Language) {
    if let Value::Object(fields) = document {
        for (name, value) in fields {
            if !matches!(name.as_str(), "evidence" | "missing" | "run") {
                walk(value, language, 0);
            }
        }
    }
}

fn walk(value: &mut Value, language: Language, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, language, depth + 1)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| walk(field, language, depth + 1));
            sentence(fields, language);
            titles(fields, language);
        }
        _ => {}
    }
}

/// A sentence, or a figure.
fn sentence(fields: &mut Map<String, Value>, language: Language) {
    let code = fields.get("code").and_then(Value::as_str).and_then(Code::by_name);
    let text = match (code, fields.get("params").and_then(Value::as_object)) {
        (Some(code), Some(params)) => {
            fill(code.text(language), |name, is_code| said(params.get(name)?, language, is_code))
        }
        (Some(code), None) => code.text(language).to_owned(),
        (None, _) if fields.contains_key("formula") => match figure(fields) {
            Some((value, unit)) => value_in(value, unit, language),
            None => return,
        },
        (None, _) => return,
    };
    fields.insert("text".to_owned(), Value::String(text));
}

fn figure(fields: &Map<String, Value>) -> Option<(f64, Unit)> {
    let unit = serde_json::from_value(fields.get("unit")?.clone()).ok()?;
    Some((fields.get("value")?.as_f64()?, unit))
}

/// A parameter in words; figures and words inside are translated already.
fn said(param: &Value, language: Language, is_code: bool) -> Option<String> {
    let text = param["text"].as_str()?.to_owned();
    let text = match param["kind"].as_str()? {
        "setting" => number_in(&text, language),
        "name" => text,
        _ => return Some(text),
    };
    // A grave accent would end the code span a sentence puts a name in.
    let text = text.replace('`', "'");
    Some(if is_code { text } else { isolated(text, language) })
}

/// Titles of causes and repairs, which are named by their numbers and names.
fn titles(fields: &mut Map<String, Value>, language: Language) {
    let find = |name: &str| fields.get(name).and_then(Value::as_str);
    let repair = find("repair").and_then(|id| repairs::ALL.iter().find(|one| one.id == id));
    let texts: Vec<(&str, Code)> = match (repair, find("cause").and_then(checks::by_name)) {
        (Some(repair), _) => {
            vec![("title", repair.title), ("risk", repair.risk), ("way_back", repair.undo)]
        }
        (None, Some(cause)) => vec![("title", cause.title)],
        (None, None) => return,
    };
    for (name, code) in texts {
        // What was applied names its title by the code.
        let is_text =
            |field: &&mut Value| field.as_str().is_some_and(|text| Code::by_name(text).is_none());
        if let Some(field) = fields.get_mut(name).filter(is_text) {
            *field = Value::String(code.text(language).to_owned());
        }
    }
}
