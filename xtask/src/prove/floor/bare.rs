//! The bare server of `benches`: started, pinned, and asked for its raw figures.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::super::ground;
use super::super::web::{Client, Request};
use super::SERVER_CORE;
use crate::place;
use crate::shell::{Cmd, Running};

/// The bare server.
pub struct Floor {
    /// Its process.
    pub running: Running,
    /// Its port.
    pub port: u16,
    /// From the start of the process to its first answer.
    pub ready_after: Duration,
}

impl Floor {
    fn program() -> Result<PathBuf> {
        Ok(place::target()?.join("release").join("galen-floor"))
    }

    fn pinned(core: u32) -> Result<Cmd> {
        Ok(Cmd::new("taskset").args(["-c", &core.to_string()]).arg(Self::program()?))
    }

    /// Starts it, on one core or on any, and waits until it answers.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn start(database: &Path, core: Option<u32>) -> Result<Self> {
        let port = ground::free_port()?;
        let command = match core {
            Some(core) => Self::pinned(core)?,
            None => Cmd::new(Self::program()?),
        };
        let log = database.with_extension("log");
        let began = Instant::now();
        let address = format!("127.0.0.1:{port}");
        let running = command.args(["serve", &address]).arg(database).log_to(&log)?.spawn()?;
        while began.elapsed() < Duration::from_secs(20) {
            if Client::new(port).send(&Request::get("/hello")).is_ok() {
                return Ok(Self { running, port, ready_after: began.elapsed() });
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        bail!("the floor does not answer: see {}", log.display())
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Hashes a second on the servers' core.
    ///
    /// # Errors
    /// When the program fails.
    pub fn raw_hashes(&self, seconds: u32) -> Result<f64> {
        let text = Self::pinned(SERVER_CORE)?.args(["argon2", "1", &seconds.to_string()]).read()?;
        first_number(&text, "hashes/s")
    }

    /// Rows a second in durable commits of so many rows, on the servers' core.
    ///
    /// # Errors
    /// When the program fails.
    pub fn raw_rows(&self, database: &Path, rows: u32, seconds: u32) -> Result<f64> {
        let words = [rows.to_string(), seconds.to_string()];
        let text = Self::pinned(SERVER_CORE)?.arg("commits").arg(database).args(words).read()?;
        first_number(&text, "rows/s")
    }
}

/// The number before a unit in a line of words.
fn first_number(text: &str, unit: &str) -> Result<f64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| *word == unit);
    let value = at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok());
    value.with_context(|| format!("no figure in {unit} in {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_before_its_unit_is_read() {
        let text = "812.5 commits/s 40625.0 rows/s\n";
        assert!((first_number(text, "rows/s").unwrap() - 40625.0).abs() < 1e-9);
        assert!(first_number(text, "hashes/s").is_err());
    }
}
