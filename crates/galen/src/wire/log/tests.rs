//! The log against what would forge, flood or give away: the same event, written and kept.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use galen_core::{LogLevel, LogLine, RequestId, UserId};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::kept::Keeper;
use super::*;

/// A writer that others can read.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Paper {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that was made of the events in `say`.
struct Made {
    human: String,
    json: String,
    lines: Vec<LogLine>,
}

impl Made {
    fn of(say: impl FnOnce()) -> Self {
        let (human, json) = (Paper::default(), Paper::default());
        let keeper: &'static Keeper = Box::leak(Box::new(Keeper::new()));
        let people = tracing_subscriber::fmt::layer().event_format(Human { colours: true });
        let programs = tracing_subscriber::fmt::layer().event_format(Json);
        let subscriber = tracing_subscriber::registry()
            .with(people.with_writer(human.clone()))
            .with(programs.with_writer(json.clone()))
            .with(Keep::new(keeper));
        tracing::subscriber::with_default(subscriber, say);
        Self { human: human.text(), json: json.text(), lines: taken(keeper) }
    }

    /// Every form, one after the other.
    fn all(&self) -> String {
        format!("{}{}{:?}", self.human, self.json, self.lines)
    }
}

fn taken(keeper: &Keeper) -> Vec<LogLine> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    keeper.hand_to(Box::new(move |line| sink.lock().unwrap().push(line)));
    lines.lock().unwrap().clone()
}

#[test]
fn nothing_from_outside_forges_a_line_or_acts_on_a_terminal() {
    let hostile = "a\u{1b}[31m\u{9b}1m\r\nERROR galen: forged\u{202e}b\u{2066}c\u{2028}d\u{7}\0";
    let made = Made::of(|| tracing::info!(origin = hostile, other = ?hostile, "{hostile}"));
    let [line] = made.lines.as_slice() else { panic!("{:?}", made.lines) };
    for text in [&made.human, &made.json, &line.message, &line.fields] {
        // Our own colours around the level are all that is left.
        let text = text.replace("\u{1b}[32m", "").replace("\u{1b}[0m", "");
        let text = text.trim_end_matches('\n');
        let acts = |c: char| c.is_control() || "\u{202e}\u{2066}\u{2028}".contains(c);
        assert!(!text.contains(acts), "{text:?}");
    }
    assert_eq!(made.human.lines().count(), 1);
    assert_eq!(made.json.lines().count(), 1);
    let object: Value = serde_json::from_str(&made.json).unwrap();
    let shown = "a\\u{1b}[31m\\u{9b}1m\\u{d}\\u{a}ERROR galen: forged";
    assert!(object["message"].as_str().unwrap().starts_with(shown), "{object}");
    assert!(line.message.starts_with(shown), "{line:?}");
}

#[test]
fn a_field_cannot_pass_for_another() {
    let made = Made::of(|| tracing::info!(origin = "x\" status=200 y=\"", "refused"));
    assert!(made.human.contains(r#"origin="x\" status=200 y=\"""#), "{}", made.human);
    assert_eq!(made.lines[0].status, None);
    let made = Made::of(|| tracing::info!(origin = "x\\\" status=200", "refused"));
    assert!(made.human.contains(r#"origin="x\\\" status=200""#), "{}", made.human);
}

#[test]
fn secrets_are_in_no_form_of_a_line() {
    let canary = "k7Xq-canary";
    let made = Made::of(|| {
        tracing::info!(
            password = canary,
            api_token = ?Some(canary),
            header = format!("Authorization: Bearer {canary}"),
            cookie = format!("__Host-galen_session={canary}"),
            url = format!("https://u:{canary}@db.example.org/x?a=1&token={canary}&b=2"),
            session_ms = 7_u64,
            "sign-in with password={canary} of {canary}@example.org"
        );
    });
    let all = made.all();
    assert!(!all.contains(canary), "{all}");
    let fields: Value = serde_json::from_str(&made.lines[0].fields).unwrap();
    assert_eq!(fields["session_ms"], 7, "a number is no secret");
    assert_eq!(fields["url"], "https://[redacted]@db.example.org/x?a=1&token=[redacted]&b=2");
}

#[test]
fn a_line_is_bounded_however_much_is_said() {
    let huge = "ž".repeat(1 << 20);
    let part = "x".repeat(1_500);
    let p = part.as_str();
    let made = Made::of(|| {
        tracing::info!(a = p, b = p, c = p, d = p, e = p, f = p, g = 1, "{huge}");
        tracing::info!(huge = ?huge, "debug");
    });
    let [first, second] = made.lines.as_slice() else { panic!() };
    assert!(first.message.len() <= said::TEXT_BYTES_MAX && first.message.ends_with(said::CUT));
    assert!(first.fields.len() <= 8 << 10, "{}", first.fields.len());
    let fields: Value = serde_json::from_str(&first.fields).unwrap();
    assert_eq!((&fields["cut"], &fields["g"]), (&true.into(), &1.into()));
    assert!(fields["a"].is_string() && fields["f"].is_null());
    assert!(second.fields.len() < said::TEXT_BYTES_MAX + 20, "{}", second.fields.len());
    assert!(made.human.len() + made.json.len() < 40 << 10);
}

#[test]
fn what_can_be_asked_for_is_picked_out_and_the_rest_is_kept_as_fields() {
    let request = RequestId::from_bytes([7; 16]);
    let user = UserId::from_bytes([8; 16]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let made = Made::of(|| {
        tracing::warn!(
            request_id = %request,
            user_id = %user,
            route = %"GET /api/me",
            status = 503_u16,
            code = "unavailable",
            trace_id = trace,
            wall_ms = 12_u64,
            "slow or failed request"
        );
        tracing::info!(trace_id = "not one", status = 99_999_u64, request_id = "x", "odd");
    });
    let line = &made.lines[0];
    assert_eq!((line.level, line.room.as_str()), (LogLevel::Warn, "galen"));
    assert_eq!((line.request_id, line.user_id), (Some(request), Some(user)));
    assert_eq!((line.route.as_deref(), line.status), (Some("GET /api/me"), Some(503)));
    assert_eq!(
        (line.code.as_deref(), line.trace_id.as_deref()),
        (Some("unavailable"), Some(trace))
    );
    assert_eq!(line.fields, r#"{"wall_ms":12}"#);
    assert!(line.at.0 > 0);
    let odd = &made.lines[1];
    assert_eq!((odd.status, odd.request_id, &odd.trace_id), (None, None, &None));
    assert_eq!(odd.fields, r#"{"request_id":"x","status":99999,"trace_id":"not one"}"#);
}

#[test]
fn what_is_said_before_the_monitor_is_there_waits_in_a_bounded_buffer() {
    let keeper: &'static Keeper = Box::leak(Box::new(Keeper::new()));
    let subscriber = tracing_subscriber::registry().with(Keep::new(keeper));
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..300 {
            tracing::info!(number, "early");
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let missed = keeper.hand_to(Box::new(move |line: LogLine| sink.lock().unwrap().push(line)));
        assert_eq!(missed, 44);
        tracing::info!("late");
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 257);
        assert_eq!(lines[0].fields, r#"{"number":0}"#);
        assert_eq!(lines[256].message, "late");
    });
}

#[test]
fn what_is_said_while_a_line_is_kept_is_not_kept() {
    let keeper: &'static Keeper = Box::leak(Box::new(Keeper::new()));
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    keeper.hand_to(Box::new(move |_| {
        *counted.lock().unwrap() += 1;
        tracing::error!("from within");
    }));
    let subscriber = tracing_subscriber::registry().with(Keep::new(keeper));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("one");
        tracing::info!("two");
    });
    assert_eq!(*count.lock().unwrap(), 2);
}
