//! schemathesis over the served OpenAPI document: no answer of 5xx, anonymous or signed in.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::people::{self, Session};
use super::server::{Galen, Setup};
use super::web::Request;
use super::{Ask, Figure, Goal, Outcome, ground, patients};
use crate::shell::Cmd;
use crate::{place, say};

const ADMIN: &str = "admin@example.org";

/// What would end the session that the signed-in pass lives on, or the account itself.
const LEFT_OUT: &[&str] = &["/api/auth/logout", "/api/auth/logout-all", "/api/me/password"];

/// Fuzzes once as a stranger and once as an admin.
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
    let run = Run { dir: &dir, examples: ask.rounds_of(100, 10) };
    let mut outcome = Outcome::default();
    outcome.add(Figure::count("operations in the document", operations, Goal::AtLeast(20.0)));
    for (who, session) in [("anonymous", None), ("admin", Some(&session))] {
        let said = fuzz(&python.with_file_name("schemathesis"), &server, session, &run)?;
        std::fs::write(dir.join(format!("{who}.txt")), &said.said)
            .context("cannot keep what it said")?;
        outcome
            .add(Figure::holds(format!("{who}: schemathesis finds no server error"), said.clean));
        outcome.note(format!("{who}: {}", said.summary()));
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

struct Said {
    clean: bool,
    said: String,
}

impl Said {
    /// The lines that say how much was tried.
    fn summary(&self) -> String {
        let wanted = |line: &&str| {
            line.contains("generated") || line.contains("Operations:") || line.contains("Tested")
        };
        let lines: Vec<&str> = self.said.lines().map(str::trim).filter(wanted).collect();
        lines.join("; ")
    }
}

/// One run of schemathesis in a folder of its own, as a stranger or with a session.
fn fuzz(program: &Path, server: &Galen, session: Option<&Session>, run: &Run<'_>) -> Result<Said> {
    let examples = run.examples.to_string();
    let mut cmd = Cmd::new(program)
        .args(["run", &server.url("/openapi.json")])
        .args(["--checks", "not_a_server_error", "--continue-on-failure", "--no-color"])
        .args(["--generation-database", "none", "--seed", "1", "--max-examples", &examples])
        .dir(run.dir);
    if let Some(session) = session {
        cmd = cmd.args(["--generation-with-security-parameters", "false"]);
        cmd = cmd.arg("-H").arg(format!("Cookie: {}", session.cookie));
        cmd = cmd.arg("-H").arg(format!("X-CSRF-Token: {}", session.csrf));
        for path in LEFT_OUT {
            cmd = cmd.args(["--exclude-path", path]);
        }
    }
    let done = cmd.output()?;
    if done.code != 0 {
        say::line(&done.stdout);
    }
    Ok(Said { clean: done.code == 0, said: format!("{}{}", done.stdout, done.stderr) })
}

struct Run<'a> {
    dir: &'a Path,
    examples: u32,
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
