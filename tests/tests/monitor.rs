//! The monitor end to end: a lock held from outside, its alert, and a history that survives a crash.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "a test starts programs, and fails by panicking"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use galen_tests::client::Client;
use galen_tests::galen::Galen;
use serde_json::{Value, json};

const EMAIL: &str = "admin@example.org";
const PASSWORD: &str = "four quiet words together";
/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(90);
/// Windows are closed often, so that a test need not wait ten seconds for each.
const OFTEN: (&str, &str) = ("GALEN__MONITOR__TICK", "200ms");

/// Takes the write lock, says so, and keeps it until its input ends.
const HOLD: &str = "\
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
db.execute('ROLLBACK')
";

/// Another program that holds the database's write lock until it is dropped.
struct Holder(Child);

impl Holder {
    fn take(folder: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", HOLD])
            .arg(folder.join("dev.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 must be installed");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n");
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

fn wait_for<T>(what: &str, galen: &Galen, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}:\n{}", galen.log());
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// A server with an admin who is signed in.
fn start(settings: &[(&str, &str)]) -> (Galen, Client) {
    let galen = Galen::start(settings).expect("galen starts");
    galen.add_user(EMAIL, PASSWORD, true).expect("an admin");
    let admin = Client::new(&galen.url());
    admin.sign_in(EMAIL, PASSWORD).expect("the admin signs in");
    wait_until_ready(&galen);
    (galen, admin)
}

fn status_of(galen: &Galen, path: &str) -> u16 {
    Client::new(&galen.url()).get(path).map_or(0, |answer| answer.status)
}

fn wait_until_ready(galen: &Galen) {
    wait_for("readiness", galen, || (status_of(galen, "/readyz") == 200).then_some(()));
}

fn get(admin: &Client, path: &str) -> Value {
    admin.get(path).map_or(Value::Null, |answer| answer.json())
}

/// What `galen status --json` says of the write lock.
fn lock_in_status(galen: &Galen) -> Value {
    let (code, said) = galen.run(&["status", "--json"], "").expect("the binary runs");
    assert_eq!(code, 0, "{said}");
    let status: Value = serde_json::from_str(&said).expect("JSON");
    let resources = status["health"]["resources"].as_array().cloned().unwrap_or_default();
    let lock = resources.into_iter().find(|state| state["resource"] == "writer_lock");
    lock.expect("the write lock is among the resources")
}

#[test]
fn a_lock_held_from_outside_is_told_with_its_holder_and_passes() {
    let (galen, _admin) = start(&[OFTEN]);
    assert_eq!(lock_in_status(&galen)["code"], Value::Null);
    let holder = Holder::take(galen.folder());
    wait_for("503", &galen, || (status_of(&galen, "/readyz") == 503).then_some(()));
    let answer = Client::new(&galen.url()).get("/readyz").expect("an answer");
    assert!(answer.body.contains("server.database_busy"), "{}", answer.body);
    assert!(!answer.body.contains(&holder.pid().to_string()), "strangers learn no PID");
    assert_eq!(status_of(&galen, "/livez"), 200);
    let lock = lock_in_status(&galen);
    assert_eq!(lock["code"], "server.database_busy", "{lock}");
    assert_eq!(lock["holder"]["pid"], holder.pid(), "{lock}");
    assert!(lock["holder"]["command"].as_str().is_some_and(|said| said.contains("python3")));
    let (_, page) = galen.run(&["status"], "").expect("the binary runs");
    assert!(page.contains("NOT READY since"), "{page}");
    assert!(page.contains(&format!("held by process {}", holder.pid())), "{page}");
    drop(holder);
    wait_until_ready(&galen);
    let log = galen.log();
    assert_eq!(log.matches("not ready: waited").count(), 1, "once a change: {log}");
    assert_eq!(log.matches("ready again").count(), 1, "{log}");
}

#[test]
fn a_held_lock_alerts_once_and_is_over_once() {
    let (galen, admin) = start(&[OFTEN]);
    let rule = "/api/admin/alerts/rules/not_ready";
    let at_once = json!({ "object": "", "enabled": true, "threshold": null, "pending_s": 0 });
    let changed = admin.change("PUT", rule, &at_once).expect("an answer");
    assert!(changed.status < 300, "{changed:?}");
    let holder = Holder::take(galen.folder());
    let cause = wait_for("the alert", &galen, || {
        let open = get(&admin, "/api/admin/alerts");
        let alerts = open["alerts"].as_array()?.clone();
        let firing = alerts.into_iter().find(|alert| alert["state"] == "firing")?;
        firing["cause"].as_str().map(str::to_owned)
    });
    assert_eq!(cause, "writer_lock");
    let (code, said) = galen.run(&["alerts"], "").expect("the binary runs");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("FIRING") && said.contains(&holder.pid().to_string()), "{said}");
    drop(holder);
    let told = |telling: &str| {
        let inbox = get(&admin, "/api/notifications?limit=100");
        let items = inbox["items"].as_array().cloned().unwrap_or_default();
        let ours = items.iter().filter(|item| item["category"] == "alert");
        ours.filter(|item| item["params"]["telling"] == telling).count()
    };
    wait_for("the message", &galen, || (told("firing") == 1).then_some(()));
    wait_until_ready(&galen);
    // A rule that is off has nothing to say any more: what fired by it is over without its pause.
    let off = json!({ "object": "", "enabled": false, "threshold": null, "pending_s": null });
    let changed = admin.change("PUT", rule, &off).expect("an answer");
    assert!(changed.status < 300, "{changed:?}");
    wait_for("the end", &galen, || (told("resolved") == 1).then_some(()));
    wait_for("quiet", &galen, || {
        get(&admin, "/api/admin/alerts")["alerts"].as_array()?.is_empty().then_some(())
    });
    assert_eq!((told("firing"), told("resolved")), (1, 1));
}

/// How many requests for `/api/me` the history holds of the last hour.
fn remembered(admin: &Client) -> u64 {
    let path = "/api/admin/monitor/series?metric=http_request_ns&object=GET%20%2Fapi%2Fme%20ok";
    get(admin, path)["series"]["whole"]["count"].as_u64().unwrap_or(0)
}

/// How often the monitor has closed a window and written it down.
fn ticks(galen: &Galen) -> u64 {
    let (_, said) = galen.run(&["status", "--json"], "").expect("the binary runs");
    let status: Value = serde_json::from_str(&said).unwrap_or_default();
    let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
    let tick = tasks.into_iter().find(|task| task["name"] == "monitor.tick");
    tick.and_then(|task| task["runs"].as_u64()).unwrap_or(0)
}

#[test]
fn the_history_survives_a_crash_and_a_stop() {
    let settings = [OFTEN, ("GALEN__MONITOR__HISTORY_CAP", "16 MiB")];
    let (mut galen, admin) = start(&settings);
    for _ in 0..50 {
        assert_eq!(admin.get("/api/me").expect("an answer").status, 200);
    }
    // Two windows later all of it is on the disk; a crash takes what is younger.
    let seen = ticks(&galen);
    wait_for("two windows", &galen, || (ticks(&galen) >= seen + 2).then_some(()));
    galen.crash_and_restart(&settings).expect("it comes up again");
    wait_until_ready(&galen);
    assert!(remembered(&admin) >= 50, "{}", galen.log());
    assert_eq!(admin.get("/api/me").expect("an answer").status, 200);
    galen
        .restart(&[settings[0], settings[1], ("GALEN__LOG__LEVEL", "info,galen=debug")])
        .expect("it comes up again");
    // The last window of a run that is stopped in order is never lost.
    wait_for("the last window", &galen, || (remembered(&admin) >= 51).then_some(()));
    let codes = wait_for("the annotations", &galen, || {
        let noted = get(&admin, "/api/admin/monitor/annotations");
        let noted = noted["annotations"].as_array()?.clone();
        let codes: Vec<String> =
            noted.iter().filter_map(|one| one["code"].as_str().map(str::to_owned)).collect();
        (codes.iter().filter(|code| *code == "started").count() == 3).then_some(codes)
    });
    for (code, times) in [("stopped", 1), ("configured", 1), ("migrated", 0)] {
        assert_eq!(codes.iter().filter(|known| *known == code).count(), times, "{codes:?}");
    }
    let facts = get(&admin, "/api/admin/monitor/history");
    assert_eq!(facts["cap_bytes"], 16 << 20, "{facts}");
    assert!(facts["size_bytes"].as_u64().is_some_and(|size| size <= 16 << 20), "{facts}");
}

#[test]
fn without_a_usable_history_accounts_are_served_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    // Somebody else's database stands where the history would be: it is left alone.
    let theirs = folder.path().join("dev.db.history");
    let script = "import sqlite3,sys; db=sqlite3.connect(sys.argv[1]); db.execute('CREATE TABLE t(a)'); db.commit()";
    let made = Command::new("python3").args(["-c", script]).arg(&theirs).status();
    assert!(made.expect("python3 must be installed").success());
    let before = std::fs::read(&theirs).expect("their file");
    let port = galen_tests::galen::free_port().expect("a free port");
    let galen = Galen::start_in(folder, port, &[OFTEN]).expect("galen starts");
    galen.add_user(EMAIL, PASSWORD, true).expect("an admin");
    let admin = Client::new(&galen.url());
    admin.sign_in(EMAIL, PASSWORD).expect("the admin signs in");
    wait_until_ready(&galen);
    assert!(galen.log().contains("the history cannot be opened"), "{}", galen.log());
    assert_eq!(std::fs::read(galen.folder().join("dev.db.history")).expect("their file"), before);
}
