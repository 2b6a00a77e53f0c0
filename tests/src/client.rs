//! A small blocking HTTP client that keeps the session's cookie and token, as a browser would.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The first header with this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is not.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// A client of one server.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    cookie: RefCell<Option<String>>,
    csrf: RefCell<Option<String>>,
}

impl Client {
    /// A client of the server at this URL (no trailing slash).
    #[must_use]
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        Self { agent, base: base.to_owned(), cookie: RefCell::default(), csrf: RefCell::default() }
    }

    /// The session's cookie as it is sent back, when there is one.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        self.cookie.borrow().clone()
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When nothing that is HTTP came back.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, &[])
    }

    /// Sends JSON by a method that changes something.
    ///
    /// # Errors
    /// When nothing that is HTTP came back.
    pub fn change(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        self.send(method, path, Some(body), &[])
    }

    /// Sends a request with further headers.
    ///
    /// # Errors
    /// When nothing that is HTTP came back.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = self.cookie.borrow().as_deref() {
            request = request.header("cookie", cookie);
        }
        if let Some(csrf) = self.csrf.borrow().as_deref() {
            request = request.header("x-csrf-token", csrf);
        }
        let response = match body {
            Some(body) => {
                let request =
                    request.header("content-type", "application/json").body(body.to_string())?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(())?),
        };
        self.answer(response.with_context(|| format!("{method} {}{path}", self.base))?)
    }

    fn answer(&self, mut response: ureq::http::Response<ureq::Body>) -> Result<Answer> {
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        for (name, value) in &headers {
            if name == "set-cookie" {
                let pair = value.split(';').next().unwrap_or_default();
                let emptied = pair.ends_with('=');
                self.cookie.replace((!emptied).then(|| pair.to_owned()));
            }
        }
        let body = response.body_mut().read_to_string().context("read the body")?;
        Ok(Answer { status, headers, body })
    }

    /// Signs in and fetches the session's CSRF token.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn sign_in(&self, email: &str, password: &str) -> Result<()> {
        let login = json!({ "email": email, "password": password });
        let answer = self.change("POST", "/api/auth/login", &login)?;
        if answer.status != 200 {
            bail!("login: {} {}", answer.status, answer.body);
        }
        let token = self.get("/api/auth/csrf")?.json();
        let token = token["csrf_token"].as_str().context("a csrf_token")?.to_owned();
        self.csrf.replace(Some(token));
        Ok(())
    }
}
