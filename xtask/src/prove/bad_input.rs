//! More than 200 malformed requests: each is refused in order, and nothing panics.

mod corpus;
mod inbox;

use std::io::Write;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::web::{self, Request};
use super::{Ask, Figure, Goal, Outcome, ground};
use crate::say;

const ADMIN: &str = "admin@example.org";

/// One malformed request.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is wrong with it.
    pub name: String,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Whether the request is left unfinished, so that our side closes after it.
    pub unfinished: bool,
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// 4xx with an RFC 9457 problem.
    Problem,
    /// 4xx from the HTTP parser, or the connection closed: RFC 9112 asks for no more when the
    /// message cannot be framed.
    Dropped,
    /// Anything else.
    Wrong,
}

/// Sends the corpus as a stranger and as an admin.
///
/// # Errors
/// When Galen does not start, or is dead afterwards.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("bad-input")?;
    let setup =
        Setup::new(ask, &dir)?.without_limits().set("GALEN__NOTIFICATIONS__CATEGORIES", "proof");
    people::add(&setup, ADMIN, true)?;
    let server = setup.start()?;
    let admin = people::login(&mut server.client(), ADMIN)?;
    use_a_key(&server, &admin)?;
    let cases: Vec<Case> = corpus::all(&admin).into_iter().chain(inbox::all(&admin)).collect();
    let mut counts = [0_u64; 3];
    for case in &cases {
        let (fate, seen) = send(server.port, case);
        counts[fate as usize] += 1;
        if fate == Fate::Wrong {
            say::line(format_args!("wrong: {}: {seen}", case.name));
        }
    }
    let alive = server.client().send(&Request::get("/readyz")).context("dead after bad input")?;
    let still = people::is_alive(&mut server.client(), &admin.cookie)?;
    let mut outcome = Outcome::default();
    outcome.add(Figure::count("malformed requests", cases.len() as u64, Goal::AtLeast(200.0)));
    outcome.add(Figure::count(
        "refused with a problem (4xx)",
        counts[Fate::Problem as usize],
        Goal::Shown,
    ));
    outcome.add(Figure::count(
        "refused by the HTTP parser",
        counts[Fate::Dropped as usize],
        Goal::Shown,
    ));
    outcome.add(Figure::count(
        "answered otherwise",
        counts[Fate::Wrong as usize],
        Goal::AtMost(0.0),
    ));
    outcome.add(Figure::count("panics in the log", server.panics(), Goal::AtMost(0.0)));
    outcome.add(Figure::holds("ready afterwards", alive.status == 200));
    outcome.add(Figure::holds("the admin's session still lives", still == Some(true)));
    server.stop()?;
    Ok(outcome)
}

/// Publishes under the key that a case uses again with another content.
fn use_a_key(server: &Galen, admin: &Session) -> Result<()> {
    let body = json!({"email": ADMIN, "category": "proof", "title": "first"});
    let request = Request::post("/api/admin/notifications", &body);
    let request = admin.sign(request.header("idempotency-key", "used-before"));
    let answer = server.client().send(&request)?;
    anyhow::ensure!(answer.status == 201, "publishing answered {}", answer.body);
    Ok(())
}

fn send(port: u16, case: &Case) -> (Fate, String) {
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = match web::connect(at) {
        Ok(stream) => stream,
        Err(error) => return (Fate::Wrong, format!("{error:#}")),
    };
    // A server that refuses early closes while we still write: that is its answer, not a failure.
    let _refused_early = stream.write_all(&case.bytes);
    if case.unfinished {
        std::thread::sleep(Duration::from_millis(20));
        let _refused_early = stream.shutdown(Shutdown::Write);
    }
    match web::read_answer(&mut stream, false) {
        Ok((answer, _)) if (400..500).contains(&answer.status) && answer.is_problem() => {
            (Fate::Problem, String::new())
        }
        Ok((answer, false)) if (400..500).contains(&answer.status) && answer.body.is_empty() => {
            (Fate::Dropped, String::new())
        }
        Ok((answer, _)) => (Fate::Wrong, format!("{} {}", answer.status, answer.body)),
        Err(error) => {
            let text = format!("{error:#}");
            let silent = text.contains("os error 11") || text.contains("timed out");
            (if silent { Fate::Wrong } else { Fate::Dropped }, text)
        }
    }
}

/// A request put together by hand, so that every byte of it can be wrong.
pub fn raw(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length =
        if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}{length}\r\n")
        .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The headers of a signed-in request.
pub fn signed(session: &Session) -> String {
    format!("cookie: {}\r\nx-csrf-token: {}\r\n", session.cookie, session.csrf)
}
