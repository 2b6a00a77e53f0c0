//! The commands of the original report, as written, against a fresh start.

use anyhow::{Context, Result};

use super::people::PASSWORD;
use super::server::{Galen, Setup};
use super::{Ask, Figure, Goal, Outcome, ground, people};
use crate::say;
use crate::shell::Cmd;

const PERSON: &str = "person@example.org";

/// Starts a fresh Galen on port 8000, or on a free one that is said aloud, and runs the commands.
///
/// # Errors
/// When Galen does not start or curl is missing.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("report-commands")?;
    let mut setup = Setup::new(ask, &dir)?;
    if std::net::TcpListener::bind(("127.0.0.1", 8000)).is_ok() {
        setup.port = 8000;
    } else {
        say::line(format_args!(
            "port 8000 is taken: the commands run with {} in its place",
            setup.port
        ));
    }
    people::add(&setup, PERSON, false)?;
    let server = setup.start()?;
    let mut outcome = Outcome::default();
    csrf(&server, &mut outcome)?;
    logins(&server, &mut outcome)?;
    notifications(&server, &mut outcome)?;
    let cors = curl(&server, &["-X", "GET", "http://127.0.0.1:8000/test-cors"])?;
    outcome.add(Figure::holds("GET /test-cors answers 200", cors.status == 200));
    outcome.add(Figure::count("panics in the log", server.panics(), Goal::AtMost(0.0)));
    server.stop()?;
    Ok(outcome)
}

fn csrf(server: &Galen, outcome: &mut Outcome) -> Result<()> {
    let shot = curl(server, &["-X", "GET", "http://127.0.0.1:8000/api/auth/csrf"])?;
    outcome.add(Figure::holds("GET /api/auth/csrf answers 200", shot.status == 200));
    outcome.add(Figure::holds("... and sets no cookie", !shot.head.contains("set-cookie:")));
    outcome.add(shot.time("... in").beside("3920 ms in the report"));
    Ok(())
}

fn logins(server: &Galen, outcome: &mut Outcome) -> Result<()> {
    let stranger = login(server, "nobody@example.org")?;
    outcome.add(Figure::holds("login of an unknown user answers 401", stranger.status == 401));
    outcome.add(Figure::holds("... with a problem", stranger.is_problem()));
    let person = login(server, PERSON)?;
    outcome.add(Figure::holds("login of a real one answers 200", person.status == 200));
    outcome.add(Figure::holds(
        "... with a cookie",
        person.head.contains("set-cookie: galen_session="),
    ));
    outcome.add(person.time("... in"));
    Ok(())
}

fn login(server: &Galen, email: &str) -> Result<Shot> {
    let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
    let url = "http://127.0.0.1:8000/api/auth/login";
    curl(server, &["-X", "POST", url, "-H", "Content-Type: application/json", "-d", &body])
}

fn notifications(server: &Galen, outcome: &mut Outcome) -> Result<()> {
    let shot = curl(server, &["-X", "GET", "http://127.0.0.1:8000/api/notifications"])?;
    outcome.add(Figure::holds("GET /api/notifications answers 401", shot.status == 401));
    outcome.add(Figure::holds("... with a problem", shot.is_problem()));
    outcome.add(shot.time("... in").beside("over 5000 ms in the report"));
    Ok(())
}

/// What one curl printed.
struct Shot {
    status: u16,
    head: String,
    body: String,
    seconds: f64,
}

impl Shot {
    fn is_problem(&self) -> bool {
        self.head.contains("content-type: application/problem+json")
            && self.body.contains("\"code\"")
    }

    fn time(&self, name: &str) -> Figure {
        Figure::new(name, self.seconds * 1000.0, "ms", Goal::AtMost(2000.0))
    }
}

/// Runs curl with exactly the words of the report; only how the answer is shown is added.
fn curl(server: &Galen, words: &[&str]) -> Result<Shot> {
    let port = format!("127.0.0.1:{}", server.port);
    let words: Vec<String> =
        words.iter().map(|word| word.replace("127.0.0.1:8000", &port)).collect();
    let shown =
        ["--silent", "--show-error", "--include", "--write-out", "\n%{http_code} %{time_total}"];
    let text = Cmd::new("curl").args(&words).args(shown).read()?;
    let (answer, last) = text.rsplit_once('\n').context("curl printed nothing")?;
    let (code, seconds) = last.split_once(' ').context("curl printed no code")?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    Ok(Shot {
        status: code.parse().context("curl's code is not a number")?,
        head: head.to_lowercase(),
        body: body.to_owned(),
        seconds: seconds.parse().context("curl's time is not a number")?,
    })
}
