//! schemathesis over the served OpenAPI document: no answer of 5xx, anonymous or signed in.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::people::{self, Session};
use super::server::Setup;
use super::web::Request;
use super::{Ask, Figure, Goal, Outcome, ground, patients};
use crate::shell::Cmd;
use crate::{place, say};

const ADMIN: &str = "admin@example.org";

/// What would end the session that the second pass lives on; the third pass tries only these.
const ENDING: &[&str] = &[
    "/api/auth/logout",
    "/api/auth/logout-all",
    "/api/me/password",
    "/api/me/sessions/{id}",
    "/api/admin/sessions/{id}",
];

/// Fuzzes as a stranger, as an admin, and as an admin whose session may end.
///
/// # Errors
/// When schemathesis cannot be installed, or Galen does not start.
pub fn run(ask: &Ask) -> Result<Outcome> {
    let dir = ground::clear("fuzz-api")?;
    let python = patients::environment(
        "schemathesis-venv",
        &place::root().join("xtask/schemathesis/requirements.txt"),
    )?;
    let setup = Setup::new(ask, &dir)?.without_limits();
    people::add(&setup, ADMIN, true)?;
    let server = setup.start()?;
    let document = server.client().send(&Request::get("/openapi.json"))?.json();
    let operations = count_operations(&document);
    let session = people::login(&mut server.client(), ADMIN)?;
    let ended = people::login(&mut server.client(), ADMIN)?;
    let mut outcome = Outcome::default();
    outcome.add(Figure::count("operations in the document", operations, Goal::AtLeast(20.0)));
    let examples = ask.rounds_of(100, 10);
    let passes = [
        Pass { who: "anonymous", session: None, filter: None },
        Pass { who: "admin", session: Some(&session), filter: Some("--exclude-path") },
        Pass { who: "admin to the end", session: Some(&ended), filter: Some("--include-path") },
    ];
    let program = python.with_file_name("schemathesis");
    for pass in passes {
        let cmd = pass.command(&program, &server.url("/openapi.json"), examples).dir(&dir);
        let done = cmd.output()?;
        let said = format!("{}{}", done.stdout, done.stderr);
        std::fs::write(dir.join(format!("{}.txt", pass.who)), &said)
            .context("cannot keep what it said")?;
        if done.code != 0 {
            say::line(&done.stdout);
        }
        let name = format!("{}: schemathesis finds no server error", pass.who);
        outcome.add(Figure::holds(name, done.code == 0));
        outcome.note(format!("{}: {}", pass.who, summary(&said)));
    }
    outcome.add(Figure::count("panics in the log", server.panics(), Goal::AtMost(0.0)));
    let mut client = server.client();
    let ready = client.send(&Request::get("/readyz"))?;
    outcome.add(Figure::holds("ready afterwards", ready.status == 200));
    let alive = people::is_alive(&mut client, &session.cookie)?;
    outcome.add(Figure::holds("the admin was signed in to the end", alive == Some(true)));
    server.stop()?;
    Ok(outcome)
}

fn count_operations(document: &Value) -> u64 {
    let methods = ["get", "post", "patch", "put", "delete"];
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .map(|(_, item)| methods.iter().filter(|method| !item[**method].is_null()).count() as u64)
        .sum()
}

/// The line that says how much was tried.
fn summary(said: &str) -> String {
    let tried = said.lines().map(str::trim).find(|line| line.contains(" generated, "));
    tried.unwrap_or("it did not say how much it tried").to_owned()
}

/// One run of schemathesis: as whom, and over which paths.
struct Pass<'a> {
    who: &'static str,
    session: Option<&'a Session>,
    filter: Option<&'static str>,
}

impl Pass<'_> {
    fn command(&self, program: &Path, document: &str, examples: u32) -> Cmd {
        let mut cmd = Cmd::new(program)
            .args(["run", document])
            .args(["--checks", "not_a_server_error", "--continue-on-failure", "--no-color"])
            .args(["--generation-database", "none", "--seed", "1"])
            .args(["--max-examples", &examples.to_string()]);
        if let Some(session) = self.session {
            cmd = cmd.args(["--generation-with-security-parameters", "false"]);
            cmd = cmd.arg("-H").arg(format!("Cookie: {}", session.cookie));
            cmd = cmd.arg("-H").arg(format!("X-CSRF-Token: {}", session.csrf));
        }
        match self.filter {
            Some(filter) => ENDING.iter().fold(cmd, |cmd, path| cmd.args([filter, path])),
            None => cmd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_by_path_and_method() {
        let document = serde_json::json!({"paths": {"/a": {"get": {}, "post": {}}, "/b": {"delete": {}, "parameters": []}}});
        assert_eq!(count_operations(&document), 3);
    }
}
