//! JSON bodies: one object, in UTF-8, each key once, no key we do not know; errors point at the field.

use axum::extract::{FromRequest, FromRequestParts, Request};
use galen_core::{Code, Refusal};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::body;
use crate::caller::Anybody;
use crate::fault::Fault;

/// The request's body as a form. Forms say `#[serde(deny_unknown_fields)]`.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let anybody = Anybody::from_request_parts(&mut parts, state).await?;
        if !is_json(&parts.headers) {
            return Err(Fault::new(Code::UnsupportedMediaType));
        }
        let bytes = body::read(anybody.visit(), body).await?;
        Ok(Self(parse(&bytes)?))
    }
}

/// Whether the body is announced as JSON: `application/json`, in UTF-8 if a charset is named. A page
/// of another origin cannot send this type without a preflight (ASVS 5.0 3.5.2).
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(text) = only.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let is_type =
        parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_type
        && parts.all(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            match parameter.strip_prefix("charset=") {
                Some(charset) => charset.trim_matches('"') == "utf-8",
                None => true,
            }
        })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // An array would fill a form's fields by their order; only an object names them.
    if let Some(b'[' | b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n') =
        bytes.trim_ascii_start().first()
    {
        return match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => Err(Refusal::field("", Code::FieldType, "A JSON object is expected.")),
            Err(error) => Err(unreadable(&error)),
        };
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| explain(&error))?;
    json.end().map_err(|error| unreadable(&error))?;
    Ok(value)
}

/// What is wrong with the JSON itself; where, but not what, so that no secret is repeated.
fn unreadable(error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    Refusal::new(Code::MalformedJson)
        .with_detail(format!("The body is not valid JSON at line {line}, column {column}."))
}

/// What is wrong with a field. serde says it in English; its sentences are told apart by their first
/// words, which are the same in all its releases (serde::de::Error's provided methods).
fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let inner = error.inner();
    if inner.classify() != Category::Data {
        return unreadable(inner);
    }
    let words = inner.to_string();
    let at = pointer(error.path());
    if words.starts_with("duplicate field") {
        let (line, column) = (inner.line(), inner.column());
        let detail = format!("A key stands twice in one object, at line {line}, column {column}.");
        return Refusal::new(Code::MalformedJson).with_detail(detail);
    }
    let unknown = "unknown field `";
    if let Some(name) = quoted(&words, unknown, "`, expected")
        .or_else(|| quoted(&words, unknown, "`, there are no fields"))
    {
        // The path may or may not end in the key already, depending on where serde noticed it.
        let last = format!("/{}", escaped(&cut(name)));
        let whole = if at.ends_with(&last) { at } else { at + &last };
        return Refusal::field(whole, Code::FieldUnknown, Code::FieldUnknown.fix());
    }
    if let Some(name) = quoted(&words, "missing field `", "`") {
        let whole = format!("{at}/{}", escaped(name));
        return Refusal::field(whole, Code::FieldRequired, Code::FieldRequired.fix());
    }
    let detail = match (quoted(&words, "expected ", " at line"), words.split_once(", expected ")) {
        (Some(wanted), _) => format!("Expected {wanted}."),
        (None, Some((_, wanted))) => format!("Expected {wanted}."),
        (None, None) => {
            words.split_once(" at line").map_or(words.as_str(), |(words, _)| words).to_owned()
        }
    };
    Refusal::field(at, Code::FieldType, detail)
}

/// What stands between `begin` and the last `end` of `words`.
fn quoted<'a>(words: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let from = words.find(begin)? + begin.len();
    let rest = &words[from..];
    rest.rfind(end).map(|to| &rest[..to])
}

/// A name the client invented is repeated only in part.
fn cut(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The path as a JSON pointer (RFC 6901 §3).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&escaped(&cut(key))),
            Segment::Enum { variant } => pointer.push_str(&escaped(&cut(variant))),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::StrictObject;
    use http::HeaderValue;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[serde(rename = "email")]
        _email: String,
        #[serde(rename = "level", default)]
        _level: Option<galen_core::model::Level>,
        #[serde(rename = "ids", default)]
        _ids: Vec<galen_core::UserId>,
        #[serde(rename = "data", default)]
        _data: Option<StrictObject>,
    }

    fn refused(body: &str) -> (Code, String) {
        let refusal = parse::<Form>(body.as_bytes()).expect_err(body);
        let pointer = refusal.fields.first().map(|f| f.pointer.clone());
        let code = refusal.fields.first().map_or(refusal.code, |f| f.code);
        (code, pointer.unwrap_or_default())
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said_with_a_pointer() {
        let cases = [
            ("", Code::MalformedJson, ""),
            ("{", Code::MalformedJson, ""),
            ("{} x", Code::FieldRequired, "/email"),
            (r#"{"email":"a"} x"#, Code::MalformedJson, ""),
            (r#"{"email":"a","email":"b"}"#, Code::MalformedJson, ""),
            (r#"{"email":"a","data":{"k":1,"k":2}}"#, Code::MalformedJson, ""),
            (r#"{"email":"a","data":{"k":[{"z":1,"z":2}]}}"#, Code::MalformedJson, ""),
            ("{\"email\":\"\u{feff}\"", Code::MalformedJson, ""),
            (r#"["a@b"]"#, Code::FieldType, ""),
            (r#""text""#, Code::FieldType, ""),
            ("null", Code::FieldType, ""),
            ("nul", Code::MalformedJson, ""),
            ("{}", Code::FieldRequired, "/email"),
            (r#"{"email":1}"#, Code::FieldType, "/email"),
            (r#"{"email":null}"#, Code::FieldType, "/email"),
            (r#"{"email":["a@b","c@d"]}"#, Code::FieldType, "/email"),
            (r#"{"email":"a","user_id":"x"}"#, Code::FieldUnknown, "/user_id"),
            (r#"{"email":"a","a/b~c":1}"#, Code::FieldUnknown, "/a~1b~0c"),
            (r#"{"email":"a","level":"loud"}"#, Code::FieldType, "/level"),
            (r#"{"email":"a","ids":["x"]}"#, Code::FieldType, "/ids/0"),
            (r#"{"email":"a","data":[]}"#, Code::FieldType, "/data"),
        ];
        for (body, code, pointer) in cases {
            assert_eq!(refused(body), (code, pointer.to_owned()), "{body}");
        }
        assert!(parse::<Form>(b"{\"email\":\"\xff\"}").is_err());
        let deep = format!("{{\"email\":\"a\",\"data\":{}", "{\"a\":".repeat(100_000));
        assert_eq!(refused(&deep).0, Code::MalformedJson);
    }

    #[test]
    fn a_value_that_was_refused_is_not_repeated() {
        let refusal = parse::<Form>(br#"{"email":12345678}"#).expect_err("a refusal");
        assert_eq!(refusal.fields[0].detail, "Expected a string.");
    }

    #[test]
    fn only_json_in_utf_8_is_taken_for_json() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(value).expect("a value"));
            is_json(&headers)
        };
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;v=1"]
        {
            assert!(with(good), "{good}");
        }
        for bad in ["text/plain", "application/json; charset=latin1", "application/jsonx", ""] {
            assert!(!with(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
