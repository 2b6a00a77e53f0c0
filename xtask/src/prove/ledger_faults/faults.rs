//! THE eight faults: how each is injected, which request suffers, and which phase must say so.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::super::ground::free_port;
use super::super::holder::Holder;
use super::super::people::{self, PASSWORD, Session};
use super::super::server::{Galen, Setup};
use super::super::web::{Client, Request};
use super::GUEST;
use crate::shell::Cmd;

/// A server with its fault.
pub struct Scene<'a> {
    pub setup: &'a Setup,
    pub galen: &'a Galen,
    pub admin: &'a Session,
    pub stop: &'a AtomicBool,
}

/// A fault.
pub struct Fault {
    pub name: &'static str,
    /// Configuration it needs.
    pub env: &'static [(&'static str, &'static str)],
    /// What is done to the stopped server's files.
    pub before: fn(&Setup) -> Result<()>,
    /// What goes on beside the requests until the scene stops.
    pub during: fn(&Scene<'_>) -> Result<()>,
    pub method: &'static str,
    /// The route that suffers; empty for any.
    pub route: &'static str,
    /// The request that suffers.
    pub request: fn(&Scene<'_>, u64) -> Option<Request>,
    /// How many ask, how long each pauses, and for how long it goes on.
    pub clients: u32,
    pub pause_ms: u64,
    pub seconds: u64,
    /// The phases that name it.
    pub phases: &'static [&'static str],
}

/// No fault: the same requests on a server that is well.
pub const NONE: Fault = Fault {
    name: "none",
    env: &[],
    before: nothing_before,
    during: nothing,
    method: "GET",
    route: "",
    request: mixed,
    clients: 2,
    pause_ms: 5,
    seconds: 15,
    phases: &[],
};

/// ALL faults.
pub const ALL: &[Fault] = &[
    Fault {
        name: "writer lock held from outside",
        during: hold_the_lock_in_bursts,
        method: "POST",
        route: "/api/admin/notifications",
        request: publish,
        clients: 4,
        phases: &["lock_wait"],
        ..NONE
    },
    Fault {
        name: "pool of one reader, busy",
        env: &[("GALEN__DATABASE__READERS", "1")],
        before: many_notifications_without_their_index,
        during: keep_the_reader_busy,
        route: "/api/notifications",
        request: |scene, _| Some(scene.admin.sign(Request::get("/api/notifications"))),
        clients: 4,
        phases: &["pool_wait"],
        ..NONE
    },
    Fault {
        name: "fsync stalled by strace",
        during: stall_fsync,
        method: "POST",
        route: "/api/admin/notifications",
        request: publish,
        clients: 2,
        phases: &["commit_wait"],
        ..NONE
    },
    Fault {
        name: "N+1 queries",
        before: some_notifications,
        route: "/faults/n_plus_one",
        request: |scene, _| Some(scene.admin.sign(Request::get("/faults/n_plus_one?n=1000"))),
        clients: 1,
        phases: &["query"],
        ..NONE
    },
    Fault {
        name: "slow outbound call",
        during: answer_slowly,
        route: "/faults/outbound",
        request: call_out,
        phases: &["outbound"],
        ..NONE
    },
    Fault {
        name: "hash storm",
        method: "POST",
        route: "/api/auth/login",
        request: |_, _| Some(people::login_request(GUEST, PASSWORD)),
        clients: 24,
        phases: &["hash_wait", "hash"],
        ..NONE
    },
    Fault {
        name: "blocked executor thread",
        route: "/faults/block",
        request: |scene, _| Some(scene.admin.sign(Request::get("/faults/block?ms=200"))),
        clients: 3,
        phases: &["blocked", "executor_queue"],
        ..NONE
    },
    Fault {
        name: "missing index",
        before: many_notifications_without_their_index,
        route: "/api/notifications",
        request: |scene, _| Some(scene.admin.sign(Request::get("/api/notifications?unread=true"))),
        clients: 1,
        phases: &["query"],
        ..NONE
    },
];

fn nothing_before(_: &Setup) -> Result<()> {
    Ok(())
}

fn nothing(_: &Scene<'_>) -> Result<()> {
    Ok(())
}

fn publish(scene: &Scene<'_>, number: u64) -> Option<Request> {
    let id = people::user_id(&mut scene.galen.client(), scene.admin).ok()?;
    let body = json!({"user_id": id, "category": "proof", "level": "info", "title": format!("n {number}"), "body": "b"});
    Some(scene.admin.sign(Request::post("/api/admin/notifications", &body)))
}

/// What a healthy server is asked.
fn mixed(scene: &Scene<'_>, number: u64) -> Option<Request> {
    match number % 4 {
        0 => publish(scene, number),
        1 => Some(scene.admin.sign(Request::get("/api/notifications"))),
        2 => Some(scene.admin.sign(Request::get("/api/me"))),
        _ => Some(Request::get("/api/auth/csrf")),
    }
}

fn hold_the_lock_in_bursts(scene: &Scene<'_>) -> Result<()> {
    while !scene.stop.load(Ordering::Relaxed) {
        let holder = Holder::take(&scene.setup.database())?;
        std::thread::sleep(Duration::from_millis(400));
        holder.let_go()?;
    }
    Ok(())
}

/// Reads of the one reader that look at every notification of somebody with a great many.
fn keep_the_reader_busy(scene: &Scene<'_>) -> Result<()> {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::new(scene.galen.port);
                let slow = scene.admin.sign(Request::get("/api/notifications?unread=true"));
                while !scene.stop.load(Ordering::Relaxed) {
                    let _ = client.send(&slow);
                }
            });
        }
    });
    Ok(())
}

/// Every sync of the database's files takes 150 ms more.
fn stall_fsync(scene: &Scene<'_>) -> Result<()> {
    let pid = scene.galen.pid().to_string();
    let strace = Cmd::new("strace")
        .args(["-f", "-q", "-p", &pid, "-e", "trace=fsync,fdatasync"])
        .args(["-e", "inject=fsync,fdatasync:delay_enter=150000", "-o", "/dev/null"])
        .spawn()?;
    while !scene.stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
    strace.terminate()?;
    Ok(())
}

/// The port of the slow service; asked for once a scene, so it lies in the server's folder.
fn outbound_port(scene: &Scene<'_>) -> Option<u16> {
    std::fs::read_to_string(scene.setup.dir.join("outbound.port")).ok()?.trim().parse().ok()
}

fn call_out(scene: &Scene<'_>, _: u64) -> Option<Request> {
    let port = outbound_port(scene)?;
    Some(scene.admin.sign(Request::get(&format!("/faults/outbound?port={port}"))))
}

/// A service that takes 200 ms for an answer.
fn answer_slowly(scene: &Scene<'_>) -> Result<()> {
    let port = free_port()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).context("the slow service")?;
    listener.set_nonblocking(true)?;
    std::fs::write(scene.setup.dir.join("outbound.port"), port.to_string())?;
    std::thread::scope(|scope| {
        while !scene.stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((mut stream, _)) => {
                    scope.spawn(move || {
                        use std::io::{Read, Write};
                        let _ = stream.set_nonblocking(false);
                        let _ = stream.read(&mut [0; 4096]);
                        std::thread::sleep(Duration::from_millis(200));
                        let _ = stream.write_all(
                            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
                        );
                    });
                }
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    });
    Ok(())
}

/// A million notifications that were read, and no index by which unread ones are found.
fn many_notifications_without_their_index(setup: &Setup) -> Result<()> {
    seed(setup, 1_000_000, "DROP INDEX notifications_unread")
}

/// A page of notifications.
fn some_notifications(setup: &Setup) -> Result<()> {
    seed(setup, 100, "SELECT 1")
}

/// Gives the admin so many notifications that were read, and runs a statement of its own.
fn seed(setup: &Setup, rows: u32, statement: &str) -> Result<()> {
    let script = "\
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
rows = int(sys.argv[2])
user = db.execute(\"SELECT id FROM users WHERE role = 'admin'\").fetchone()[0]
db.execute('BEGIN')
(base,) = db.execute(\"SELECT n FROM counters WHERE name = 'notice_seq'\").fetchone()
name = lambda n: (1700000000000 + n).to_bytes(6, 'big') + bytes([0x70]) + os.urandom(1) + bytes([0x80]) + os.urandom(7)
row = lambda n: (user, 0, base + n + 1, name(n), 'proof', 'info', 't', 'b' * 40, 'system', n, 2**52, n)
columns = 'user_id, archived, seq, id, category, level, title, body, author_kind, created_at, gone_at, read_at'
db.executemany(f'INSERT INTO notifications ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)', map(row, range(rows)))
db.execute(\"UPDATE counters SET n = n + ? WHERE name IN ('notifications', 'notice_seq')\", (rows,))
db.execute(sys.argv[3])
db.execute('COMMIT')
db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
db.close()
";
    let python = Cmd::new("python3").args(["-c", script]).arg(setup.database());
    python.args([rows.to_string().as_str(), statement]).run()
}
