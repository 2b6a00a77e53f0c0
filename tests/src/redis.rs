//! A real Redis on a free port, and somebody who holds it up.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::galen::{free_port, stop};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Redis. Dropping it stops it.
pub struct Redis {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Redis {
    /// Starts Redis without persistence and waits until it answers.
    ///
    /// # Errors
    /// Without `redis-server`, or when it does not come up.
    #[expect(clippy::disallowed_methods, reason = "a test starts what its patient works with")]
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--enable-debug-command", "yes"])
            .args(["--port", &port.to_string(), "--dir"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("start redis-server")?;
        let redis = Self { child, port, _folder: folder };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > until {
                bail!("redis-server did not answer in {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets a client of its own hold it up for so long, again and again, until it is stopped.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn hold_up(&self, seconds: f64) -> Result<()> {
        let mut client = TcpStream::connect(("127.0.0.1", self.port))?;
        let sleep = format!("DEBUG SLEEP {seconds}\r\n");
        std::thread::spawn(move || {
            let mut answer = [0; 64];
            while client.write_all(sleep.as_bytes()).is_ok()
                && matches!(client.read(&mut answer), Ok(1..))
            {
                std::thread::sleep(Duration::from_millis(30));
            }
        });
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}
