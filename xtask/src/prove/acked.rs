//! Write load whose acknowledgements are written down, and the question afterwards: is it all there?

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::people::{self, PASSWORD, Session};
use super::server::Setup;
use super::tally::Tally;
use super::web::{Client, Request};

/// Who takes part in the load; made once for a database.
#[derive(Debug, Clone)]
pub struct Cast {
    admin: Session,
    reader: Session,
    reader_id: String,
}

const ADMIN: &str = "admin@example.org";
const READER: &str = "reader@example.org";
const GUEST: &str = "guest@example.org";

impl Cast {
    /// Creates the accounts; the server must not run yet.
    ///
    /// # Errors
    /// When an account is refused.
    pub fn hire(setup: &Setup) -> Result<()> {
        people::add(setup, ADMIN, true)?;
        people::add(setup, READER, false)?;
        people::add(setup, GUEST, false)
    }

    /// Signs the admin and the reader in.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn enter(port: u16) -> Result<Self> {
        let mut client = Client::new(port);
        let admin = people::login(&mut client, ADMIN)?;
        let reader = people::login(&mut client, READER)?;
        let reader_id = people::user_id(&mut client, &reader)?;
        Ok(Self { admin, reader, reader_id })
    }

    /// A publishing to the reader under its own key, which is its title as well.
    fn publish(&self, key: &str) -> Request {
        let body = json!({
            "user_id": self.reader_id, "category": "proof", "level": "info",
            "title": key, "body": "written under load",
        });
        self.admin
            .sign(Request::post("/api/admin/notifications", &body))
            .header("idempotency-key", key)
    }
}

/// What the server acknowledged, with the instant at which its answer was read.
#[derive(Debug, Default)]
pub struct Acked {
    /// Sessions opened: cookie, and when.
    opened: Vec<(String, Instant)>,
    /// Sessions whose end was asked for: cookie, and when the end was acknowledged, if it was.
    ended: Vec<(String, Option<Instant>)>,
    /// Notifications published: title, and when.
    published: Vec<(String, Instant)>,
}

impl Acked {
    /// Only what was acknowledged before an instant; an end after it becomes indeterminate.
    pub fn before(&self, instant: Instant) -> Self {
        let early = |list: &[(String, Instant)]| {
            list.iter().filter(|(_, at)| *at < instant).cloned().collect::<Vec<_>>()
        };
        let ended =
            self.ended.iter().map(|(cookie, at)| (cookie.clone(), at.filter(|at| *at < instant)));
        Self {
            opened: early(&self.opened),
            ended: ended.collect(),
            published: early(&self.published),
        }
    }
}

/// The four writers and what they share.
struct Writers<'a> {
    port: u16,
    cast: &'a Cast,
    round: u64,
    stop: &'a AtomicBool,
    count: AtomicU64,
    acked: Mutex<Acked>,
    to_end: Mutex<Vec<Session>>,
}

impl Writers<'_> {
    fn note(&self, write: impl FnOnce(&mut Acked)) {
        // A poisoned lock still holds every acknowledgement written before the panic.
        let mut acked = self.acked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        write(&mut acked);
    }

    fn publish_on(&self) {
        let mut client = Client::new(self.port);
        while !self.stop.load(Ordering::Relaxed) {
            let key =
                format!("round-{}-{}", self.round, self.count.fetch_add(1, Ordering::Relaxed));
            match client.send(&self.cast.publish(&key)) {
                Ok(answer) if answer.status < 300 => {
                    let at = Instant::now();
                    self.note(|acked| acked.published.push((key, at)));
                }
                Ok(_) => std::thread::sleep(Duration::from_millis(2)),
                // Cut off: whether it was written is unknown, so nothing is claimed about it.
                Err(_) => return,
            }
        }
    }

    fn log_in_on(&self) {
        let mut client = Client::new(self.port);
        let mut end_this_one = false;
        while !self.stop.load(Ordering::Relaxed) {
            let Ok(answer) = client.send(&people::login_request(GUEST, PASSWORD)) else {
                return;
            };
            let at = Instant::now();
            let Some(cookie) = answer.cookie().filter(|_| answer.status == 200) else {
                continue;
            };
            self.note(|acked| acked.opened.push((cookie, at)));
            if end_this_one {
                let Ok(session) = people::session(&answer) else {
                    return;
                };
                let mut waiting =
                    self.to_end.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                waiting.push(session);
            }
            end_this_one = !end_this_one;
        }
    }

    fn log_out_on(&self) {
        let mut client = Client::new(self.port);
        while !self.stop.load(Ordering::Relaxed) {
            let next = self.to_end.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
            let Some(session) = next else {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            let sent = client.send(&session.sign(Request::post_empty("/api/auth/logout")));
            let at = Instant::now();
            let done = sent.as_ref().is_ok_and(|answer| answer.status < 300);
            self.note(|acked| acked.ended.push((session.cookie, done.then_some(at))));
            if sent.is_err() {
                return;
            }
        }
    }
}

/// Writes from four threads until `breaks` returns, and returns every acknowledgement.
///
/// # Errors
/// When `breaks` fails.
pub fn write_until<T>(
    port: u16,
    cast: &Cast,
    round: u64,
    breaks: impl FnOnce() -> Result<T>,
) -> Result<(Acked, T)> {
    let stop = AtomicBool::new(false);
    let writers = Writers {
        port,
        cast,
        round,
        stop: &stop,
        count: AtomicU64::new(0),
        acked: Mutex::default(),
        to_end: Mutex::default(),
    };
    let broken = std::thread::scope(|scope| {
        scope.spawn(|| writers.publish_on());
        scope.spawn(|| writers.publish_on());
        scope.spawn(|| writers.log_in_on());
        scope.spawn(|| writers.log_out_on());
        let broken = breaks();
        stop.store(true, Ordering::Relaxed);
        broken
    })?;
    let acked = writers.acked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok((acked, broken))
}

/// Asks a restarted server for everything it had acknowledged.
///
/// # Errors
/// When it does not answer.
pub fn verify(port: u16, cast: &Cast, acked: &Acked) -> Result<Tally> {
    let mut client = Client::new(port);
    let mut tally = Tally::default();
    let touched: BTreeSet<&str> = acked.ended.iter().map(|(cookie, _)| cookie.as_str()).collect();
    for (cookie, _) in acked.opened.iter().filter(|(cookie, _)| !touched.contains(cookie.as_str()))
    {
        tally.add("logins", 1);
        let alive = people::is_alive(&mut client, cookie)?;
        tally.add("logins lost", u64::from(alive != Some(true)));
    }
    for (cookie, _) in acked.ended.iter().filter(|(_, at)| at.is_some()) {
        tally.add("logouts", 1);
        let alive = people::is_alive(&mut client, cookie)?;
        tally.add("revoked sessions alive", u64::from(alive != Some(false)));
    }
    for standing in [&cast.admin, &cast.reader] {
        let alive = people::is_alive(&mut client, &standing.cookie)?;
        tally.add("standing sessions lost", u64::from(alive != Some(true)));
    }
    let wanted: BTreeSet<&str> = acked.published.iter().map(|(key, _)| key.as_str()).collect();
    tally.add("notifications", wanted.len() as u64);
    let missing = missing_notifications(&mut client, cast, wanted)?;
    tally.add("notifications lost", missing);
    Ok(tally)
}

/// Pages through the reader's notifications, newest first, until all wanted ones are seen.
fn missing_notifications(
    client: &mut Client,
    cast: &Cast,
    mut wanted: BTreeSet<&str>,
) -> Result<u64> {
    let mut cursor: Option<String> = None;
    while !wanted.is_empty() {
        let after = cursor.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let path = format!("/api/notifications?limit=200{after}");
        let page = client.send(&cast.reader.sign(Request::get(&path)))?;
        anyhow::ensure!(
            page.status == 200,
            "the reader's page answered {}: {}",
            page.status,
            page.body
        );
        let page = page.json();
        for item in page["items"].as_array().context("a page without items")? {
            wanted.remove(item["title"].as_str().unwrap_or_default());
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    Ok(wanted.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_acknowledged_after_the_cut_is_indeterminate() {
        let early = Instant::now();
        let cut = early + Duration::from_millis(5);
        let late = early + Duration::from_millis(9);
        let acked = Acked {
            opened: vec![("a".to_owned(), early), ("b".to_owned(), late)],
            ended: vec![("c".to_owned(), Some(early)), ("d".to_owned(), Some(late))],
            published: vec![("n".to_owned(), late)],
        };
        let before = acked.before(cut);
        assert_eq!(before.opened.len(), 1);
        assert!(before.published.is_empty());
        assert_eq!(before.ended[0].1, Some(early));
        assert_eq!(before.ended[1], ("d".to_owned(), None));
    }
}
