//! Whole examinations of a small server that lives in this test's own process.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use galen_core::{Clock, Entropy, Fut, UnixMs};
use galen_doctor::evidence::{Collector, Draft, FactKey, Source};
use galen_doctor::repairs::port::{Action, DryRun, Receipt, RepairError, Repairer};
use galen_doctor::{
    DoctorError, ExamineRequest, Ports, Report, Silent, Target, Thresholds, Witness, examine,
};

struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> UnixMs {
        UnixMs(1_764_000_000_000 + self.0.elapsed().as_millis() as i64)
    }

    fn monotonic_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x3c);
    }
}

fn ports() -> Ports {
    Ports {
        clock: Arc::new(Wall(Instant::now())),
        entropy: Arc::new(Fixed),
        progress: Arc::new(Silent),
        witness: None,
        repairer: None,
    }
}

fn request(target: Target) -> ExamineRequest {
    ExamineRequest {
        target,
        thresholds: Thresholds::default(),
        apply: false,
        previous: None,
        arguments: vec!["galen".to_owned(), "doctor".to_owned()],
    }
}

/// Answers every request with `status` after `pause`, one thread a connection, until the test ends.
fn server(status: &'static str, pause: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, status, pause));
        }
    });
    address
}

fn answer(mut stream: std::net::TcpStream, status: &str, pause: Duration) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
        std::thread::sleep(pause);
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn target(address: SocketAddr) -> Target {
    let mut target = Target::stranger(format!("http://{address}"));
    target.paths = vec!["/a".to_owned(), "/b".to_owned()];
    target
}

async fn examined(target: Target) -> Report {
    examine(request(target), ports()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_well_is_healthy() {
    let report = examined(target(server("200 OK", Duration::ZERO))).await;
    assert_eq!(report.exit_code(), 0, "{}", report.to_terminal(false, 100));
    assert!(report.to_html().unwrap().contains("HEALTHY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_nobody_listens_on_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = examined(target(address)).await;
    assert_eq!(report.exit_code(), 1, "{}", report.to_terminal(false, 100));
    assert_eq!(report.verdict.findings[0].cause, "F01");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_always_fails_is_sick_without_a_named_cause() {
    let report = examined(target(server("500 Internal Server Error", Duration::ZERO))).await;
    assert_eq!(report.exit_code(), 2, "{}", report.to_terminal(false, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn repairs_on_a_stranger_are_wrong_usage() {
    let mut wanted = request(Target::stranger("http://127.0.0.1:9"));
    wanted.apply = true;
    let refused = examine(wanted, ports()).await.unwrap_err();
    assert!(matches!(refused, DoctorError::ApplyOnStranger(_)));
    assert_eq!(refused.exit_code(), 64);
}

/// A witness that would give itself away.
struct Talkative;

impl Witness for Talkative {
    fn observe<'a>(&'a self, collector: &'a Collector) -> Fut<'a, ()> {
        collector.missing(FactKey::WitnessPoolSize, "target", "asked");
        Box::pin(async {})
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_installation_is_asked_about_itself() {
    let mut stranger = request(target(server("200 OK", Duration::ZERO)));
    let mut all = ports();
    all.witness = Some(Arc::new(Talkative));
    let asked = |report: &Report| report.gaps.iter().any(|gap| gap.key == FactKey::WitnessPoolSize);
    assert!(!asked(&examine(stranger.clone(), all.clone()).await.unwrap()));
    stranger.target.own = true;
    assert!(asked(&examine(stranger, all).await.unwrap()));
}

/// A Galen that keeps count of its expired sessions, tells it, and sweeps them when asked.
struct Installation {
    expired: AtomicU64,
    swept: AtomicU64,
}

impl Witness for Installation {
    fn observe<'a>(&'a self, collector: &'a Collector) -> Fut<'a, ()> {
        let expired = self.expired.load(Ordering::SeqCst);
        let source = Source::new("witness", "the control socket", "galen status");
        let push = |key, value: u64| {
            let draft = Draft::new(key, "target", value, source.clone(), UnixMs(1));
            collector.push(draft);
        };
        push(FactKey::WitnessSessionsExpired, expired);
        push(FactKey::WitnessSessionsTotal, expired + 100);
        Box::pin(async {})
    }
}

impl Repairer for Installation {
    fn dry_run<'a>(&'a self, action: &'a Action) -> Fut<'a, Result<DryRun, RepairError>> {
        assert_eq!(*action, Action::SweepSessions);
        let would_change = self.expired.load(Ordering::SeqCst);
        let dry = DryRun { would_change, statement: "DELETE".to_owned() };
        Box::pin(async move { Ok(dry) })
    }

    fn apply<'a>(&'a self, _action: &'a Action) -> Fut<'a, Result<Receipt, RepairError>> {
        let changed = self.expired.swap(0, Ordering::SeqCst);
        self.swept.fetch_add(changed, Ordering::SeqCst);
        let statement = "DELETE".to_owned();
        let receipt = Receipt { changed, statement, started_at: UnixMs(1), ended_at: UnixMs(2) };
        Box::pin(async move { Ok(receipt) })
    }

    fn undo<'a>(
        &'a self,
        _action: &'a Action,
        _receipt: &'a Receipt,
    ) -> Fut<'a, Result<bool, RepairError>> {
        Box::pin(async { Ok(false) })
    }
}

/// Examines this installation with 9,000 expired sessions; gives the report and what was swept.
async fn own_examined(apply: bool) -> (Report, u64) {
    let own = Arc::new(Installation { expired: AtomicU64::new(9_000), swept: AtomicU64::new(0) });
    let mut wanted = request(target(server("200 OK", Duration::ZERO)));
    wanted.target.own = true;
    wanted.apply = apply;
    let mut all = ports();
    all.witness = Some(own.clone());
    all.repairer = Some(own.clone());
    let report = examine(wanted, all).await.unwrap();
    (report, own.swept.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_apply_expired_sessions_are_swept_and_the_sweep_is_proven() {
    let (report, swept) = own_examined(true).await;
    assert_eq!(swept, 9_000);
    assert_eq!(report.exit_code(), 4, "{}", report.to_terminal(false, 100));
    let proof = report.applied[0].proof.as_ref().unwrap();
    assert!(proof.state.as_ref().unwrap().reached && proof.unharmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_apply_nothing_is_changed_and_the_repair_is_offered() {
    let (report, swept) = own_examined(false).await;
    assert_eq!((swept, report.exit_code()), (0, 0));
    assert_eq!(report.offers[0].repair.id, "sweep-sessions");
}
