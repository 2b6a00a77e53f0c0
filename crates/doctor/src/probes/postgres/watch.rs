//! While a request is held: what the backend that works for it waits for, and who blocks it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::census::Census;
use super::super::http_client::ms;
use super::super::process;
use super::super::scene::Scene;
use super::super::sock_diag::SockDiag;
use super::activity::{self, ACTIVITY, Backend};
use super::session::{Sampled, Session};
use super::sockets::{self, Sockets};
use super::statements::shape;
use crate::evidence::{FactKey, Source, object, redact};

/// Between two looks at pg_stat_activity.
const INTERVAL: Duration = Duration::from_millis(50);
/// Clocks of two looks differ by this much at most, in milliseconds.
const SLACK_MS: f64 = 30.0;
/// Longest chain of blockers that is followed.
const CHAIN_MAX: usize = 32;
/// Most heads of chains that are described.
const HEADS_MAX: usize = 4;
/// Most statements and looks kept of one window.
const KEPT_MAX: usize = 2000;

/// Who blocks whom; asked only while a session of the server waits for a lock, because
/// pg_blocking_pids holds the lock manager for a moment (PostgreSQL documentation, 9.26).
const BLOCKING: &str = "SELECT pid::int8 AS pid, pg_blocking_pids(pid) AS blockers \
    FROM pg_stat_activity WHERE wait_event_type = 'Lock' LIMIT 1000";
/// What a session waits for, or has locked for writing, tables first.
const LOCKED: &str = "SELECT l.locktype AS kind, l.mode AS mode, \
    coalesce(n.nspname || '.' || c.relname, '') AS relation FROM pg_locks l \
    LEFT JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm') \
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'pg_catalog' \
    WHERE l.pid = $1 AND (NOT l.granted OR l.locktype = 'tuple' OR l.mode = 'RowExclusiveLock') \
    ORDER BY l.granted, (l.locktype = 'tuple') DESC";

/// One look.
#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    label: String,
    total: usize,
    busy: usize,
    untouched_ms: Option<f64>,
    inbound: usize,
}

/// What the windows over one path saw, added up.
#[derive(Default)]
pub struct Seen {
    waits: BTreeMap<String, u64>,
    queries: BTreeMap<String, u64>,
    heads: BTreeMap<i64, (u64, Backend, bool)>,
    ours: BTreeMap<i64, u64>,
    total: Vec<f64>,
    busy: Vec<f64>,
    inbound: Vec<f64>,
    untouched_ms: Option<f64>,
    blocked_on: Option<String>,
    releases_ms: Vec<f64>,
    failure: Option<String>,
}

/// What one window gathers.
#[derive(Default)]
struct Window {
    looks: Vec<Look>,
    seen: Seen,
}

/// A window that is open. Dropping it closes it.
pub struct Watch {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Window>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Opens a window, if there is a session in PostgreSQL.
pub fn begin(scene: &Scene<'_>) -> Option<Watch> {
    let session = scene.postgres()?;
    let found = scene.found();
    let looker = Looker {
        session,
        pids: found.pids,
        served: found.address.map(|address| address.socket),
        begun: Instant::now(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let task = tokio::spawn(async move { looker.watch(&stopped).await });
    Some(Watch { stop, task })
}

impl Watch {
    /// Closes the window; what was seen between the request and its answer is added to `into`.
    pub async fn end(mut self, (started, ended): (Instant, Instant), into: &mut Seen) {
        self.stop.store(true, Ordering::Relaxed);
        match (&mut self.task).await {
            Ok(window) => into.add(window, started, ended),
            Err(error) => {
                into.failure = Some(format!("the look at PostgreSQL ended early: {error}"))
            }
        }
    }
}

/// What is needed to look.
struct Looker {
    session: Arc<Session>,
    pids: Vec<u32>,
    served: Option<SocketAddr>,
    begun: Instant,
}

impl Looker {
    async fn watch(&self, stop: &AtomicBool) -> Window {
        let mut window = Window::default();
        while !stop.load(Ordering::Relaxed) && window.looks.len() < KEPT_MAX {
            let due = Instant::now() + INTERVAL;
            if let Err(reason) = self.look(&mut window).await {
                window.seen.failure = Some(reason);
                break;
            }
            tokio::time::sleep_until(due).await;
        }
        window
    }

    async fn look(&self, window: &mut Window) -> Result<(), String> {
        let sockets = sockets::look(&self.pids, &self.session.ports, self.served)
            .ok_or("the server's sockets cannot be seen")?;
        let all = activity::look(&self.session).await?;
        let at = Instant::now();
        let elapsed_ms = ms(at - self.begun) + SLACK_MS;
        let servers: Vec<&Backend> = all.iter().filter(|one| one.belongs_to(&sockets)).collect();
        self.can_join(&all, &servers, &sockets)?;
        let ours = of_our_request(&servers, elapsed_ms);
        let label = label(ours, &servers, &sockets, elapsed_ms);
        let other = |one: &&&Backend| ours.is_none_or(|ours| ours.pid != one.pid);
        let busy = |one: &&&Backend| {
            (one.state == "active" && one.query_ms.is_some_and(|age| age > elapsed_ms))
                || (one.is_idle_in_transaction() && one.xact_ms.is_some_and(|age| age > elapsed_ms))
        };
        let untouched = servers.iter().filter(other).filter_map(|one| one.state_ms);
        window.looks.push(Look {
            at,
            label,
            total: servers.len(),
            busy: servers.iter().filter(busy).count(),
            untouched_ms: untouched.reduce(f64::min),
            inbound: sockets.inbound,
        });
        if let Some(ours) = ours {
            let seen = &mut window.seen;
            *seen.ours.entry(ours.pid).or_default() += 1;
            if seen.queries.len() < KEPT_MAX {
                *seen.queries.entry(ours.query.clone()).or_default() += 1;
            }
            if ours.wait.0 == "Lock" {
                self.follow(ours, &all, &sockets, &mut window.seen).await?;
            }
        }
        Ok(())
    }

    /// Whether sessions could be joined with the server's sockets at all: without the right to see
    /// them, a hidden session would pass for one that does not exist.
    fn can_join(
        &self,
        all: &[Backend],
        servers: &[&Backend],
        sockets: &Sockets,
    ) -> Result<(), String> {
        let unmatched = sockets.count() > servers.len();
        let hidden = |one: &Backend| one.client.is_none() && !one.over_unix;
        if unmatched && !self.session.sees_all && all.iter().any(hidden) {
            return Err(self.session.lacks_rights());
        }
        let over_unix = servers.iter().any(|one| one.over_unix);
        if !sockets.unix.is_empty() && !over_unix && all.iter().any(|one| one.over_unix) {
            return Err("only root sees which session a Unix socket belongs to".to_owned());
        }
        Ok(())
    }

    /// Follows the chain of blockers from our backend to its head.
    async fn follow(
        &self,
        ours: &Backend,
        all: &[Backend],
        sockets: &Sockets,
        seen: &mut Seen,
    ) -> Result<(), String> {
        let rows = self.session.rows(BLOCKING, &[]).await?;
        let waits: BTreeMap<i64, Vec<i32>> =
            rows.iter().map(|row| (row.get("pid"), row.get("blockers"))).collect();
        let Some(head) = head_of(ours.pid, &waits) else { return Ok(()) };
        if seen.blocked_on.is_none() {
            seen.blocked_on = self.locked(ours.pid).await;
        }
        let known = all.iter().find(|one| one.pid == head);
        let described =
            known.cloned().unwrap_or_else(|| Backend { pid: head, ..Backend::default() });
        let is_ours = known.is_some_and(|one| one.belongs_to(sockets));
        let entry = seen.heads.entry(head).or_insert((0, described.clone(), is_ours));
        entry.0 += 1;
        // The last look shows the oldest transaction.
        (entry.1, entry.2) = (described, is_ours);
        Ok(())
    }

    /// The kind of lock a backend waits for, and the table it is about, where one is known.
    async fn locked(&self, pid: i64) -> Option<String> {
        let pid = i32::try_from(pid).ok()?;
        let rows = self.session.rows(LOCKED, &[&pid]).await.ok()?;
        let kind: String = rows.first()?.get("kind");
        let mode: String = rows.first()?.get("mode");
        let relations = rows.iter().map(|row| row.get::<_, String>("relation"));
        let relation = relations.into_iter().find(|name| !name.is_empty());
        Some(match relation {
            Some(table) => redact::text(&format!("{kind} {mode} on {table}")),
            None => redact::text(&format!("{kind} {mode}")),
        })
    }
}

/// The head of a chain: a blocker that waits for nobody itself. Parallel workers of a blocker show
/// as 0 (a prepared transaction does as well) and lead nowhere.
fn head_of(from: i64, waits: &BTreeMap<i64, Vec<i32>>) -> Option<i64> {
    let mut at = from;
    let mut visited = vec![from];
    for _ in 0..CHAIN_MAX {
        let blockers = waits.get(&at).map(Vec::as_slice).unwrap_or_default();
        let next = blockers.iter().map(|pid| i64::from(*pid)).find(|pid| !visited.contains(pid));
        match next {
            Some(next) => at = next,
            None => break,
        }
        visited.push(at);
    }
    (at != from).then_some(at)
}

/// The backend that works for our request: of the server's sessions that became busy after it was
/// sent, the one that has been so the longest.
fn of_our_request<'b>(servers: &[&'b Backend], elapsed_ms: f64) -> Option<&'b Backend> {
    let oldest = |candidates: Vec<&'b Backend>, age: fn(&Backend) -> Option<f64>| {
        candidates
            .into_iter()
            .filter_map(|one| Some((one, age(one).filter(|age| *age <= elapsed_ms)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(one, _)| one)
    };
    let active = servers.iter().copied().filter(|one| one.state == "active").collect();
    let open = servers.iter().copied().filter(|one| one.is_idle_in_transaction()).collect();
    oldest(active, |one| one.query_ms).or_else(|| oldest(open, |one| one.xact_ms))
}

fn label(
    ours: Option<&Backend>,
    servers: &[&Backend],
    sockets: &Sockets,
    elapsed_ms: f64,
) -> String {
    match ours {
        Some(one) if one.state != "active" => "in transaction".to_owned(),
        Some(one) if one.wait.0.is_empty() => "working".to_owned(),
        Some(one) => redact::text(&format!("{}:{}", one.wait.0, one.wait.1)),
        None => {
            // A session that is still authenticating has a socket and no row, or no statement yet.
            let fresh = |one: &&&Backend| one.age_ms <= elapsed_ms && one.query.is_empty();
            let connecting =
                sockets.count() > servers.len() || servers.iter().any(|one| fresh(&one));
            let word = match (connecting, sockets.count()) {
                (true, _) => "connecting",
                (false, 0) => "none",
                (false, _) => "idle",
            };
            word.to_owned()
        }
    }
}

impl Seen {
    fn add(&mut self, window: Window, started: Instant, ended: Instant) {
        let within = |look: &&Look| (started..=ended).contains(&look.at);
        let looks: Vec<&Look> = window.looks.iter().filter(within).collect();
        for look in &looks {
            *self.waits.entry(look.label.clone()).or_default() += 1;
            self.total.push(look.total as f64);
            self.busy.push(look.busy as f64);
            self.inbound.push(look.inbound as f64);
            self.untouched_ms = look.untouched_ms.or(self.untouched_ms);
        }
        let locked = looks.iter().rev().find(|look| look.label.starts_with("Lock:"));
        self.releases_ms.extend(locked.map(|look| ms(ended - look.at)));
        for (pid, (count, backend, ours)) in window.seen.heads {
            let entry = self.heads.entry(pid).or_insert((0, backend.clone(), ours));
            entry.0 += count;
            (entry.1, entry.2) = (backend, ours);
        }
        for (pid, count) in window.seen.ours {
            *self.ours.entry(pid).or_default() += count;
        }
        for (query, count) in window.seen.queries {
            *self.queries.entry(query).or_default() += count;
        }
        self.blocked_on = window.seen.blocked_on.or(self.blocked_on.take());
        self.failure = window.seen.failure.or(self.failure.take());
    }

    /// Publishes all of it under the path of the held request.
    pub fn publish(&self, scene: &Scene<'_>, path: &str) {
        let Some(session) = scene.postgres() else { return };
        if let Some(reason) = &self.failure {
            scene.missing(FactKey::PgWaits, path, redact::text(reason));
        }
        let looks: u64 = self.waits.values().sum();
        if looks == 0 {
            return;
        }
        let source = session.source("postgres_activity", ACTIVITY);
        scene.fact_over(looks, (FactKey::PgWaits, path), self.waits.clone(), &source);
        scene.fact(FactKey::PgPoolTotal, path, self.total.clone(), &source);
        scene.fact(FactKey::PgPoolBusy, path, self.busy.clone(), &source);
        scene.fact(FactKey::PgInbound, path, self.inbound.clone(), &source);
        if let Some(age) = self.untouched_ms {
            scene.fact(FactKey::PgPoolUntouchedMs, path, age, &source);
        }
        if !self.queries.is_empty() {
            let mut shapes: BTreeMap<String, u64> = BTreeMap::new();
            for (text, count) in &self.queries {
                *shapes.entry(shape(text)).or_default() += count;
            }
            scene.fact_over(looks, (FactKey::PgQueries, path), shapes, &source);
            let sampled = self.queries.iter();
            session
                .sample(sampled.map(|(text, looks)| Sampled { text: text.clone(), looks: *looks }));
        }
        if let Some((pid, _)) = self.ours.iter().max_by_key(|(_, count)| **count) {
            scene.fact(FactKey::PgOurBackend, path, *pid, &source);
        }
        if !self.releases_ms.is_empty() {
            scene.fact(FactKey::PgReleaseToResponseMs, path, self.releases_ms.clone(), &source);
        }
        self.publish_blockers(scene, &session, (path, looks));
    }

    fn publish_blockers(&self, scene: &Scene<'_>, session: &Session, (path, looks): (&str, u64)) {
        if self.heads.is_empty() {
            return;
        }
        let source = session.source("postgres_blockers", BLOCKING);
        let by_pid: BTreeMap<String, u64> =
            self.heads.iter().map(|(pid, (count, ..))| (pid.to_string(), *count)).collect();
        scene.fact_over(looks, (FactKey::PgBlockedBy, path), by_pid, &source);
        if let Some(lock) = &self.blocked_on {
            scene.fact(
                FactKey::PgBlockedOn,
                path,
                lock.clone(),
                &session.source("postgres_locks", LOCKED),
            );
        }
        let source = session.source("postgres_activity", ACTIVITY);
        for (_, backend, ours) in self.heads.values().take(HEADS_MAX) {
            publish_backend(scene, session, (backend, *ours), &source);
        }
    }
}

fn publish_backend(
    scene: &Scene<'_>,
    session: &Session,
    (one, ours): (&Backend, bool),
    source: &Source,
) {
    let name = object::backend(&session.name, one.pid);
    if one.state.is_empty() {
        let reason = "its session is not shown to our role: pg_monitor is missing";
        scene.missing(FactKey::PgBackendState, name, reason);
        return;
    }
    scene.fact(FactKey::PgBackendState, &name, redact::text(&one.state), source);
    scene.fact(FactKey::PgBackendStarted, &name, one.started.clone(), source);
    scene.fact(FactKey::PgBackendApp, &name, application(one), source);
    scene.fact(FactKey::PgBackendQuery, &name, redact::postgres_sql(&one.query), source);
    scene.fact(FactKey::PgBackendOurs, &name, ours, source);
    if let Some(age) = one.xact_ms {
        scene.fact(FactKey::PgBackendXactMs, &name, age, source);
    }
    let client = one.client.map_or_else(|| "unix socket".to_owned(), |at| at.to_string());
    scene.fact(FactKey::PgBackendClient, &name, client, source);
    let census = Census::take();
    let owner = one.client.and_then(|client| owner_of(&census, client));
    if let Some(pid) = owner {
        let owned = Source::new("postgres", "owner of the client's socket", "ss -tnp");
        scene.fact(FactKey::PgBackendClientPid, &name, pid, &owned);
        process::publish(scene, &census, pid, &[]);
    }
}

/// An application_name and its role, as one name.
pub fn application(one: &Backend) -> String {
    let application = if one.application.is_empty() { "no name" } else { &one.application };
    redact::text(&format!("{application} ({})", one.role))
}

/// The process of this machine that has a client's end of a connection.
fn owner_of(census: &Census, client: SocketAddr) -> Option<u32> {
    let mut diag = SockDiag::open().ok()?;
    let sockets = diag.connections().ok()?;
    let inode = sockets.iter().find(|socket| socket.local == client)?.inode;
    census.owners_of(u64::from(inode)).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(pid: i64, state: &str, query_ms: f64) -> Backend {
        Backend {
            pid,
            state: state.to_owned(),
            query_ms: Some(query_ms),
            xact_ms: Some(query_ms),
            ..Backend::default()
        }
    }

    #[test]
    fn the_head_of_a_chain_waits_for_nobody_and_a_circle_ends() {
        let waits = BTreeMap::from([(1, vec![2, 3]), (2, vec![4])]);
        assert_eq!(head_of(1, &waits), Some(4));
        assert_eq!(head_of(9, &waits), None);
        let circle = BTreeMap::from([(1, vec![2]), (2, vec![1])]);
        assert_eq!(head_of(1, &circle), Some(2));
    }

    #[test]
    fn our_backend_became_busy_after_the_request_was_sent() {
        let (old, ours, idle) =
            (backend(7, "active", 9000.0), backend(8, "active", 400.0), backend(9, "idle", 100.0));
        let found = of_our_request(&[&old, &ours, &idle], 500.0);
        assert_eq!(found.map(|one| one.pid), Some(8));
        assert!(of_our_request(&[&old, &idle], 500.0).is_none());
    }

    #[test]
    fn a_socket_without_a_session_is_still_connecting() {
        let mut sockets = Sockets::default();
        assert_eq!(label(None, &[], &sockets, 100.0), "none");
        sockets.tcp.insert(SocketAddr::from(([127, 0, 0, 1], 40000)));
        assert_eq!(label(None, &[], &sockets, 100.0), "connecting");
    }
}
