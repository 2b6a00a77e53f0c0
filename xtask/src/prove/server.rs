//! A Galen of our own: a folder, a configuration, a port, and a process that dies with the proof.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Ask;
use super::ground::free_port;
use super::web::{Client, Request};
use crate::packages::{self, Occasion};
use crate::shell::{Cmd, Running};
use crate::{place, run, say};

/// Installs and builds what every proof needs.
///
/// # Errors
/// When a package is missing or Galen does not build.
pub fn prepare(ask: &Ask) -> Result<()> {
    packages::ensure(Occasion::Prove)?;
    if ask.as_built && place::galen(ask.profile)?.exists() {
        return Ok(());
    }
    run::build(ask.profile == "release")
}

/// How a Galen is to be started.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The program.
    pub galen: PathBuf,
    /// Its folder: database, keys, configuration and log lie in it.
    pub dir: PathBuf,
    /// The port; kept over restarts.
    pub port: u16,
    /// The core it keeps to, or any.
    pub core: Option<u32>,
    /// Further environment.
    pub env: Vec<(String, String)>,
}

impl Setup {
    /// A Galen in `dir` on a free port.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(ask: &Ask, dir: &Path) -> Result<Self> {
        Ok(Self {
            galen: place::galen(ask.profile)?,
            dir: dir.to_path_buf(),
            port: free_port()?,
            core: None,
            env: Vec::new(),
        })
    }

    /// Sets one configuration key by its environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Switches the limits on wrong passwords off, as the configuration says for benchmarks: every
    /// request of a proof comes from one address, which is exactly what those limits exist to stop.
    pub fn without_limits(self) -> Self {
        self.set("GALEN__LIMITS__ENABLED", "false")
    }

    /// Keeps the server to one core.
    pub fn on_core(self, core: u32) -> Self {
        Self { core: Some(core), ..self }
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.dir.join("dev.db")
    }

    /// Where the server's output goes.
    pub fn log(&self) -> PathBuf {
        self.dir.join("galen.log")
    }

    /// A `galen` command with this database and environment.
    pub fn command(&self, verb: &[&str]) -> Cmd {
        let start = match self.core {
            Some(core) => Cmd::new("taskset").args(["-c", &core.to_string()]).arg(&self.galen),
            None => Cmd::new(&self.galen),
        };
        let with_env =
            |cmd: Cmd| self.env.iter().fold(cmd, |cmd, (name, value)| cmd.env(name, value));
        with_env(start.args(verb).arg("--database").arg(self.database())).dir(&self.dir)
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// When it ends or stays silent; the end of its log is in the message.
    pub fn start(&self) -> Result<Galen> {
        let began = Instant::now();
        let listen = format!("127.0.0.1:{}", self.port);
        let running = self.command(&["serve", "--listen", &listen]).log_to(&self.log())?.spawn()?;
        let mut galen =
            Galen { running, port: self.port, log: self.log(), ready_after: Duration::ZERO };
        galen.await_ready(began)?;
        Ok(galen)
    }
}

/// A running server.
#[derive(Debug)]
pub struct Galen {
    running: Running,
    /// Its port.
    pub port: u16,
    log: PathBuf,
    /// From the start of the process to its first answer.
    pub ready_after: Duration,
}

impl Galen {
    fn await_ready(&mut self, began: Instant) -> Result<()> {
        loop {
            if Client::new(self.port)
                .send(&Request::get("/livez"))
                .is_ok_and(|answer| answer.status == 200)
            {
                self.ready_after = began.elapsed();
                return Ok(());
            }
            if let Some(status) = self.running.ended()? {
                bail!("galen ended by itself ({status}):\n{}", self.log_end());
            }
            if began.elapsed() > Duration::from_secs(60) {
                bail!("galen does not answer on port {}:\n{}", self.port, self.log_end());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// A new client of this server.
    pub fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The last lines of the log.
    pub fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }

    /// How many panics the log holds.
    pub fn panics(&self) -> u64 {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines()
            .filter(|line| line.contains("panicked at") || line.contains("\"panic\""))
            .count() as u64
    }

    /// Sends `SIGKILL`.
    ///
    /// # Errors
    /// When the process is already gone.
    pub fn kill_nine(self) -> Result<()> {
        self.running.kill_nine()
    }

    /// Asks it to stop and waits for its end; anything but exit 0 is said aloud.
    ///
    /// # Errors
    /// When the process is already gone.
    pub fn stop(self) -> Result<()> {
        let status = self.running.terminate()?;
        if !status.success() {
            say::line(format_args!("galen stopped with {status}"));
        }
        Ok(())
    }
}

/// One line of `/proc/PID/status`, in KiB, such as `VmRSS`.
///
/// # Errors
/// When the process is gone or the kernel names no such line.
pub fn memory_kib(pid: u32, line: &str) -> Result<f64> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let found = text.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let value = found.and_then(|value| value.trim().strip_suffix("kB")?.trim().parse().ok());
    value.with_context(|| format!("no {line} for process {pid}"))
}

/// Processor time used so far by all threads of a process, in milliseconds (`/proc/PID/stat`,
/// fields 14 and 15, in ticks of 10 ms).
///
/// # Errors
/// When the process is gone.
pub fn cpu_ms(pid: u32) -> Result<f64> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_s_memory_and_processor_time_can_be_read() {
        let pid = std::process::id();
        assert!(memory_kib(pid, "VmRSS").unwrap() > 100.0);
        assert!(cpu_ms(pid).unwrap() >= 0.0);
        assert!(memory_kib(pid, "NoSuchLine").is_err());
    }
}
