//! Accounts and their sessions, as a proof needs them.

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::server::Setup;
use super::web::{Answer, Client, Request};

/// A password long enough for the default rule, and not a common one.
pub const PASSWORD: &str = "seven herons wade at dusk";

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct Session {
    /// The `Cookie` header.
    pub cookie: String,
    /// The `X-CSRF-Token` header.
    pub csrf: String,
}

impl Session {
    /// Adds the cookie and the token to a request.
    pub fn sign(&self, request: Request) -> Request {
        request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf)
    }
}

/// Creates an account from the terminal, as an operator would.
///
/// # Errors
/// When the command refuses.
pub fn add(setup: &Setup, email: &str, admin: bool) -> Result<()> {
    let role: &[&str] = if admin { &["--admin"] } else { &[] };
    let verb: Vec<&str> = ["user", "add", email].into_iter().chain(role.iter().copied()).collect();
    let command = setup.command(&verb).arg("--password-stdin").input(&format!("{PASSWORD}\n"));
    command.read().with_context(|| format!("cannot add {email}"))?;
    Ok(())
}

/// The login request of an account.
pub fn login_request(email: &str, password: &str) -> Request {
    Request::post("/api/auth/login", &json!({ "email": email, "password": password }))
}

/// Signs in.
///
/// # Errors
/// When the answer is not 200 with a cookie.
pub fn login(client: &mut Client, email: &str) -> Result<Session> {
    let answer = client.send(&login_request(email, PASSWORD))?;
    session(&answer)
}

/// The session an answer opened, with its token for unsafe requests.
///
/// # Errors
/// When the answer opened none.
pub fn session(answer: &Answer) -> Result<Session> {
    if answer.status != 200 {
        bail!("login answered {}: {}", answer.status, answer.body);
    }
    let cookie = answer.cookie().context("login set no cookie")?;
    let csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
    Ok(Session { cookie, csrf: csrf.context("login gave no token for unsafe requests")? })
}

/// The identifier of who is signed in.
///
/// # Errors
/// When `/api/me` does not say it.
pub fn user_id(client: &mut Client, session: &Session) -> Result<String> {
    let me = client.send(&session.sign(Request::get("/api/me")))?;
    let id = me.json()["user"]["id"].as_str().map(str::to_owned);
    id.with_context(|| format!("/api/me names no user: {}", me.body))
}

/// Whether the server still takes the session; `None` when it answered neither yes nor no.
///
/// # Errors
/// When no answer came.
pub fn is_alive(client: &mut Client, cookie: &str) -> Result<Option<bool>> {
    let answer = client.send(&Request::get("/api/me").header("cookie", cookie))?;
    Ok(match answer.status {
        200 => Some(true),
        401 => Some(false),
        _ => None,
    })
}
