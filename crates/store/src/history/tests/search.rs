//! The search of the log: what it finds, how it pages, and that it goes through an index.

use galen_core::{History, LogAsk, LogLevel, RequestId, StoreError, UserId};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::super::log::Search;
use super::super::queries;
use super::*;

fn message(n: usize) -> String {
    match n {
        17 => "50% of C:\\disk_1 is full".to_owned(),
        18 => "50 per cent of C:/diskA1 is full".to_owned(),
        _ => format!("Answered number {n}"),
    }
}

/// A hundred lines a second apart: every tenth is a warning, every fourth has a code.
fn lines() -> Vec<LogLine> {
    let one = |n: usize| LogLine {
        code: (n.is_multiple_of(4)).then(|| "auth.invalid_credentials".to_owned()),
        route: (n.is_multiple_of(2))
            .then(|| format!("{} /api/me", if n.is_multiple_of(6) { "PUT" } else { "GET" })),
        user_id: Some(UserId::from_bytes([(n % 5) as u8; 16])),
        request_id: Some(RequestId::from_bytes([n as u8; 16])),
        trace_id: Some(format!("{:032x}", n + 1)),
        fields: format!("{{\"key\":\"VALUE-{n}\"}}"),
        ..line(
            begin().plus_ms(n as i64 * 1_000),
            if n.is_multiple_of(10) { LogLevel::Warn } else { LogLevel::Info },
            &message(n),
        )
    };
    (0..100).map(one).collect()
}

async fn found(history: &SqliteHistory, ask: LogAsk) -> Vec<i64> {
    let lines = history.logs(ask).await.unwrap();
    lines.iter().map(|one| one.line.at.since_ms(begin()) / 1_000).collect()
}

#[tokio::test]
async fn lines_are_found_by_each_of_their_marks_and_by_all_together() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    history.append(logs(lines())).await.unwrap();
    let second = |n: i64| begin().plus_ms(n * 1_000);
    let (from, until) = (Some(second(3)), Some(second(6)));
    assert_eq!(found(&history, LogAsk { from, until, ..any_log() }).await, [5, 4, 3]);
    let warnings = LogAsk { level: Some(LogLevel::Warn), ..any_log() };
    assert_eq!(found(&history, LogAsk { until, ..warnings.clone() }).await, [0]);
    assert_eq!(found(&history, warnings).await.len(), 10);
    let errors = LogAsk { level: Some(LogLevel::Error), ..any_log() };
    assert_eq!(found(&history, errors).await, [] as [i64; 0]);
    let code = Some("auth.invalid_credentials".to_owned());
    let coded = LogAsk { code, from: Some(second(90)), ..any_log() };
    assert_eq!(found(&history, coded).await, [96, 92]);
    let route = |route: &str| LogAsk { route: Some(route.to_owned()), until, ..any_log() };
    assert_eq!(found(&history, route("/api/me")).await, [4, 2, 0]);
    assert_eq!(found(&history, route("GET /api/me")).await, [4, 2]);
    assert_eq!(found(&history, route("/api")).await, [] as [i64; 0]);
    let request_id = Some(RequestId::from_bytes([42; 16]));
    assert_eq!(found(&history, LogAsk { request_id, ..any_log() }).await, [42]);
    let trace_id = Some(format!("{:032x}", 43));
    assert_eq!(found(&history, LogAsk { trace_id, ..any_log() }).await, [42]);
    let user_id = Some(UserId::from_bytes([3; 16]));
    assert_eq!(
        found(&history, LogAsk { user_id, until: Some(second(9)), ..any_log() }).await,
        [8, 3]
    );
    let all = LogAsk {
        user_id: Some(UserId::from_bytes([2; 16])),
        request_id,
        level: Some(LogLevel::Info),
        text: Some("answered".to_owned()),
        ..route("/api/me")
    };
    assert_eq!(found(&history, LogAsk { until: None, ..all.clone() }).await, [42]);
    assert_eq!(found(&history, all).await, [] as [i64; 0], "not in that time");
}

#[tokio::test]
async fn a_text_is_found_in_message_and_fields_whatever_its_case_and_signs() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    history.append(logs(lines())).await.unwrap();
    for (text, seconds) in [
        ("aNSWERED NUMBER 42", vec![42]),
        ("value-42\"", vec![42]),
        ("50%", vec![17]),
        ("c:\\disk_1", vec![17]),
        ("disk", vec![18, 17]),
        ("%", vec![17]),
        ("' OR 1=1 --", vec![]),
    ] {
        let asked = LogAsk { text: Some(text.to_owned()), ..any_log() };
        assert_eq!(found(&history, asked).await, seconds, "{text}");
    }
}

#[tokio::test]
async fn pages_go_back_with_before_and_forward_with_after() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    history.append(logs(lines())).await.unwrap();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = history.logs(LogAsk { before, limit: 30, ..any_log() }).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        seen.extend(page.into_iter().map(|one| one.number));
    }
    assert_eq!(seen.len(), 100);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "each once, newest first");
    let after = Some(seen[3]);
    let since = history.logs(LogAsk { after, ..any_log() }).await.unwrap();
    let numbers: Vec<i64> = since.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [seen[2], seen[1], seen[0]], "oldest first");
}

#[tokio::test]
async fn lines_written_while_the_clock_was_set_back_are_found_by_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    let at = |n: i64| begin().plus_ms(n * 1_000);
    let written = [1, 2, 3, 9, 4, 5].map(|n| line(at(n), LogLevel::Info, "x")).to_vec();
    history.append(logs(written)).await.unwrap();
    let asked = LogAsk { from: Some(at(3)), until: Some(at(5)), ..any_log() };
    assert_eq!(found(&history, asked).await, [4, 3]);
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_given_up_and_says_to_narrow_the_range() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let history = open(&path);
    history.append(logs(lines())).await.unwrap();
    history.close();
    let history = open_with(HistorySettings { read_patience_ms: 0, ..HistorySettings::at(&path) });
    let asked = LogAsk { text: Some("nowhere".to_owned()), ..any_log() };
    // No line matches, so it is SQLite itself that is interrupted, or finds the end before its
    // first look: a hundred lines are less than a look's distance.
    assert_eq!(history.logs(asked).await, Ok(Vec::new()));
    let many: Vec<LogLine> = (0..10).flat_map(|_| lines()).collect();
    history.append(logs(many)).await.unwrap();
    let asked = LogAsk { text: Some("nowhere".to_owned()), ..any_log() };
    let refused = history.logs(asked).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooLate { .. }), "{refused:?}");
    assert!(refused.to_string().contains("narrow the range of time"), "{refused}");
    assert!(history.logs(any_log()).await.is_err(), "nor is a matching line read for long");
    history.append(logs(lines())).await.expect("a flush has all the time it needs");
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps
}

fn is_costly(step: &str) -> bool {
    step.starts_with("SCAN") || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
}

fn opened(folder: &Path) -> Connection {
    let path = folder.join("h");
    open(&path).close();
    let connection = Connection::open(path).unwrap();
    assert_eq!(connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true), Ok(true));
    connection
}

#[test]
fn each_search_goes_through_the_index_of_its_sharpest_mark_and_never_sorts() {
    let folder = tempfile::tempdir().unwrap();
    let connection = opened(folder.path());
    let (from, until) = (Some(begin()), Some(begin()));
    let text = Some("x".to_owned());
    let ask =
        || LogAsk { from, until, text: text.clone(), level: Some(LogLevel::Info), ..any_log() };
    let code = Some("c".to_owned());
    let route = Some("GET /x".to_owned());
    let user_id = Some(UserId::from_bytes([1; 16]));
    let request_id = Some(RequestId::from_bytes([1; 16]));
    let (after, level) = (Some(1), Some(LogLevel::Error));
    for (asked, way) in [
        (
            LogAsk { request_id, user_id, code: code.clone(), ..ask() },
            "logs_by_request (request_id=?",
        ),
        (
            LogAsk { user_id, code: code.clone(), route: route.clone(), ..ask() },
            "logs_by_user (user_id=?",
        ),
        (LogAsk { code: code.clone(), route: route.clone(), ..ask() }, "logs_by_code (code=?"),
        (LogAsk { code, after, ..ask() }, "logs_by_code (code=?"),
        (LogAsk { route, ..ask() }, "logs_by_path (path=?"),
        (LogAsk { level, ..ask() }, "logs_worse (number>? AND number<?"),
        (LogAsk { after, ..ask() }, "PRIMARY KEY (rowid>? AND rowid<?"),
        (ask(), "PRIMARY KEY (rowid>? AND rowid<?"),
    ] {
        let steps = plan(&connection, &Search::of(&asked, (1, 2)).sql);
        assert!(steps.iter().any(|step| step.contains(way)), "{way}: {steps:?}");
        assert!(!steps.iter().any(|step| is_costly(step)), "{way}: {steps:?}");
    }
    let bounds = plan(&connection, queries::LOG_BOUNDS.sql);
    assert!(bounds[0].contains("COVERING INDEX logs_by_at (at>? AND at<?)"), "{bounds:?}");
}

#[test]
fn no_statement_scans_but_those_that_read_a_few_rows_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let connection = opened(folder.path());
    // In the order of a key, cut after so many rows: a slice, a page, or a table of a few rows.
    let excused = [
        ("history.metrics", "SCAN metrics"),
        ("history.add_annotation", "SCAN CONSTANT ROW"),
        ("history.forget_oldest_objects", "SCAN objects USING COVERING INDEX objects_by_use"),
        ("history.drop_logs", "SCAN logs"),
        ("history.oldest_log", "SCAN logs"),
        ("history.drop_annotations", "SCAN annotations"),
        ("history.expire_alerts", "SCAN alerts USING COVERING INDEX alerts_closed"),
        ("history.drop_closed_alerts", "SCAN alerts USING COVERING INDEX alerts_closed"),
        ("history.drop_alerts", "SCAN alerts USING COVERING INDEX"),
        ("history.open_alerts", "SCAN alerts USING INDEX alerts_open"),
        ("history.tallies", "SCAN tallies"),
    ];
    for query in queries::ALL {
        for step in plan(&connection, query.sql).into_iter().filter(|step| is_costly(step)) {
            let known =
                excused.iter().any(|(name, way)| *name == query.name && step.starts_with(way));
            assert!(known, "{}: {step}", query.name);
        }
    }
}
