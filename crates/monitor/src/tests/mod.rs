//! The monitor as a whole, on a history in memory: what is recorded is found again.

pub(crate) mod shelf;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use galen_core::{
    Annotation, Clock, Ledger, LogAsk, LogLevel, LogLine, Phase, RequestId, RequestOutcome,
    RequestRecord, StatementRecord, Tier, UnixMs,
};
use galen_testkit::{HandClock, SeededEntropy};

use crate::point::Point;
use crate::{
    Metric, Monitor, MonitorParts, MonitorSettings, Series, SeriesAsk, Situation, Thrift, TopAsk,
    TopBy,
};
use shelf::Shelf;

const HOUR_MS: i64 = 3_600_000;
const OK: &str = "GET /api/me ok";

/// A monitor on a hand-moved clock and a history in memory.
struct Ground {
    clock: Arc<HandClock>,
    shelf: Arc<Shelf>,
    monitor: Arc<Monitor>,
    began: UnixMs,
}

impl Ground {
    fn new() -> Self {
        Self::with(MonitorSettings::default())
    }

    fn with(settings: MonitorSettings) -> Self {
        let (clock, shelf) = (Arc::new(HandClock::new()), Shelf::new());
        let monitor = start(&clock, &shelf, settings);
        Self { began: clock.now(), clock, shelf, monitor }
    }

    /// The process ends without a word, and another one goes on.
    async fn restart(&mut self) {
        self.monitor = start(&self.clock, &self.shelf, MonitorSettings::default());
        self.monitor.resume().await.unwrap();
    }

    fn request(&self, wall_ns: u64) {
        self.monitor.observer().request(&request(wall_ns, 200, None));
    }

    async fn pass(&self, ms: u32) {
        self.clock.advance_ms(ms);
        self.monitor.tick(Situation::default()).await.unwrap();
    }

    async fn series(&self, metric: Metric, object: &str, from: UnixMs) -> Series {
        let ask = SeriesAsk {
            metric: metric.text().to_owned(),
            object: Some(object.to_owned()),
            from,
            until: self.clock.now().plus_ms(1),
            step_ms: None,
        };
        self.monitor.series(ask).await.unwrap()
    }

    async fn count(&self) -> u64 {
        let series = self.series(Metric::HttpRequestNs, OK, self.began).await;
        series.whole.map_or(0, |whole| whole.count)
    }
}

fn start(clock: &Arc<HandClock>, shelf: &Arc<Shelf>, settings: MonitorSettings) -> Arc<Monitor> {
    Monitor::new(MonitorParts {
        history: Arc::clone(shelf) as Arc<dyn galen_core::History>,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(SeededEntropy::new(7)),
        settings,
    })
}

fn request(wall_ns: u64, status: u16, code: Option<&'static str>) -> RequestRecord {
    let ledger = Ledger::new();
    ledger.add(Phase::LockWait, wall_ns / 4 * 3);
    RequestRecord {
        request_id: RequestId::from_bytes([status as u8; 16]),
        trace: None,
        user_id: None,
        route: "/api/me",
        method: "GET",
        status,
        code,
        outcome: RequestOutcome::Answered,
        ledger: ledger.snapshot(wall_ns),
    }
}

fn statement(run_ns: u64) -> StatementRecord {
    StatementRecord {
        name: "user.by_id",
        wait_ns: 0,
        run_ns,
        rows: 3,
        scanned_rows: 0,
        pages: 2,
        failed: false,
    }
}

fn counts(shelf: &Shelf, tier: Tier) -> Vec<(i64, u64)> {
    let frames = shelf.all(tier, "http_request_ns");
    let points = frames.iter().flat_map(|f| f.points.iter().map(|(_, bytes)| (f.at.0, bytes)));
    points.map(|(at, bytes)| (at, Point::decode(bytes).unwrap().count)).collect()
}

#[tokio::test]
async fn minutes_and_hours_hold_what_their_windows_held_even_over_restarts() {
    let mut ground = Ground::new();
    let mut recorded = 0_u64;
    for window in 0..6 * 60 * 3 {
        for nth in 0..=(window % 3) {
            ground.request(1_000_000 + nth);
            recorded += 1;
        }
        ground.pass(10_000).await;
        // In the middle of minutes and hours.
        if window % 100 == 57 {
            ground.restart().await;
        }
    }
    let sum = |tier| counts(&ground.shelf, tier).iter().map(|(_, n)| n).sum::<u64>();
    let hours = counts(&ground.shelf, Tier::Hour);
    assert_eq!([sum(Tier::Fine), sum(Tier::Minute), sum(Tier::Hour)], [recorded; 3]);
    assert_eq!(counts(&ground.shelf, Tier::Minute).len(), 180);
    let began = ground.began.0;
    assert_eq!(hours, [0, 1, 2].map(|h| (began + h * HOUR_MS, recorded / 3)));
    assert_eq!(ground.count().await, recorded);
}

#[tokio::test]
async fn a_range_over_all_tiers_and_the_open_window_has_quantiles_within_two_per_cent() {
    let ground = Ground::new();
    let mut exact = Vec::new();
    for nth in 0..5_u64 * 60 * 6 + 3 {
        for each in 0..4_u64 {
            let wall_ns = 1_000_000 + (nth * 4 + each) * (nth * 4 + each) % 977 * 1_000_003;
            ground.request(wall_ns);
            exact.push(wall_ns);
        }
        ground.pass(10_000).await;
    }
    // Time lets go of the fine windows; what is asked for is found in the coarser tiers.
    ground.shelf.forget(Tier::Fine, ground.began.plus_ms(4 * HOUR_MS));
    ground.shelf.forget(Tier::Minute, ground.began.plus_ms(2 * HOUR_MS));
    for _ in 0..6 {
        ground.pass(10_000).await;
    }
    ground.request(77);
    exact.push(77);
    exact.sort_unstable();
    let series = ground.series(Metric::HttpRequestNs, OK, ground.began).await;
    let whole = series.whole.unwrap();
    assert_eq!(series.step_ms, HOUR_MS);
    assert_eq!(whole.count, exact.len() as u64);
    for (got, per_cent) in [(whole.p50, 50), (whole.p95, 95), (whole.p99, 99)] {
        let exact = exact[exact.len() * per_cent / 100] as f64;
        let got = got.unwrap();
        assert!((got - exact).abs() <= exact * 0.02, "{got} for {exact}");
    }
    assert_eq!(whole.max, *exact.last().unwrap() as f64);
    assert!((whole.min - 77.0).abs() <= 77.0 * 0.02, "{}", whole.min);
}

#[tokio::test]
async fn a_history_that_fails_is_written_later_and_what_waits_is_bounded() {
    let ground = Ground::new();
    ground.request(5);
    ground.pass(10_000).await;
    ground.shelf.fails.store(true, Ordering::SeqCst);
    for _ in 0..4 {
        ground.request(5);
        ground.clock.advance_ms(10_000);
        ground.monitor.tick(Situation::default()).await.unwrap_err();
    }
    ground.shelf.fails.store(false, Ordering::SeqCst);
    assert_eq!(ground.count().await, 5, "what waits is in the series");
    ground.request(5);
    assert_eq!(ground.count().await, 6, "the open window is in the series");
    ground.pass(10_000).await;
    assert_eq!(counts(&ground.shelf, Tier::Fine).len(), 6);
    assert_eq!(ground.count().await, 6);

    ground.shelf.fails.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        ground.request(5);
        ground.clock.advance_ms(10_000);
        ground.monitor.tick(Situation::default()).await.unwrap_err();
    }
    ground.shelf.fails.store(false, Ordering::SeqCst);
    ground.clock.advance_ms(10_000);
    let report = ground.monitor.tick(Situation::default()).await.unwrap();
    assert_eq!(report.lost_windows, 15, "six wait, the newest one among them");
    assert_eq!(ground.monitor.recorder().routes()[0].wall_ns.count, 26, "the sums stay whole");
}

#[tokio::test]
async fn windows_that_begin_in_the_same_ten_seconds_are_one_also_over_a_restart() {
    let mut ground = Ground::new();
    for ms in [2_000, 1_000, 3_000] {
        ground.request(5);
        ground.pass(ms).await;
    }
    ground.restart().await;
    ground.request(9);
    ground.pass(1_000).await;
    assert_eq!(counts(&ground.shelf, Tier::Fine), [(ground.began.0, 4)]);
    assert_eq!(ground.count().await, 4);
    for _ in 0..12 {
        ground.pass(10_000).await;
    }
    assert_eq!(counts(&ground.shelf, Tier::Minute), [(ground.began.0, 4)]);
}

#[tokio::test]
async fn hours_of_details_keep_their_sums_but_not_their_distribution() {
    let ground = Ground::new();
    for _ in 0..6 * 61 {
        ground.request(4_000);
        ground.pass(10_000).await;
    }
    let point = |tier, metric| {
        let frames = ground.shelf.all(tier, metric);
        Point::decode(&frames[0].points[0].1).unwrap()
    };
    let phase = point(Tier::Hour, "http_phase_ns");
    assert_eq!((phase.count, phase.sum, phase.cells.len()), (360, 360.0 * 3_000.0, 0));
    assert!(!point(Tier::Minute, "http_phase_ns").cells.is_empty());
    assert!(!point(Tier::Hour, "http_request_ns").cells.is_empty());
    assert!(ground.shelf.all(Tier::Fine, "http_phase_ns")[0].is_detail);
}

#[tokio::test]
async fn a_gap_is_a_gap() {
    let ground = Ground::new();
    ground.request(5);
    ground.pass(10_000).await;
    for _ in 0..3 {
        ground.pass(10_000).await;
    }
    ground.request(5);
    ground.pass(10_000).await;
    let series = ground.series(Metric::HttpRequestNs, OK, ground.began).await;
    let at: Vec<_> = series.steps.iter().map(|step| step.at.since_ms(ground.began)).collect();
    assert_eq!(at, [0, 40_000]);
    assert_eq!((series.unit.as_str(), series.kind.as_str()), ("ns", "histogram"));
    let nothing = ground.series(Metric::Problems, "x", ground.began).await;
    assert!(nothing.steps.is_empty() && nothing.whole.is_none());
}

#[tokio::test]
async fn errors_come_with_an_example_and_slow_requests_with_their_cause() {
    let ground = Ground::new();
    let observer = ground.monitor.observer();
    observer.statement(&statement(2_000_000));
    for _ in 0..3 {
        observer.request(&request(900_000, 401, Some("auth.not_signed_in")));
    }
    observer.request(&request(800_000_000, 500, Some("server.internal")));
    observer.request(&request(700_000_000, 200, None));
    ground.pass(10_000).await;
    observer.request(&request(1_000_000, 500, Some("server.internal")));
    let until = ground.clock.now().plus_ms(1);
    let errors = ground.monitor.errors(ground.began, until).await.unwrap();
    let seen: Vec<_> =
        errors.iter().map(|e| (e.code.as_str(), e.route.as_str(), e.count)).collect();
    let route = "GET /api/me";
    assert_eq!(seen, [("auth.not_signed_in", route, 3), ("server.internal", route, 2)]);
    let sample = errors[1].sample.clone().unwrap();
    assert_eq!((sample.status, sample.ledger.wall_ns), (500, 1_000_000), "the newest one");
    assert_eq!(errors[1].last_at, Some(ground.clock.now()));

    let causes = ground.monitor.causes(ground.began, until).await.unwrap();
    let seen: Vec<_> = causes.iter().map(|c| (c.route.as_str(), c.cause.as_deref())).collect();
    assert_eq!(seen, [("", Some("writer_lock")), (route, Some("writer_lock"))]);
    // 0.8 s and 1 ms failed, 0.7 s was slow; the quick 401s are neither.
    assert_eq!(causes[0].wall_ns, 1_501_000_000.0);
    assert!((causes[0].unexplained - 0.25).abs() < 1e-9);

    let top = TopAsk {
        metric: "http_request_ns".to_owned(),
        from: ground.began,
        until,
        by: TopBy::Count,
        limit: 2,
    };
    let rows = ground.monitor.top(top.clone()).await.unwrap();
    let objects: Vec<_> = rows.iter().map(|row| row.object.as_str()).collect();
    assert_eq!(objects, ["GET /api/me client_error", "GET /api/me server_error"]);
    let all = TopAsk { limit: 10, by: TopBy::Sum, ..top };
    let shares: f64 = ground.monitor.top(all).await.unwrap().iter().map(|row| row.share).sum();
    assert!((shares - 1.0).abs() < 1e-9);
}

#[tokio::test]
async fn unknown_metrics_and_backward_ranges_are_refused() {
    let ground = Ground::new();
    let ask = SeriesAsk {
        metric: "no_such".to_owned(),
        object: None,
        from: ground.began,
        until: ground.began,
        step_ms: None,
    };
    let refusal = ground.monitor.series(ask.clone()).await.unwrap_err();
    assert_eq!(refusal.code, galen_core::Code::NotFound);
    let backward = SeriesAsk { metric: "query_ns".to_owned(), ..ask };
    let refusal = ground.monitor.series(backward).await.unwrap_err();
    assert_eq!(refusal.code, galen_core::Code::InvalidFields);
}

#[tokio::test]
async fn a_monitor_that_is_off_records_nothing_but_keeps_gauges_and_logs() {
    let ground = Ground::with(MonitorSettings { enabled: false, ..MonitorSettings::default() });
    ground.request(5);
    ground.monitor.observer().statement(&statement(5));
    ground.monitor.set(Metric::Users, "", 7.0);
    ground.pass(10_000).await;
    assert!(ground.monitor.recorder().routes().is_empty() && !ground.monitor.is_on());
    assert_eq!(ground.shelf.all(Tier::Fine, "query_ns"), []);
    assert_eq!(ground.shelf.all(Tier::Fine, "users").len(), 1);
}

#[tokio::test]
async fn log_lines_are_found_before_they_are_flushed_and_told_of_once() {
    let ground = Ground::new();
    let line = |message: &str| LogLine {
        at: ground.clock.now(),
        level: LogLevel::Warn,
        room: "http".to_owned(),
        message: message.to_owned(),
        code: None,
        route: None,
        status: None,
        user_id: None,
        request_id: None,
        trace_id: None,
        fields: "{}".to_owned(),
    };
    for nth in 0..5 {
        ground.monitor.log(line(&nth.to_string()));
    }
    let ask = LogAsk { limit: 3, ..LogAsk::default() };
    let page = ground.monitor.logs(ask.clone()).await.unwrap();
    let texts = |lines: &[galen_core::LoggedLine]| -> Vec<String> {
        lines.iter().map(|line| line.line.message.clone()).collect()
    };
    assert_eq!(texts(&page.lines), ["4", "3", "2"]);
    ground.pass(10_000).await;
    let rest = ground.monitor.logs(LogAsk { before: page.next, ..ask }).await.unwrap();
    assert_eq!((texts(&rest.lines), rest.next), (vec!["1".to_owned(), "0".to_owned()], None));
    let told = ground.series(Metric::LogLines, "warn", ground.began).await.whole.unwrap();
    assert_eq!(told.sum, 5.0);
}

#[tokio::test]
async fn a_monitor_that_costs_too_much_does_without_and_says_so() {
    let ground = Ground::new();
    let cost = async |windows: u32, percent: u64| {
        for _ in 0..windows {
            ground.request(1_000_000);
            ground.monitor.add(Metric::MonitorCpuNs, "", percent * 100_000_000);
            ground.pass(10_000).await;
        }
    };
    let details = || ground.shelf.all(Tier::Fine, "http_phase_ns").len();
    cost(3, 6).await;
    let before = details();
    cost(3, 4).await;
    assert_eq!((details(), ground.monitor.thrift()), (before, Thrift::Detail));
    assert_eq!(ground.count().await, 6, "what rules judge is kept");
    let noted = ground.monitor.annotations(ground.began, ground.clock.now().plus_ms(1)).await;
    let codes: Vec<String> = noted.unwrap().into_iter().map(|one| one.code).collect();
    assert_eq!(codes, ["monitor.thrift"]);
    cost(30, 1).await;
    assert_eq!(ground.monitor.thrift(), Thrift::Nothing);
    let saved = details();
    cost(2, 1).await;
    assert_eq!(details(), saved + 2);
}

#[tokio::test]
async fn annotations_are_found_before_and_after_they_are_flushed_once() {
    let ground = Ground::new();
    let at = ground.clock.now();
    let started = Annotation { at, code: "started".to_owned(), params: "{}".to_owned() };
    ground.monitor.annotate(started.clone());
    let until = at.plus_ms(1);
    let found = ground.monitor.annotations(at, until).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&started));
    ground.pass(10_000).await;
    assert_eq!(ground.monitor.annotations(at, until).await.unwrap(), [started]);
}

#[tokio::test]
async fn nothing_is_lost_or_counted_twice_while_others_record_and_ask() {
    const EACH: u64 = 30_000;
    let ground = Ground::new();
    let done = Arc::new(AtomicBool::new(false));
    let recorders: Vec<_> = (0..2)
        .map(|_| {
            let observer = ground.monitor.observer();
            std::thread::spawn(move || {
                for nth in 0..EACH {
                    observer.request(&request(1_000 + nth, 200, None));
                    observer.statement(&statement(1_000));
                }
            })
        })
        .collect();
    let asker = {
        let (monitor, done) = (Arc::clone(&ground.monitor), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::Acquire) {
                assert!(monitor.recorder().statements().len() <= 1);
                assert!(!monitor.exposition().contains("NaN"));
            }
        })
    };
    while recorders.iter().any(|recorder| !recorder.is_finished()) {
        ground.pass(10_000).await;
    }
    recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
    done.store(true, Ordering::Release);
    asker.join().unwrap();
    ground.pass(10_000).await;
    let kept: u64 = counts(&ground.shelf, Tier::Fine).iter().map(|(_, n)| n).sum();
    assert_eq!(kept, 2 * EACH);
    let routes = ground.monitor.recorder().routes();
    assert_eq!(routes[0].wall_ns.count, 2 * EACH);
    assert_eq!(routes[0].wall_ns.sum, 2 * (0..EACH).map(|nth| 1_000 + nth).sum::<u64>());
    assert_eq!(ground.monitor.recorder().statements()[0].rows, 2 * EACH * 3);
    let rows = ground.shelf.all(Tier::Fine, "query_rows");
    let rows = rows.iter().map(|frame| Point::decode(&frame.points[0].1).unwrap().sum);
    assert_eq!(rows.sum::<f64>(), (2 * EACH * 3) as f64);
}
