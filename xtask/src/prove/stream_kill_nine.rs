//! Kill -9 in the middle of broadcasts: readers come again, and each has every message exactly once.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::people::{self, Session};
use super::server::Setup;
use super::statistics::Dice;
use super::web::{self, Client, Request};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;

const ADMIN: &str = "admin@example.org";
/// Readers of one user; four of them share a session.
const READERS: usize = 16;
const PER_SESSION: usize = 4;
/// Broadcasts of a round: in all rounds there are fewer than may be live at a time.
const PER_ROUND: u32 = 8;
/// How long readers have to catch up at the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one reader has seen: how often each message, by identifier.
type Seen = Arc<Mutex<BTreeMap<String, u32>>>;

/// Runs the kills of this slice.
///
/// # Errors
/// When the server does not come back.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let rounds = ask.rounds_of(20, 3);
    let dir = ground::clear(&format!("stream-kill-nine-{}", ask.slice.0))?;
    // A broadcast lives as long as this proof; there may be two hundred at a time.
    let setup = Setup::new(ask, &dir)?.without_limits();
    people::add(&setup, ADMIN, true)?;
    people::add(&setup, "reader@example.org", false)?;
    let mut server = setup.start()?;
    let port = server.port;
    let admin = people::login(&mut Client::new(port), ADMIN)?;
    let (stop, mut readers) = (Arc::new(AtomicBool::new(false)), Vec::new());
    let mut session = String::new();
    for number in 0..READERS {
        if number % PER_SESSION == 0 {
            session = people::login(&mut Client::new(port), "reader@example.org")?.cookie;
        }
        readers.push(Reader::begin(port, session.clone(), Arc::clone(&stop)));
    }
    let mut dice = Dice::new(ask.seed.wrapping_add(u64::from(ask.slice.0)));
    let mut acked = Vec::new();
    let mut attempts = 0_u64;
    for round in 1..=rounds {
        let per_round = Duration::from_millis(dice.between(30, 250));
        let killed = AtomicBool::new(false);
        let published = std::thread::scope(|scope| {
            let publisher = scope.spawn(|| publish_on(port, &admin, u64::from(round), &killed));
            std::thread::sleep(per_round);
            let outcome = server.kill_nine();
            killed.store(true, Ordering::Relaxed);
            outcome.map(|()| publisher.join().unwrap_or_default())
        })?;
        server = setup.start()?;
        attempts += published.keys.len() as u64;
        // What was cut off is asked for again under its key: it happens once all the same.
        for key in &published.keys {
            acked.push(publish(&mut Client::new(port), &admin, key)?);
        }
        if round % 5 == 0 {
            say::line(format_args!("{round} of {rounds} kills, {} messages", acked.len()));
        }
    }
    let late = catch_up(&readers, &acked);
    stop.store(true, Ordering::Relaxed);
    let panics = server.panics();
    server.stop()?;
    let mut outcome = Outcome::default();
    outcome.add(Figure::count("kills", u64::from(rounds), Goal::AtLeast(1.0)));
    outcome.add(Figure::count("messages", acked.len() as u64, Goal::AtLeast(f64::from(rounds))));
    let asked = "messages asked for while it was killed";
    outcome.add(Figure::count(asked, attempts, Goal::AtLeast(1.0)));
    judge(&mut outcome, readers, &acked);
    outcome.add(Figure::count("panics", panics, Goal::AtMost(0.0)));
    let late_ms = late.as_millis();
    outcome.note(format!("{READERS} readers; the last had all {late_ms} ms after the last kill"));
    Ok(outcome)
}

/// What each reader has, against what was published.
fn judge(outcome: &mut Outcome, readers: Vec<Reader>, acked: &[String]) {
    let (mut missing, mut doubled, mut resumed) = (0, 0, 0);
    for reader in &readers {
        let seen = reader.seen.lock().unwrap_or_else(PoisonError::into_inner);
        missing += acked.iter().filter(|id| !seen.contains_key(*id)).count() as u64;
        doubled += seen.values().filter(|times| **times > 1).count() as u64;
        resumed += u64::from(reader.resumed.load(Ordering::Relaxed));
    }
    for reader in readers {
        reader.end();
    }
    let none = Goal::AtMost(0.0);
    outcome.add(Figure::count("times a reader came again", resumed, Goal::AtLeast(1.0)));
    outcome.add(Figure::count("messages missing at a reader", missing, none));
    outcome.add(Figure::count("messages a reader got twice", doubled, none));
}

/// The keys a publisher asked for until it was cut off.
#[derive(Default)]
struct Published {
    keys: Vec<String>,
}

fn publish_on(port: u16, admin: &Session, round: u64, killed: &AtomicBool) -> Published {
    let mut published = Published::default();
    let mut client = Client::new(port);
    for number in 0..PER_ROUND {
        if killed.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("round-{round}-{number}");
        published.keys.push(key.clone());
        if publish(&mut client, admin, &key).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    published
}

/// Broadcasts under a key; gives the message's identifier.
fn publish(client: &mut Client, admin: &Session, key: &str) -> Result<String> {
    let body = json!({"audience": {}, "category": "proof", "title": key});
    let request = Request::post("/api/admin/notifications", &body).header("idempotency-key", key);
    let answer = client.send(&admin.sign(request))?;
    anyhow::ensure!(answer.status < 300, "publishing answered {}: {}", answer.status, answer.body);
    let id = answer.json()["id"].as_str().map(str::to_owned);
    id.context("the answer names no message")
}

fn catch_up(readers: &[Reader], acked: &[String]) -> Duration {
    let began = Instant::now();
    let has_all = |reader: &Reader| {
        let seen = reader.seen.lock().unwrap_or_else(PoisonError::into_inner);
        acked.iter().all(|id| seen.contains_key(id))
    };
    while began.elapsed() < PATIENCE && !readers.iter().all(has_all) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let took = began.elapsed();
    // What came twice would come soon after.
    std::thread::sleep(Duration::from_millis(500));
    took
}

/// A browser that comes again with the last place it saw.
struct Reader {
    seen: Seen,
    resumed: Arc<std::sync::atomic::AtomicU32>,
    thread: JoinHandle<()>,
}

impl Reader {
    fn begin(port: u16, cookie: String, stop: Arc<AtomicBool>) -> Self {
        let seen = Seen::default();
        let resumed = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let (kept, counted) = (Arc::clone(&seen), Arc::clone(&resumed));
        let thread = std::thread::spawn(move || {
            let mut last = "0".to_owned();
            while !stop.load(Ordering::Relaxed) {
                // An end of whatever kind is met by coming again.
                let _ended = read_on(port, &cookie, &mut last, &kept, &stop);
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { seen, resumed, thread }
    }

    fn end(self) {
        if self.thread.join().is_err() {
            say::line("a reader broke");
        }
    }
}

fn read_on(
    port: u16,
    cookie: &str,
    last: &mut String,
    seen: &Seen,
    stop: &AtomicBool,
) -> Result<()> {
    let mut socket = web::connect(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    let head = format!(
        "GET /api/stream HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncookie: {cookie}\r\n\
         last-event-id: {last}\r\n\r\n"
    );
    socket.write_all(head.as_bytes())?;
    let (mut rest, mut bytes) = (String::new(), [0_u8; 4096]);
    while !stop.load(Ordering::Relaxed) {
        let read = match socket.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        };
        rest.push_str(&String::from_utf8_lossy(&bytes[..read]));
        while let Some(at) = rest.find("\n\n") {
            let block: String = rest.drain(..at + 2).collect();
            take(&block, last, seen);
        }
    }
    Ok(())
}

/// One event: its place is remembered, and a message is counted by its identifier.
fn take(block: &str, last: &mut String, seen: &Seen) {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    if let Some(place) = field("id: ") {
        place.clone_into(last);
    }
    if field("event: ") == Some("notification")
        && let Some(data) = field("data: ")
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(data)
        && let Some(id) = value["id"].as_str()
    {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen.entry(id.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_counted_by_its_identifier_and_its_place_is_remembered() {
        let (seen, mut last) = (Seen::default(), "0".to_owned());
        take("retry: 5\nid: 7\nevent: ready\ndata: {\"seq\":7}\n\n", &mut last, &seen);
        take("1f\r\nid: 9\nevent: notification\ndata: {\"id\":\"a\"}\n\n", &mut last, &seen);
        take("id: 9\nevent: notification\ndata: {\"id\":\"a\"}\n\n", &mut last, &seen);
        assert_eq!(last, "9");
        assert_eq!(seen.lock().unwrap().get("a"), Some(&2));
    }
}
