//! `GET /api/admin/logs`: what the log says.

use galen_core::{Code, LogAsk, LogLevel, LoggedLine, RequestId, TraceId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;
use crate::extract::Query;
use crate::routes::admin_monitor::dto::{OBJECT_CHARS_MAX, object};
use crate::routes::me::dto::words;
use crate::time::Time;

/// Lines when nothing is said, and at the most.
const LINES: (u32, u32) = (100, 500);
/// The longest code and the longest text that can be looked for, in characters.
const CODE_CHARS_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 200;

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogPage)]
struct Lines<'a> {
    /// The lines, newest first; oldest first when asked for what came `after` a line.
    lines: Vec<LineView<'a>>,
    /// What to pass as `before` for the next page, when there may be one.
    next: Option<i64>,
}

/// One line of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
struct LineView<'a> {
    /// Its number; later lines have larger ones.
    number: i64,
    /// When.
    at: Time,
    /// How important.
    #[schema(schema_with = level_schema)]
    level: LogLevel,
    /// The part of the program that wrote it.
    room: &'a str,
    /// What happened.
    message: &'a str,
    /// The stable problem code, if there was one.
    code: Option<&'a str>,
    /// The matched route with its method.
    route: Option<&'a str>,
    /// The status answered.
    status: Option<u16>,
    /// Whose request.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// Which request.
    #[schema(value_type = Option<String>, format = "uuid")]
    request_id: Option<RequestId>,
    /// The trace it belongs to, 32 hexadecimal digits (W3C Trace Context).
    trace_id: Option<&'a str>,
    /// Everything else.
    #[schema(value_type = Object)]
    fields: Value,
}

fn level_schema() -> Schema {
    words(&LogLevel::ALL.map(LogLevel::text))
}

impl<'a> From<&'a LoggedLine> for LineView<'a> {
    fn from(logged: &'a LoggedLine) -> Self {
        let it = &logged.line;
        Self {
            number: logged.number,
            at: it.at.into(),
            level: it.level,
            room: &it.room,
            message: &it.message,
            code: it.code.as_deref(),
            route: it.route.as_deref(),
            status: it.status,
            user_id: it.user_id,
            request_id: it.request_id,
            trace_id: it.trace_id.as_deref(),
            fields: object(&it.fields),
        }
    }
}

/// Searches the log. What is given must all be so; without `from` it is all that is kept.
#[utoipa::path(get, path = "/api/admin/logs", tag = "monitor", security(("session" = [])), params(
    ("level" = Option<String>, Query, pattern = "^(trace|debug|info|warn|error)$", description = "At least so important."),
    ("code" = Option<String>, Query, max_length = 64, description = "With this problem code."),
    ("route" = Option<String>, Query, max_length = 300, description = "Of this route, with or without its method."),
    ("user_id" = Option<String>, Query, format = "uuid", description = "Of this user's requests."),
    ("request_id" = Option<String>, Query, format = "uuid", description = "Of this request."),
    ("trace_id" = Option<String>, Query, pattern = "^[0-9a-f]{32}$", description = "Of this trace (W3C Trace Context)."),
    ("text" = Option<String>, Query, max_length = 200, description = "With this text in the message or the fields; case does not matter for ASCII."),
    ("from" = Option<String>, Query, description = "From when on: RFC 3339, or milliseconds since 1970."),
    ("until" = Option<String>, Query, description = "Up to when."),
    ("before" = Option<i64>, Query, description = "The `next` of the page before."),
    ("after" = Option<i64>, Query, description = "Only what came after the line of this number, oldest first. Not together with `before`."),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "Lines; 100 if nothing is said."),
), responses(
    (status = 200, description = "A page.", body = Lines),
))]
pub(crate) async fn list(by: Admin, mut query: Query) -> Answer {
    let ask = ask(&mut query);
    query.finish()?;
    let page = by.app().monitor.logs(ask).await?;
    ok(&Lines { lines: page.lines.iter().map(Into::into).collect(), next: page.next })
}

fn ask(query: &mut Query) -> LogAsk {
    let ask = LogAsk {
        from: query.time("from"),
        until: query.time("until"),
        level: query.word("level", &LogLevel::ALL.map(|level| (level.text(), level))),
        code: query.line("code", CODE_CHARS_MAX),
        route: query.line("route", OBJECT_CHARS_MAX),
        user_id: query.parsed("user_id", "Expected a user's identifier."),
        request_id: query.parsed("request_id", "Expected a request's identifier."),
        trace_id: query
            .parsed("trace_id", "Expected a trace: 32 hexadecimal digits.")
            .map(|trace: TraceId| trace.to_string()),
        text: query.line("text", TEXT_CHARS_MAX),
        before: query.parsed("before", "Expected the number of a line."),
        after: query.parsed("after", "Expected the number of a line."),
        limit: query.limit(LINES),
    };
    if matches!((ask.from, ask.until), (Some(from), Some(until)) if until <= from) {
        query.refuse("until", Code::FieldRange, "Expected a time after `from`.");
    }
    if ask.before.is_some() && ask.after.is_some() {
        query.refuse("after", Code::FieldRange, "Expected either `before` or `after`.");
    }
    ask
}
