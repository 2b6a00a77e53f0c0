//! `galen logs`: what was logged, from the running server or from its history, and errors in groups.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::Args;
use galen_core::{Clock, LogAsk, LogLevel, LoggedLine, RequestId, TraceId, UnixMs, UserId};
use galen_monitor::{ErrorGroup, LogPage};
use serde_json::{Map, Value, json};

use crate::cli::{Common, place};
use crate::config::quantity::Lapse;
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::units;
use crate::wire::clock::{RealClock, rfc3339};
use crate::wire::control::Ask;
use crate::wire::control::client::Client;
use crate::wire::left_behind::LeftBehind;
use crate::wire::place::Place;

/// How many lines are asked for at once; a page of the longest lines still is one answer.
const PAGE: u32 = 500;
/// The most lines that are printed.
const LIMIT_MAX: i64 = 10_000;
/// How often a followed log is asked what came since.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// How far back errors are grouped when nothing else is said, in milliseconds.
const ERRORS_MS: i64 = 3_600_000;

/// Print the log that Galen keeps beside its database, newest last.
///
/// Asks the running server; when none runs, reads the history it left behind, without changing it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  galen logs --since 1h --level warn\n  galen logs --follow\n  \
                  galen logs --request 01900000-0000-7000-8000-000000000000\n  \
                  galen logs --since 2026-11-24T08:00:00Z --until 2026-11-24T09:00:00Z --route /api/me\n  \
                  galen logs --errors --since 1d\n  \
                  galen logs --json --limit 1000 | jq 'select(.status >= 500)'"
)]
pub struct Logs {
    /// From this moment on: a time ago (30m, 1h, 7d) or a moment (2026-11-24T08:00:00Z).
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<UnixMs>,
    /// Up to this moment, written alike.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "follow")]
    until: Option<UnixMs>,
    /// At least so important: trace, debug, info, warn or error.
    #[arg(long, value_parser = level)]
    level: Option<LogLevel>,
    /// With this problem code, such as auth.invalid_credentials.
    #[arg(long)]
    code: Option<String>,
    /// Of this route, with or without its method: /api/me, "GET /api/me".
    #[arg(long)]
    route: Option<String>,
    /// Of this user's requests.
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Of this request, as the X-Request-Id of its answer says.
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
    /// Of this trace (W3C Trace Context): 32 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    trace: Option<TraceId>,
    /// With this text in the message or the fields.
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// How many lines at the most: the newest ones.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=LIMIT_MAX))]
    limit: u32,
    /// Go on printing what comes.
    #[arg(long)]
    follow: bool,
    /// Print problems in groups by code and route, the most frequent first (of the last hour unless
    /// --since says otherwise).
    #[arg(long, conflicts_with_all = ["follow", "level", "user", "request", "trace", "grep"])]
    errors: bool,
    /// Print JSON: an object a line, or a list of groups.
    #[arg(long)]
    json: bool,
}

impl Logs {
    /// Prints it.
    pub fn run(self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let place = place(&loaded.config)?;
        if self.errors {
            return self.groups(&place);
        }
        let source = Source::open(&place)?;
        if self.follow && !matches!(source, Source::Server) {
            return Err(Failure::new("no server runs on this database, so nothing comes")
                .fix("start it with `galen serve`, or leave out --follow"));
        }
        let lines = self.newest(&source, &place)?;
        if lines.is_empty() && !self.follow && !self.json {
            self.say_that_there_is_nothing(&source);
        }
        lines.iter().for_each(|line| self.print(line));
        if self.follow {
            self.follow(&place, lines.last().map_or(0, |line| line.number));
        }
        Ok(Exit::Success)
    }

    fn ask(&self) -> LogAsk {
        LogAsk {
            from: self.since,
            until: self.until,
            level: self.level,
            code: self.code.clone(),
            route: self.route.clone(),
            user_id: self.user,
            request_id: self.request,
            trace_id: self.trace.map(|trace| trace.to_string()),
            text: self.grep.clone(),
            before: None,
            after: None,
            limit: PAGE,
        }
    }

    /// The newest lines that match, oldest first.
    fn newest(&self, source: &Source, place: &Place) -> Result<Vec<LoggedLine>, Failure> {
        let wanted = self.limit as usize;
        let mut ask = self.ask();
        let mut lines = Vec::new();
        while lines.len() < wanted {
            ask.limit = PAGE.min(u32::try_from(wanted - lines.len()).unwrap_or(PAGE));
            let page = source.page(place, ask.clone())?;
            lines.extend(page.lines);
            match page.next {
                Some(next) => ask.before = Some(next),
                None => break,
            }
        }
        lines.reverse();
        Ok(lines)
    }

    /// Prints what comes, until Ctrl-C. A server that stops is waited for: its restart is what one
    /// wants to see.
    fn follow(&self, place: &Place, mut after: i64) -> ! {
        let mut is_there = true;
        loop {
            let ask = LogAsk { after: Some(after), ..self.ask() };
            let page = Source::Server.page(place, ask);
            if page.is_ok() != is_there {
                is_there = page.is_ok();
                let says = page.as_ref().err().map_or(
                    "the server is there again",
                    |_| "the server does not answer; waiting for it",
                );
                terminal::note(says);
            }
            let lines = page.map(|page| page.lines).unwrap_or_default();
            for line in &lines {
                after = after.max(line.number);
                self.print(line);
            }
            // A full page has more behind it.
            if lines.len() < PAGE as usize {
                std::thread::sleep(FOLLOW_EVERY);
            }
        }
    }

    fn print(&self, line: &LoggedLine) {
        if self.json {
            let mut object = json!(line);
            object["fields"] = Value::Object(fields(line));
            terminal::line(object);
        } else {
            terminal::line(shown(line));
        }
    }

    fn is_narrow(&self) -> bool {
        let LogAsk { from, until, level, code, route, user_id, request_id, trace_id, text, .. } =
            self.ask();
        from.is_some()
            || until.is_some()
            || level.is_some()
            || [code, route, trace_id, text].iter().any(Option::is_some)
            || user_id.is_some()
            || request_id.is_some()
    }

    fn say_that_there_is_nothing(&self, source: &Source) {
        let says = match source {
            _ if self.is_narrow() => "no line matches: widen --since, or leave a filter out",
            Source::Server => "nothing was logged yet",
            Source::LeftBehind(None) => "nothing was kept yet: `galen serve` keeps its log",
            Source::LeftBehind(Some(_)) => "the history holds no line",
        };
        terminal::note(says);
    }

    /// Prints errors in groups.
    fn groups(&self, place: &Place) -> Result<Exit, Failure> {
        let until = self.until.unwrap_or_else(|| RealClock::new().now().plus_ms(1));
        let from = self.since.unwrap_or_else(|| until.plus_ms(-ERRORS_MS));
        let mut groups = Source::open(place)?.errors(place, from, until)?;
        groups.retain(|group| {
            let is_route = |route: &String| {
                group.route == *route
                    || group.route.split_once(' ').is_some_and(|(_, path)| path == route)
            };
            self.code.as_ref().is_none_or(|code| group.code == *code)
                && self.route.as_ref().is_none_or(is_route)
        });
        groups.truncate(self.limit as usize);
        if self.json {
            terminal::line(format_args!("{:#}", json!(groups)));
        } else if groups.is_empty() {
            terminal::note(format_args!("no errors since {}", rfc3339(from)));
        } else {
            let head = ["code", "route", "count", "last", "request"];
            terminal::table(&head, groups.iter().map(row).collect());
        }
        Ok(Exit::Success)
    }
}

/// Where the log is read.
enum Source {
    /// The running server.
    Server,
    /// The history of one that does not run, if there is any.
    LeftBehind(Option<LeftBehind>),
}

impl Source {
    fn open(place: &Place) -> Result<Self, Failure> {
        if Client::connect(place)?.is_some() {
            return Ok(Self::Server);
        }
        LeftBehind::open(place).map(Self::LeftBehind)
    }

    fn page(&self, place: &Place, ask: LogAsk) -> Result<LogPage, Failure> {
        match self {
            Self::Server => server(place)?.ask(&Ask::Logs { ask }),
            Self::LeftBehind(Some(history)) => history.logs(ask),
            Self::LeftBehind(None) => Ok(LogPage { lines: Vec::new(), next: None }),
        }
    }

    fn errors(
        &self,
        place: &Place,
        from: UnixMs,
        until: UnixMs,
    ) -> Result<Vec<ErrorGroup>, Failure> {
        match self {
            Self::Server => server(place)?.ask(&Ask::Errors { from, until }),
            Self::LeftBehind(Some(history)) => history.errors(from, until),
            Self::LeftBehind(None) => Ok(Vec::new()),
        }
    }
}

fn server(place: &Place) -> Result<Client, Failure> {
    Client::connect(place)?.ok_or_else(|| Failure::new("the server has stopped meanwhile"))
}

fn row(group: &ErrorGroup) -> Vec<String> {
    let sample = group.sample.as_ref();
    vec![
        group.code.clone(),
        group.route.clone(),
        group.count.to_string(),
        group.last_at.map_or_else(|| "before this run".to_owned(), rfc3339),
        sample.map_or_else(String::new, |sample| sample.request_id.clone()),
    ]
}

/// A line for people.
fn shown(line: &LoggedLine) -> String {
    let LoggedLine { line: kept, .. } = line;
    let mut fields = fields(line);
    let wall_ms = fields.remove("wall_ms").and_then(|wall| wall.as_u64());
    let style = style_of(kept.level);
    let level = kept.level.text().to_uppercase();
    let (room, message) = (terminal::plain(&kept.room), terminal::plain(&kept.message));
    let mut text = format!("{} {style}{level:5}{style:#} {room}: {message}", moment_shown(kept.at));
    let status = kept.status.map(|status| status.to_string());
    // Whole milliseconds are logged: of less there are none.
    let wall = wall_ms.map(|ms| match ms {
        0 => "<1 ms".to_owned(),
        1..1_000 => format!("{ms} ms"),
        _ => units::time(ms.saturating_mul(1_000_000)),
    });
    for part in [kept.route.clone(), status, wall, kept.code.clone()].into_iter().flatten() {
        text.push(' ');
        text.push_str(&terminal::plain(&part));
    }
    let named = [
        ("request", kept.request_id.map(|id| id.to_string())),
        ("user", kept.user_id.map(|id| id.to_string())),
        ("trace", kept.trace_id.clone()),
    ];
    let dim = Style::new().dimmed();
    let named = named.into_iter().filter_map(|(name, id)| Some((name.to_owned(), id?.into())));
    for (name, value) in fields.into_iter().chain(named) {
        let value = match &value {
            Value::String(said) if !said.contains([' ', '=', '"']) => said.clone(),
            other => other.to_string(),
        };
        let (name, value) = (terminal::plain(&name), terminal::plain(&value));
        text.push_str(&format!(" {dim}{name}={value}{dim:#}"));
    }
    text
}

fn fields(line: &LoggedLine) -> Map<String, Value> {
    serde_json::from_str(&line.line.fields).unwrap_or_default()
}

const fn style_of(level: LogLevel) -> Style {
    match level {
        LogLevel::Error => AnsiColor::Red.on_default().bold(),
        LogLevel::Warn => AnsiColor::Yellow.on_default(),
        LogLevel::Info => AnsiColor::Green.on_default(),
        LogLevel::Debug | LogLevel::Trace => Style::new().dimmed(),
    }
}

/// A moment to the millisecond, RFC 3339 in UTC.
fn moment_shown(at: UnixMs) -> String {
    let known = jiff::Timestamp::from_millisecond(at.0);
    known.map_or_else(|_| format!("{} ms", at.0), |at| format!("{at:.3}"))
}

fn level(text: &str) -> Result<LogLevel, String> {
    let wanted = text.to_lowercase();
    let known = LogLevel::ALL.into_iter().find(|level| level.text() == wanted);
    known.ok_or_else(|| "it is one of trace, debug, info, warn, error".to_owned())
}

/// A moment: so long ago, RFC 3339, or a date with or without a time, in UTC.
fn moment(text: &str) -> Result<UnixMs, String> {
    read_moment(text, RealClock::new().now())
}

fn read_moment(text: &str, now: UnixMs) -> Result<UnixMs, String> {
    if let Ok(ago) = text.parse::<Lapse>() {
        return Ok(now.plus_ms(-ago.as_signed_ms()));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(UnixMs(at.as_millisecond()));
    }
    let civil = text.parse::<jiff::civil::DateTime>();
    let at = civil.ok().and_then(|civil| jiff::tz::TimeZone::UTC.to_timestamp(civil).ok());
    at.map(|at| UnixMs(at.as_millisecond()))
        .ok_or_else(|| "say how long ago, `1h`, or when, `2026-11-24T08:00:00Z`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_core::LogLine;

    #[test]
    fn a_moment_is_a_time_ago_or_a_point_in_time() {
        let now = UnixMs(1_795_500_000_000);
        let read = |text| read_moment(text, now).map(|at| at.0);
        assert_eq!(read("1h 30m"), Ok(now.0 - 5_400_000));
        assert_eq!(read("2026-11-23T21:20:07Z"), Ok(1_795_468_807_000));
        assert_eq!(read("2026-11-23T22:20:07+01:00"), Ok(1_795_468_807_000));
        assert_eq!(read("2026-11-23 21:20:07"), Ok(1_795_468_807_000));
        assert_eq!(read("2026-11-23"), Ok(1_795_392_000_000));
        for wrong in ["", "now", "1", "-1h", "2026-13-01"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_says_what_one_looks_for_first_and_cannot_act_on_the_terminal() {
        let line = LoggedLine {
            number: 1,
            line: LogLine {
                at: UnixMs(1_795_468_807_123),
                level: LogLevel::Warn,
                room: "http".to_owned(),
                message: "slow\u{1b}[2J".to_owned(),
                code: Some("unavailable".to_owned()),
                route: Some("GET /api/me".to_owned()),
                status: Some(503),
                user_id: None,
                request_id: Some(RequestId::from_bytes([1; 16])),
                trace_id: None,
                fields: r#"{"wall_ms":1200,"why":"a b"}"#.to_owned(),
            },
        };
        let text = anstream::adapter::strip_str(&shown(&line)).to_string();
        let id = RequestId::from_bytes([1; 16]);
        assert_eq!(
            text,
            format!(
                "2026-11-23T21:20:07.123Z WARN  http: slow\\u{{1b}}[2J GET /api/me 503 1.20 s \
                 unavailable why=\"a b\" request={id}"
            )
        );
    }
}
