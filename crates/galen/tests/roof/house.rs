//! A folder of one's own with a Galen in it: runs verbs, serves, asks over HTTP.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A password that every rule takes.
pub const PASSWORD: &str = "quiet harbour lantern seventeen";

/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with an installation in it.
pub struct House {
    folder: TempDir,
}

impl House {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).expect("a file in a temporary folder");
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the tests drive the real binary, from here only"
    )]
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_galen"));
        command.args(words).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
    }

    /// Runs a verb to its end.
    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(words).output().expect("the binary runs"))
    }

    /// Runs a verb with variables in its environment.
    pub fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(words);
        Ran::of(command.envs(variables.iter().copied()).output().expect("the binary runs"))
    }

    /// Runs a verb with text on its standard input.
    pub fn run_fed(&self, words: &[&str], text: &str) -> Ran {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("the binary reads");
        drop(stdin);
        Ran::of(child.wait_with_output().expect("the binary ends"))
    }

    /// Makes an admin without a server.
    pub fn add_admin(&self, email: &str) {
        let words = ["user", "add", email, "--admin", "--password-stdin"];
        let ran = self.run_fed(&words, &format!("{PASSWORD}\n"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }

    /// Serves on a free port until dropped.
    pub fn serve(&self) -> Server<'_> {
        self.serve_with(&[])
    }

    /// Serves with more words on the command line.
    pub fn serve_with(&self, words: &[&str]) -> Server<'_> {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(words);
        let log = File::create(self.file("serve.log")).expect("a file in a temporary folder");
        let child = self.command(&all).stdout(Stdio::null()).stderr(log).spawn();
        let mut server = Server {
            house: self,
            child: child.expect("the binary runs"),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let address = server.wait_for("the server to listen", |server| {
            let lock = std::fs::read_to_string(server.house.file("dev.db.lock")).ok()?;
            let holder: Value = serde_json::from_str(&lock).ok()?;
            let is_ours = holder["pid"].as_u64() == Some(u64::from(server.child.id()));
            holder["listen"].as_str().filter(|_| is_ours)?.parse().ok()
        });
        server.address = address;
        server.wait_for("the server to be ready", |server| {
            (server.get("/readyz").status == 200).then_some(())
        });
        server
    }
}

/// How a verb ended and what it printed.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; 255 when a signal ended it.
    pub code: i32,
    /// Its answer.
    pub stdout: String,
    /// What else it said.
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(255),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The answer as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A serving Galen, killed when dropped.
pub struct Server<'a> {
    house: &'a House,
    child: Child,
    address: SocketAddr,
}

impl Server<'_> {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.house.file("serve.log")).unwrap_or_default()
    }

    /// Waits until `look` gives something.
    pub fn wait_for<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let ended = self.child.try_wait().ok().flatten();
            let is_over = ended.is_some() || began.elapsed() > PATIENCE;
            assert!(!is_over, "waited in vain for {what} (ended: {ended:?}):\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("it is ours to signal");
    }

    /// Waits for its end and gives the exit code.
    pub fn wait(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code().unwrap_or(255);
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// GETs a path.
    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    /// POSTs JSON to a path.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[("Content-Type", "application/json")], &body.to_string())
    }

    /// Signs in; the cookie is in the reply.
    pub fn login(&self, email: &str) -> Reply {
        let form = serde_json::json!({ "email": email, "password": PASSWORD });
        self.post("/api/auth/login", &form)
    }

    /// Sends one request over a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        ask(self.address, method, path, headers, body).unwrap_or_default()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer; status 0 when there was none.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The head as it came.
    pub head: String,
    /// The body as it came.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The `name=value` of the cookie that was set.
    pub fn cookie(&self) -> Option<String> {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with("set-cookie:"))?;
        let pair = line.split_once(':')?.1.split(';').next()?;
        Some(pair.trim().to_owned())
    }
}

/// Sends one request, asks for the connection to be closed, and reads to its end.
pub fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes())?;
    let mut raw = String::new();
    stream.read_to_string(&mut raw)?;
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((&raw, ""));
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    Ok(Reply { status: status.unwrap_or(0), head: head.to_owned(), body: body.to_owned() })
}
