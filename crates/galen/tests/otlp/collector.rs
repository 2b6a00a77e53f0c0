//! A collector of one's own: OpenTelemetry's Python messages behind a real socket.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running collector, killed when dropped.
pub struct Collector {
    child: Child,
    file: PathBuf,
}

/// A port nobody listens on just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Collector {
    /// Starts one that writes what it takes into a file; `words` say how it misbehaves.
    #[expect(clippy::disallowed_methods, reason = "the tests start the collector, from here only")]
    pub fn start(port: u16, file: PathBuf, words: &[&str]) -> Self {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/otlp");
        let python = galen_testkit::python("otlp", &sources.join("requirements.txt"));
        let mut child = Command::new(python.expect("the collector's environment"))
            .arg(sources.join("receiver.py"))
            .arg(port.to_string())
            .arg(&file)
            .args(words)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut said = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut said).expect("it speaks");
        assert_eq!(said.trim(), "ready");
        Self { child, file }
    }

    /// The messages it took, oldest first.
    pub fn messages(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        // The last line may still be on its way.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// All spans it took.
    pub fn spans(&self) -> Vec<Value> {
        let messages = self.messages().into_iter();
        messages.filter_map(|m| m["spans"].as_array().cloned()).flatten().collect()
    }

    /// The spans of one name.
    pub fn named(&self, name: &str) -> Vec<Value> {
        self.spans().into_iter().filter(|span| span["name"] == name).collect()
    }

    /// The metrics of each message that has some.
    pub fn metrics(&self) -> Vec<Vec<Value>> {
        self.messages().iter().filter_map(|m| m["metrics"].as_array().cloned()).collect()
    }

    /// Waits until `look` gives something.
    pub fn wait_for<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", self.messages());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _it_has_ended = self.child.kill();
        let _it_was_reaped = self.child.wait();
    }
}
