//! Query parameters: each known, each once, each of its type; the errors of all are told at once.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use galen_core::{Code, FieldError, PageRequest, Refusal, Seq, Tier, UnixMs};
use http::request::Parts;

use crate::fault::Fault;
use crate::time::{self, Time};

/// Rows a page has when nothing is said, and at the most.
const PAGE_ROWS: (u32, u32) = (20, 200);

/// How long a range is when nothing is said, in milliseconds.
const RANGE_MS: i64 = 3_600_000;

/// The longest range there may be anything in, in milliseconds: the coarsest windows are kept so long.
const RANGE_MAX_MS: i64 = Tier::Hour.keep_ms();

/// More parameters than any route has.
const PARAMETERS_MAX: usize = 32;

/// The query as it is taken apart: each taking removes a parameter, and what is left at the end is
/// unknown. Nothing of it may be used before [`Query::finish`] has said that all is well.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    wrong: Vec<FieldError>,
    is_malformed: bool,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.uri.query().map(Self::read).unwrap_or_default())
    }
}

impl Query {
    fn read(text: &str) -> Self {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decoded(name), decoded(value)) {
                (Some(name), Some(value)) if query.pairs.len() < PARAMETERS_MAX => {
                    query.pairs.push((name, value));
                }
                _ => query.is_malformed = true,
            }
        }
        query
    }

    /// A parameter as text. One that stands twice is wrong: readers disagree about which one counts
    /// (ASVS 5.0 15.3.7).
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let at = self.pairs.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.pairs.swap_remove(at);
        if self.pairs.iter().any(|(key, _)| key == name) {
            self.pairs.retain(|(key, _)| key != name);
            self.refuse(name, Code::FieldType, "The parameter stands twice.");
            return None;
        }
        Some(value)
    }

    /// A parameter as an identifier, or anything else that is read from a text.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &'static str, wanted: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.refuse(name, Code::FieldType, wanted);
        }
        parsed
    }

    /// A parameter that is `true` or `false`; `false` when it is not there.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        self.parsed(name, "Expected true or false.").unwrap_or(false)
    }

    /// `after` and `limit`.
    pub(crate) fn page(&mut self) -> PageRequest {
        let after = self.parsed("after", "Expected the `next` of the page before.");
        PageRequest { after, limit: self.limit(PAGE_ROWS) }
    }

    /// `limit` of an ordinary page.
    pub(crate) fn rows(&mut self) -> u32 {
        self.limit(PAGE_ROWS)
    }

    /// A parameter that is a place in the order of what was published.
    pub(crate) fn place(&mut self, name: &'static str) -> Option<Seq> {
        let place: Option<i64> = self.parsed(name, "Expected a place: a whole number.");
        if place.is_some_and(|place| place < 0) {
            self.refuse(name, Code::FieldRange, "Expected a place: 0 or more.");
        }
        place.map(Seq)
    }

    /// `limit`: how many rows when nothing is said, and at the most.
    pub(crate) fn limit(&mut self, (usual, max): (u32, u32)) -> u32 {
        let limit = self.parsed("limit", "Expected a number.").unwrap_or(usual);
        if limit == 0 || limit > max {
            let detail = format!("Expected 1 to {max} rows.");
            self.refuse("limit", Code::FieldRange, &detail);
        }
        limit
    }

    /// A parameter that is a text of 1 to `max` characters without control characters.
    pub(crate) fn line(&mut self, name: &'static str, max: usize) -> Option<String> {
        let text = self.text(name)?;
        if !(1..=max).contains(&text.chars().count()) {
            let detail = format!("Expected 1 to {max} characters.");
            self.refuse(name, Code::FieldLength, &detail);
        } else if text.chars().any(char::is_control) {
            self.refuse(name, Code::FieldFormat, "Expected one line, without control characters.");
        }
        Some(text)
    }

    /// A parameter that must be there.
    pub(crate) fn required(&mut self, name: &'static str, max: usize) -> String {
        if !self.pairs.iter().any(|(key, _)| key == name) {
            self.refuse(name, Code::FieldRequired, Code::FieldRequired.fix());
        }
        self.line(name, max).unwrap_or_default()
    }

    /// A parameter that is one of a few words.
    pub(crate) fn word<T: Copy>(&mut self, name: &'static str, all: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = all.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
            let detail = format!("Expected one of {}.", words.join(", "));
            self.refuse(name, Code::FieldType, &detail);
        }
        found.map(|(_, value)| *value)
    }

    /// A parameter that is a moment: RFC 3339, or milliseconds since 1970.
    pub(crate) fn time(&mut self, name: &'static str) -> Option<UnixMs> {
        self.parsed::<Time>(name, time::WANTED).map(|time| time.0)
    }

    /// `from` and `until`; without them the hour up to now, or that up to `until`.
    pub(crate) fn range(&mut self, now: UnixMs) -> (UnixMs, UnixMs) {
        let from = self.time("from");
        let until = self.time("until").unwrap_or(now);
        let from = from.unwrap_or(until.plus_ms(-RANGE_MS));
        if until <= from {
            self.refuse("until", Code::FieldRange, "Expected a time after `from`.");
        } else if until.since_ms(from) > RANGE_MAX_MS {
            self.refuse("from", Code::FieldRange, "Expected a range of at most 400 days.");
        }
        (from, until)
    }

    /// All that is known was taken.
    pub(crate) fn finish(mut self) -> Result<(), Fault> {
        if self.is_malformed {
            let detail = "The query is not in the form name=value&…, percent-encoded UTF-8.";
            return Err(Refusal::new(Code::MalformedRequest).with_detail(detail).into());
        }
        for (name, _) in std::mem::take(&mut self.pairs) {
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            self.refuse(&name, Code::FieldUnknown, Code::FieldUnknown.fix());
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(Refusal::fields(self.wrong).into()) }
    }

    /// The parameter is wrong for a reason of the route's own.
    pub(crate) fn refuse(&mut self, name: &str, code: Code, detail: &str) {
        self.wrong.push(FieldError { pointer: name.to_owned(), code, detail: detail.to_owned() });
    }
}

/// Undoes percent-encoding and `+` (WHATWG URL, application/x-www-form-urlencoded); `None` when it is
/// not whole or not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Result<PageRequest, Vec<(String, Code)>> {
        let mut query = Query::read(text);
        let page = query.page();
        match query.finish() {
            Ok(()) => Ok(page),
            Err(fault) if fault.0.fields.is_empty() => Err(vec![(String::new(), fault.0.code)]),
            Err(fault) => Err(fault.0.fields.iter().map(|f| (f.pointer.clone(), f.code)).collect()),
        }
    }

    fn wrong(name: &str, code: Code) -> Result<PageRequest, Vec<(String, Code)>> {
        Err(vec![(name.to_owned(), code)])
    }

    #[test]
    fn a_page_is_read_or_everything_wrong_with_it_is_said() {
        assert_eq!(page("limit=7").map(|p| p.limit), Ok(7));
        assert_eq!(page("").map(|p| p.limit), Ok(20));
        assert_eq!(page("limit=0"), wrong("limit", Code::FieldRange));
        assert_eq!(page("limit=201"), wrong("limit", Code::FieldRange));
        assert_eq!(page("limit=x"), wrong("limit", Code::FieldType));
        assert_eq!(page("limit=1&limit=2"), wrong("limit", Code::FieldType));
        assert_eq!(page("after=0"), wrong("after", Code::FieldType));
        assert_eq!(page("offset=1"), wrong("offset", Code::FieldUnknown));
        assert_eq!(page("limit=%f"), wrong("", Code::MalformedRequest));
        assert_eq!(page("limit=%ff"), wrong("", Code::MalformedRequest));
        let both = page("limit=0&x=1").expect_err("two errors");
        assert_eq!(both.len(), 2);
    }
    fn range(text: &str) -> Result<(i64, i64), Vec<(String, Code)>> {
        let mut query = Query::read(text);
        let (from, until) = query.range(UnixMs(7_200_000));
        match query.finish() {
            Ok(()) => Ok((from.0, until.0)),
            Err(fault) => Err(fault.0.fields.iter().map(|f| (f.pointer.clone(), f.code)).collect()),
        }
    }

    #[test]
    fn a_range_is_the_last_hour_unless_something_else_is_said() {
        assert_eq!(range(""), Ok((3_600_000, 7_200_000)));
        assert_eq!(range("until=3600000"), Ok((0, 3_600_000)));
        assert_eq!(range("from=1970-01-01T01:30:00Z"), Ok((5_400_000, 7_200_000)));
        assert_eq!(range("from=7200000"), Err(vec![("until".to_owned(), Code::FieldRange)]));
        let long = Err(vec![("from".to_owned(), Code::FieldRange)]);
        assert_eq!(range("from=1960-01-01T00:00:00Z"), long);
        assert_eq!(range("from=yesterday"), Err(vec![("from".to_owned(), Code::FieldType)]));
    }
}
