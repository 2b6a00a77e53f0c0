//! The checks against real servers: the schedule, its bounds, and what is noted.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use galen_core::UnixMs;
use galen_monitor::{MonitorParts, MonitorSettings};

use super::*;
use crate::wire::clock::RealClock;
use crate::wire::entropy::RealEntropy;
use crate::wire::nowhere::Nowhere;

/// A clock that only goes when it is told to.
#[derive(Default)]
struct StandingClock(std::sync::atomic::AtomicU64);

impl StandingClock {
    fn go(&self, ns: u64) {
        self.0.fetch_add(ns, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> UnixMs {
        UnixMs(1_000)
    }

    fn monotonic_ns(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// What stands around the checks in a test.
struct World {
    monitor: Arc<Monitor>,
    standing: Arc<StandingClock>,
    clock: Arc<dyn Clock>,
    meter: Meter,
    listen: SocketAddr,
}

impl World {
    fn new(listen: SocketAddr) -> Self {
        let standing = Arc::new(StandingClock::default());
        let monitor = Monitor::new(MonitorParts {
            history: Arc::new(Nowhere::because("a test keeps none")),
            clock: Arc::new(RealClock::new()),
            entropy: Arc::new(RealEntropy),
            settings: MonitorSettings::default(),
        });
        let clock = Arc::clone(&standing) as Arc<dyn Clock>;
        Self { monitor, standing, clock, meter: Meter::default(), listen }
    }

    fn turn(&self, checks: &Checks) -> usize {
        checks.turn(&House {
            monitor: &self.monitor,
            clock: &self.clock,
            entropy: &RealEntropy,
            meter: &self.meter,
            url: "https://accounts.example.org",
            listen: Some(self.listen),
        })
    }

    /// Takes turns until every check ran so often.
    async fn run(&self, checks: &Checks, runs: u64) {
        for _ in 0..1_000 {
            self.turn(checks);
            if checks.statuses().iter().all(|status| status.runs >= runs) {
                return;
            }
            self.standing.go(1_000_000_000);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the checks do not run: {:?}", checks.statuses());
    }
}

/// Answers one connection after another by `answer`, which is given the request's head.
fn served(answer: impl Fn(&str) -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let head = head_of(&mut stream);
            let _whoever_asked_may_be_gone = stream.write_all(answer(&head).as_bytes());
        }
    });
    address
}

fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")
}

fn checks(own: &[&str], foreign: &[String]) -> Checks {
    let mut config = Config::default();
    config.checks.timeout = crate::config::quantity::Lapse::ms(300);
    let own: Vec<String> = own.iter().map(|path| (*path).to_owned()).collect();
    let targets = targets(&own, foreign.iter().map(String::as_str));
    Checks::with(&config, Client::new(AGENT, Trust::Nobody), targets)
}

#[tokio::test]
async fn own_paths_are_asked_at_our_listener_under_our_public_name() {
    let (tell, told) = mpsc::channel();
    let address = served(move |head| {
        tell.send(head.to_lowercase()).unwrap();
        status_line(if head.starts_with("GET /readyz") { 503 } else { 200 })
    });
    let (world, checks) = (World::new(address), checks(&["/livez", "/readyz"], &[]));
    world.run(&checks, 1).await;
    let [live, ready] = checks.statuses().try_into().unwrap();
    assert_eq!((live.name.as_str(), live.own), ("/livez", true));
    assert_eq!(live.url, "https://accounts.example.org/livez");
    assert_eq!((live.last_outcome.as_deref(), live.failures), (Some("ok"), 0));
    assert_eq!((ready.last_outcome.as_deref(), ready.failures), (Some("status_503"), ready.runs));
    assert!(live.connect_ms.is_some() && live.first_byte_ms.is_some() && live.total_ms.is_some());
    assert_eq!(live.last_at, Some(UnixMs(1_000)));
    let head = told.recv().unwrap();
    let agent = format!("user-agent: galen/{} (check)\r\n", env!("CARGO_PKG_VERSION"));
    assert!(head.contains(&agent) && head.contains("host: accounts.example.org\r\n"), "{head}");
    let (_, rest) = head.split_once("traceparent: 00-").expect("a trace");
    let parts: Vec<usize> = rest.lines().next().unwrap().split('-').map(str::len).collect();
    assert_eq!(parts, [32, 16, 2], "{head}");
    let shown = world.monitor.exposition();
    for object in [r#""/livez",outcome="ok""#, r#""/readyz",outcome="status_503""#] {
        assert!(shown.contains(object), "{object} is not in\n{shown}");
    }
}

#[tokio::test]
async fn every_way_to_fail_has_its_word() {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let [broken, moved, gone] = [500, 301, 404].map(|status| served(move |_| status_line(status)));
    let urls = [
        (format!("http://{}/", hanging.local_addr().unwrap()), "timeout"),
        (format!("http://{refusing}/"), "refused"),
        (format!("http://{broken}/"), "status_500"),
        (format!("http://{moved}/"), "ok"),
        (format!("http://{gone}/?key=secret"), "ok"),
        ("https://bücher.example/".to_owned(), "invalid"),
    ];
    let world = World::new(refusing);
    let checks = checks(&[], &urls.clone().map(|(url, _)| url));
    world.run(&checks, 1).await;
    for (status, (url, outcome)) in checks.statuses().iter().zip(&urls) {
        assert_eq!(status.last_outcome.as_deref(), Some(*outcome), "{url}");
        assert_eq!(status.failures > 0, *outcome != "ok", "{url}");
        assert!(!status.url.contains("secret") && !status.name.contains("secret"));
    }
}

#[tokio::test]
async fn no_more_than_eight_are_under_way_and_none_twice() {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = hanging.local_addr().unwrap();
    let urls: Vec<String> = (0..20).map(|n| format!("http://{address}/{n}")).collect();
    let (world, checks) = (World::new(address), checks(&[], &urls));
    world.turn(&checks);
    world.standing.go(FIRST_WITHIN_NS);
    assert_eq!(world.turn(&checks), AT_ONCE);
    // All of them are overdue again, and those under way are not asked a second time.
    world.standing.go(10 * checks.every_ns);
    assert_eq!(world.turn(&checks), 0);
    world.run(&checks, 1).await;
    assert!(checks.statuses().iter().all(|status| status.failures == status.runs));
}

#[test]
fn the_turns_of_a_check_are_an_interval_apart_give_or_take_a_tenth() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let address = served(|_| status_line(200));
        let (world, checks) = (World::new(address), checks(&["/"], &[]));
        world.turn(&checks);
        world.standing.go(FIRST_WITHIN_NS);
        assert_eq!(world.turn(&checks), 1);
        while checks.statuses()[0].runs == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.standing.go(checks.every_ns / 10 * 9 - 1);
        assert_eq!(world.turn(&checks), 0);
        world.standing.go(checks.every_ns / 5 + 1);
        assert_eq!(world.turn(&checks), 1);
    });
}

#[test]
fn checks_of_one_name_are_told_apart_and_there_are_so_many_at_most() {
    let url = "http://127.0.0.1:1/a".to_owned();
    let checks_of_one = checks(&["/a?x", "/a?y"], &[url.clone(), format!("{url}?q")]);
    let names: Vec<String> = checks_of_one.statuses().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["/a", "/a#2", "http://127.0.0.1:1/a", "http://127.0.0.1:1/a#2"]);
    let many: Vec<String> = (0..100).map(|n| format!("{url}/{n}")).collect();
    assert_eq!(checks(&[], &many).statuses().len(), CHECKS_MAX);
}
