//! What is appended is there again, also after a restart, and as long as it is to be kept.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use galen_core::{
    AlertId, FrameAsk, History, HistoryBatch, KeptAlert, LogLevel, RequestId, StoreError, Tier,
    UnixMs, UserId,
};
use rusqlite::Connection;

use super::*;

fn everything(at: UnixMs) -> HistoryBatch {
    let full = LogLine {
        code: Some("auth.invalid_credentials".to_owned()),
        route: Some("POST /api/auth/login".to_owned()),
        status: Some(401),
        user_id: Some(UserId::from_bytes([7; 16])),
        request_id: Some(RequestId::from_bytes([8; 16])),
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        fields: "{\"wall_ms\":12}".to_owned(),
        ..line(at, LogLevel::Warn, "refused")
    };
    HistoryBatch {
        frames: vec![
            frame("http", at, (3, 20)),
            Frame { tier: Tier::Hour, ..frame("http", at, (0, 0)) },
        ],
        logs: logs(vec![line(at, LogLevel::Info, "plain"), full]).logs,
        annotations: vec![annotation(at, "started")],
        alerts: vec![alert(1, at)],
    }
}

#[tokio::test]
async fn everything_appended_is_read_again_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.db.history");
    let batch = everything(begin());
    let mut history = open(&path);
    assert_eq!(history.append(batch.clone()).await.unwrap().shed, []);
    for round in 0..2 {
        let fine = history.frames(ask(Tier::Fine, "http")).await.unwrap();
        let hour = history.frames(ask(Tier::Hour, "http")).await.unwrap();
        assert_eq!([fine, hour].concat(), batch.frames, "round {round}");
        let kept = history.logs(any_log()).await.unwrap();
        let mut lines: Vec<_> = kept.iter().map(|one| one.line.clone()).collect();
        lines.reverse();
        assert!(lines.iter().eq(batch.logs.iter().map(|(_, line)| line)), "{lines:?}");
        assert!(kept[0].number > kept[1].number, "newest first");
        let noted = history.annotations(begin(), begin().plus_ms(1)).await.unwrap();
        assert_eq!(noted, batch.annotations);
        assert_eq!(history.annotations(UnixMs(0), begin()).await.unwrap(), []);
        assert_eq!(history.alerts(None, 10).await.unwrap(), batch.alerts);
        let facts = history.facts().await.unwrap();
        assert_eq!(facts.reaches_to, [Some(begin()), None, Some(begin())]);
        assert_eq!((facts.newest, facts.log_lines), (facts.reaches_to, 2));
        assert_eq!((facts.size_bytes, facts.cap_bytes), (on_disk(&path), 256 << 20));
        history.close();
        assert!(matches!(history.facts().await, Err(StoreError::Lost(_))));
        history = open(&path);
    }
}

#[tokio::test]
async fn the_file_is_private_and_marked_as_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let history = open(&path);
    history.append(everything(begin())).await.unwrap();
    for file in ["h", "h-wal", "h-shm"] {
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    history.close();
    let connection = Connection::open(&path).unwrap();
    let number = |pragma: &str| -> i64 {
        connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
    };
    assert_eq!(number("application_id"), i64::from(super::super::HISTORY_APPLICATION_ID));
    assert_eq!((number("auto_vacuum"), number("user_version")), (2, 1));
}

#[tokio::test]
async fn a_window_that_is_there_is_replaced_and_frames_are_asked_by_range_object_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    let at = |n: i64| begin().plus_ms(n * 10_000);
    let all: Vec<Frame> = (0..10).map(|n| frame("http", at(n), (n as usize, 8))).collect();
    history.append(frames(all.clone())).await.unwrap();
    history.append(frames(vec![frame("other", at(3), (1, 1))])).await.unwrap();
    let replaced = frame("http", at(4), (2, 900));
    history.append(frames(vec![replaced.clone()])).await.unwrap();
    let asked = FrameAsk { from: at(3), until: at(6), ..ask(Tier::Fine, "http") };
    let found = history.frames(asked.clone()).await.unwrap();
    assert_eq!(found, [all[3].clone(), replaced.clone(), all[5].clone()]);
    let limited = FrameAsk { limit: 2, ..asked };
    assert_eq!(history.frames(limited).await.unwrap().len(), 2);
    let object: Arc<str> = "GET /api/7 ok".into();
    let of_one = FrameAsk { object: Some(object.clone()), ..ask(Tier::Fine, "http") };
    let found = history.frames(of_one.clone()).await.unwrap();
    let moments: Vec<_> = found.iter().map(|one| (one.at, one.points.len())).collect();
    assert_eq!(moments, [(at(8), 1), (at(9), 1)], "only windows that have it, only its point");
    assert_eq!(found[0].points[0], all[8].points[7]);
    let unknown = FrameAsk { object: Some("GET /nowhere ok".into()), ..of_one };
    assert_eq!(history.frames(unknown).await.unwrap(), []);
    assert_eq!(history.frames(ask(Tier::Fine, "unheard of")).await.unwrap(), []);
    let held = history.metrics(Tier::Fine, at(0), at(10)).await.unwrap();
    assert_eq!(held, ["http", "other"]);
    assert_eq!(history.metrics(Tier::Fine, at(4), at(10)).await.unwrap(), ["http"]);
    assert!(history.metrics(Tier::Minute, at(0), at(10)).await.unwrap().is_empty());
}

#[tokio::test]
async fn alerts_are_replaced_paged_and_open_until_they_are_told_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    let keep = |alerts: Vec<KeptAlert>| HistoryBatch { alerts, ..HistoryBatch::default() };
    let over = |n: u8, body: &str| KeptAlert {
        resolved_at: Some(begin()),
        body: body.to_owned(),
        ..alert(n, begin())
    };
    history.append(keep((1..=5).map(|n| alert(n, begin())).collect())).await.unwrap();
    let untold = over(2, "{\"told_resolved\":false}");
    let told = over(3, "{\"told_resolved\":true}");
    history.append(keep(vec![untold.clone(), told.clone(), over(4, "not JSON")])).await.unwrap();
    let open_ones = history.open_alerts().await.unwrap();
    assert_eq!(open_ones, [alert(1, begin()), untold, alert(5, begin())]);
    let page = history.alerts(None, 2).await.unwrap();
    let ids: Vec<AlertId> = page.iter().map(|one| one.id).collect();
    assert_eq!(ids, [AlertId::from_bytes([5; 16]), AlertId::from_bytes([4; 16])]);
    let next = history.alerts(Some(ids[1]), 2).await.unwrap();
    assert_eq!(next[0], told);
}

#[tokio::test]
async fn windows_annotations_and_alerts_go_when_their_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::new());
    let history = open_at(&folder.path().join("h"), &clock);
    let mut first = everything(begin());
    first.frames.push(Frame { tier: Tier::Minute, ..frame("http", begin(), (1, 1)) });
    first.alerts.push(KeptAlert { resolved_at: Some(begin()), ..alert(2, begin()) });
    history.append(first).await.unwrap();
    let reach = async |days_ms: i64| {
        let now = begin().plus_ms(days_ms);
        pass(&clock, now.since_ms(clock.now()));
        let receipt = history.append(frames(vec![frame("later", now, (1, 1))])).await.unwrap();
        assert_eq!(receipt.shed, [], "its time was over: that is no shedding");
        let mut counts = Vec::new();
        for tier in Tier::ALL {
            counts.push(history.frames(ask(tier, "http")).await.unwrap().len());
        }
        let noted = history.annotations(UnixMs(0), now).await.unwrap().len();
        (counts, noted, history.alerts(None, 10).await.unwrap().len())
    };
    let hours_6 = Tier::Fine.keep_ms();
    assert_eq!(reach(hours_6).await, (vec![1, 1, 1], 1, 2));
    assert_eq!(reach(hours_6 + 10_000).await, (vec![0, 1, 1], 1, 2));
    assert_eq!(reach(7 * DAY_MS + 60_000).await, (vec![0, 0, 1], 1, 2));
    assert_eq!(reach(400 * DAY_MS).await, (vec![0, 0, 1], 1, 2));
    assert_eq!(reach(400 * DAY_MS + 3_600_000).await, (vec![0, 0, 0], 0, 1), "one is not over");
}

#[tokio::test]
async fn log_lines_go_when_they_are_thirty_days_old() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::new());
    let history = open_at(&folder.path().join("h"), &clock);
    history.append(logs(vec![line(clock.now(), LogLevel::Error, "old")])).await.unwrap();
    for (days, kept) in [(29, 2), (2, 2)] {
        pass(&clock, days * DAY_MS);
        history.append(logs(vec![line(clock.now(), LogLevel::Info, "new")])).await.unwrap();
        let lines = history.logs(any_log()).await.unwrap();
        assert_eq!(lines.len(), kept, "after {days} days more");
    }
    let oldest = history.logs(any_log()).await.unwrap().pop().unwrap();
    assert_eq!(oldest.line.message, "new");
}

#[tokio::test]
async fn what_is_handed_over_again_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    // A flush that was kept although nobody waited for its end comes again, with what came since.
    let mut batch = everything(begin());
    history.append(batch.clone()).await.unwrap();
    batch.logs.extend(logs(vec![line(begin(), LogLevel::Info, "plain")]).logs);
    history.append(batch).await.unwrap();
    assert_eq!(history.logs(any_log()).await.unwrap().len(), 3, "an equal line is another one");
    assert_eq!(history.annotations(UnixMs(0), UnixMs(i64::MAX)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_years_ahead_for_ten_minutes_lets_go_of_some_hours_at_the_most() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::new());
    let history = open_at(&folder.path().join("h"), &clock);
    let mut first = everything(begin());
    first.frames.push(Frame { tier: Tier::Minute, ..frame("http", begin(), (1, 1)) });
    history.append(first).await.unwrap();
    pass(&clock, 3_600_000);
    let hour = begin().plus_ms(3_600_000);
    history.append(frames(vec![frame("http", hour, (1, 1))])).await.unwrap();
    for minute in 0..10 {
        pass(&clock, 60_000);
        let ahead = begin().plus_ms(3_000 * DAY_MS + minute * 60_000);
        history.append(frames(vec![frame("ahead", ahead, (1, 1))])).await.unwrap();
    }
    let kept = history.frames(ask(Tier::Fine, "http")).await.unwrap().len();
    assert_eq!(kept, 2, "an hour and ten minutes, and four hours ahead, are less than six");
    assert_eq!(history.frames(ask(Tier::Minute, "http")).await.unwrap().len(), 1);
    pass(&clock, 400 * DAY_MS);
    for _slice in 0..2 {
        history.append(frames(vec![frame("later", clock.now(), (1, 1))])).await.unwrap();
    }
    assert_eq!(history.frames(ask(Tier::Fine, "http")).await.unwrap().len(), 0, "it is caught up");
}

#[tokio::test]
async fn a_clock_set_back_loses_nothing_and_a_moment_before_1970_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder.path().join("h"));
    let ahead = begin().plus_ms(30 * DAY_MS);
    history.append(frames(vec![frame("http", ahead, (1, 4))])).await.unwrap();
    history.append(frames(vec![frame("http", begin(), (1, 4))])).await.unwrap();
    let found = history.frames(ask(Tier::Fine, "http")).await.unwrap();
    assert_eq!(found.iter().map(|one| one.at).collect::<Vec<_>>(), [begin(), ahead]);
    history.append(frames(vec![frame("early", UnixMs(-5), (1, 4))])).await.unwrap();
    let found = history.frames(ask(Tier::Fine, "early")).await.unwrap();
    assert_eq!(found[0].at, UnixMs(0));
}

#[tokio::test]
async fn a_reader_of_a_closed_file_writes_nothing_and_one_beside_a_server_sees_the_last_flush() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    assert!(SqliteHistory::open_read_only(&path).is_err(), "there is nothing to read yet");
    assert!(!path.exists());
    let history = open(&path);
    history.append(everything(begin())).await.unwrap();
    let beside = SqliteHistory::open_read_only(&path).unwrap();
    assert_eq!(beside.logs(any_log()).await.unwrap().len(), 2);
    history.append(logs(vec![line(begin(), LogLevel::Info, "third")])).await.unwrap();
    assert_eq!(beside.logs(any_log()).await.unwrap().len(), 3);
    beside.close();
    history.close();
    let bytes = std::fs::read(&path).unwrap();
    let alone = SqliteHistory::open_read_only(&path).unwrap();
    assert_eq!(alone.logs(any_log()).await.unwrap().len(), 3);
    assert_eq!(alone.frames(ask(Tier::Fine, "http")).await.unwrap().len(), 1);
    let refused = alone.append(everything(begin())).await;
    assert!(matches!(refused, Err(StoreError::Engine(_))), "{refused:?}");
    alone.close();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing was left beside it: {names:?}");
}

#[tokio::test]
async fn an_object_nobody_used_for_400_days_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let clock = Arc::new(HandClock::new());
    let history = open_at(&path, &clock);
    history.append(frames(vec![frame("http", begin(), (5, 4))])).await.unwrap();
    let late = begin().plus_ms(402 * DAY_MS);
    pass(&clock, 402 * DAY_MS);
    history.append(frames(vec![frame("http", late, (1, 4))])).await.unwrap();
    history.append(frames(vec![frame("http", late.plus_ms(10_000), (1, 4))])).await.unwrap();
    let found = history.frames(ask(Tier::Fine, "http")).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|one| &*one.points[0].0 == "GET /api/0 ok"));
    history.close();
    let connection = Connection::open(&path).unwrap();
    let names: i64 =
        connection.query_row("SELECT count(*) FROM objects", [], |r| r.get(0)).unwrap();
    assert_eq!(names, 1);
}
