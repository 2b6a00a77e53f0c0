//! A server on a free port of loopback, with everything real behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use galen_account::{Accounts, AdminUser, Keys, LimitPolicy, Policy, Ports};
use galen_core::model::{Role, User};
use galen_core::outbox::{KeptParcel, PostRoom};
use galen_core::post::{Channel, Rendered};
use galen_core::{Clock, Code, Cx, Fut, Health, Refusal, RequestId, Secret, Store};
use galen_http::{
    App, AppParts, CheckStatus, ConfiguredKey, ConfiguredSection, Drained, HttpSettings, Hub,
    JobStatus, Jobs, serve,
};
use galen_monitor::{Monitor, MonitorParts, MonitorSettings};
use galen_store::{HistorySettings, SqliteHistory, SqliteSettings, SqliteStore};
use galen_testkit::{CollectingObserver, SeededEntropy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Reply};
use super::clock::{Onlooker, SteadyClock};
use super::examiner::Noted;
use super::observer::Both;

/// The admin every test application has.
pub const EMAIL: &str = "ann@example.org";
/// Everybody's password.
pub const PASSWORD: &str = "seven quiet herons on a pier";

pub struct TestApp {
    pub addr: SocketAddr,
    pub app: Arc<App>,
    pub accounts: Arc<Accounts>,
    pub clock: Arc<SteadyClock>,
    pub entropy: Arc<SeededEntropy>,
    pub observer: Arc<CollectingObserver>,
    pub monitor: Arc<Monitor>,
    hub: Arc<Hub>,
    pub store: Arc<dyn Store>,
    pub shutdown: CancellationToken,
    served: JoinHandle<Drained>,
    _dir: tempfile::TempDir,
}

impl TestApp {
    /// A server as it is without configuration, but without limits on attempts.
    pub async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    /// A server with settings and policy changed.
    pub async fn with(change: impl FnOnce(&mut HttpSettings, &mut Policy)) -> Self {
        let mut settings = HttpSettings::default();
        let limits = LimitPolicy { enabled: false, ..LimitPolicy::default() };
        let mut policy = Policy { limits, ..Policy::default() };
        change(&mut settings, &mut policy);
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(SteadyClock::new());
        let entropy = Arc::new(SeededEntropy::new(7));
        let observer = Arc::new(CollectingObserver::default());
        let monitor = monitor(dir.path(), &clock, &entropy);
        let recorder = Arc::new(Both(Arc::clone(&observer) as _, monitor.observer()));
        let store = SqliteStore::open(
            SqliteSettings::at(dir.path().join("test.db")),
            Arc::clone(&clock) as _,
            Arc::clone(&recorder) as _,
        )
        .expect("a store");
        let store: Arc<dyn Store> = Arc::new(store);
        let hub = Hub::new(64);
        let accounts = Arc::new(Accounts::new(
            Ports {
                store: Arc::clone(&store),
                clock: Arc::clone(&clock) as _,
                entropy: Arc::clone(&entropy) as _,
                bus: Arc::clone(&hub) as _,
            },
            policy,
            Keys { csrf: Secret::new([7; 32]), links: Secret::new([9; 32]) },
        ));
        let app = App::new(AppParts {
            accounts: Arc::clone(&accounts),
            store: Arc::clone(&store),
            monitor: Arc::clone(&monitor),
            hub: Arc::clone(&hub),
            checks: Arc::new(|| vec![check()]),
            jobs: Arc::new(OneJob),
            configured: vec![configured()],
            post: Arc::new(Plain),
            examiner: Arc::new(Noted::default()),
            recorder,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::clone(&entropy) as _,
            settings,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(Arc::clone(&app), listener, shutdown.clone()));
        Self {
            addr,
            app,
            accounts,
            clock,
            entropy,
            observer,
            monitor,
            hub,
            store,
            shutdown,
            served,
            _dir: dir,
        }
    }

    /// Tries whether the store reads and writes a row, and tells the application, as the roof's task
    /// does.
    pub async fn canary(&self) {
        let id = RequestId::mint(&*self.clock, &*self.entropy);
        let cx = Cx::background(id, &*self.clock, 2_000_000_000);
        let tried = async {
            self.store.counts(&cx, self.clock.now()).await?;
            self.store.canary(&cx).await
        };
        let code = tried.await.err().map(|error| Refusal::from(error).code);
        self.note(code);
    }

    /// Tells the application that the canary found this.
    pub fn note(&self, code: Option<Code>) {
        let now = self.clock.now();
        self.app.note_health(Health {
            ready: code.is_none(),
            code: code.map(|code| code.text().to_owned()),
            since: now,
            checked_at: now,
            resources: Vec::new(),
        });
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.hub.streams()
    }

    /// A browser that has never been here.
    pub fn client(&self) -> Client {
        Client::new(self.addr)
    }

    /// The database's file.
    pub fn database(&self) -> std::path::PathBuf {
        self._dir.path().join("test.db")
    }

    pub fn cx(&self) -> Cx {
        let id = RequestId::mint(&*self.clock, &*self.entropy);
        Cx::live(id, &*self.clock, 10_000_000_000)
    }

    /// Makes an account as the command line does.
    pub async fn account(&self, email: &str, role: Role) -> User {
        let wanted = AdminUser {
            email: email.to_owned(),
            name: "Ann".to_owned(),
            password: Secret::new(PASSWORD.to_owned()),
            role,
        };
        let made = self.accounts.create_user(&self.cx(), None, wanted).await;
        made.expect("an account")
    }

    /// An admin who is signed in.
    pub async fn admin(&self) -> Client {
        self.account(EMAIL, Role::Admin).await;
        self.signed_in(EMAIL).await
    }

    /// A new user who is signed in.
    pub async fn user(&self, email: &str) -> Client {
        self.account(email, Role::User).await;
        self.signed_in(email).await
    }

    /// A browser signed in to an account that exists.
    pub async fn signed_in(&self, email: &str) -> Client {
        let mut client = self.client();
        ok(client.sign_in(email, PASSWORD).await, 200);
        client
    }

    /// Stops the server and says how it ended.
    pub async fn stop(self) -> Drained {
        self.shutdown.cancel();
        self.served.await.expect("the server ends in order")
    }

    /// Requests recorded for a route, newest last.
    pub fn records(&self, route: &str) -> Vec<galen_core::RequestRecord> {
        let mut all = self.observer.requests();
        all.retain(|record| record.route == route);
        all
    }
}

/// A monitor with a history of its own.
fn monitor(
    dir: &std::path::Path,
    clock: &Arc<SteadyClock>,
    entropy: &Arc<SeededEntropy>,
) -> Arc<Monitor> {
    let clock = Arc::new(Onlooker(Arc::clone(clock)));
    let settings = HistorySettings::at(dir.join("test.db.history"));
    let history = SqliteHistory::open(settings, Arc::clone(&clock) as _).expect("a history");
    Monitor::new(MonitorParts {
        history: Arc::new(history),
        clock,
        entropy: Arc::clone(entropy) as _,
        settings: MonitorSettings::default(),
    })
}

/// A post room that writes a letter's code and links, and carries nothing.
struct Plain;

impl PostRoom for Plain {
    fn show(&self, parcel: &KeptParcel) -> Result<Rendered, String> {
        let text = Secret::new(format!("{} {:?}", parcel.code.text(), parcel.links));
        Ok(Rendered { subject: parcel.code.text().to_owned(), html: text.clone(), text })
    }

    fn judge_url(&self, url: &str) -> Result<(), String> {
        let is_public = url.starts_with("https://") && !url.contains("127.0.0.1");
        if is_public { Ok(()) } else { Err("it leads nowhere anybody may go".to_owned()) }
    }

    fn carries(&self, _: Channel) -> bool {
        false
    }

    fn push_key(&self) -> Option<String> {
        Some("BKey".to_owned())
    }
}

/// The periodic work of every test application: a task that may be run by hand, and one that may not.
struct OneJob;

impl Jobs for OneJob {
    fn statuses(&self) -> Vec<JobStatus> {
        let job = |name: &str, by_hand| JobStatus {
            name: name.to_owned(),
            every_ms: 1_000,
            by_hand,
            ..JobStatus::default()
        };
        vec![job("rows.sweep", true), job("monitor.tick", false)]
    }

    fn run<'a>(&'a self, name: &'a str) -> Fut<'a, Result<Value, String>> {
        Box::pin(async move { Ok(json!({ "ran": name })) })
    }
}

/// The configuration of every test application.
fn configured() -> ConfiguredSection {
    let key = ConfiguredKey { name: "listen", origin: "default", ..ConfiguredKey::default() };
    ConfiguredSection { name: "server", about: "Where it listens.", keys: vec![key] }
}

/// The one synthetic check of every test application.
fn check() -> CheckStatus {
    CheckStatus {
        name: "livez".to_owned(),
        url: "http://127.0.0.1/livez".to_owned(),
        own: true,
        last_outcome: Some("ok".to_owned()),
        total_ms: Some(1.5),
        runs: 3,
        ..CheckStatus::default()
    }
}

/// The reply, which must have this status.
pub fn ok(reply: Reply, status: u16) -> Reply {
    assert_eq!(reply.status, status, "{}", reply.text());
    reply
}

/// Waits until `is_so`; what never becomes so fails the test after ten seconds.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never so: {what}");
}

impl Client {
    /// Signs in and keeps the cookie and the token against forged requests.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Reply {
        let form = json!({"email": email, "password": password});
        let reply = self.post("/api/auth/login", form).await;
        self.keep_token(&reply);
        reply
    }
}
