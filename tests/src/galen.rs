//! A real Galen in a process of its own, on a free port, with a database in a temporary folder.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::client::Client;

/// How long a process may take to come up before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A served Galen. It is asked to stop (SIGTERM) when this value is dropped.
pub struct Galen {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

/// The binary under test, built when it is not there or older than its sources.
///
/// # Errors
/// When it cannot be built.
#[expect(clippy::disallowed_methods, reason = "a test builds and starts the program it tests")]
pub fn binary() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let own = std::env::current_exe().context("find the test's own path")?;
    let folder = own.parent().context("find the folder of the test")?;
    // The bench stands beside the program that was built with it; tests stand in a folder below.
    if !folder.ends_with("deps") {
        return Ok(folder.join("galen"));
    }
    let build = || -> Result<PathBuf> {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--package", "galen"])
            .status()
            .context("run cargo")?;
        if !status.success() {
            bail!("cargo build --package galen failed");
        }
        // The tests' own executable stands in <target>/<profile>/deps.
        let profile = folder.parent().context("find the folder of the profile")?;
        Ok(profile.join("galen"))
    };
    BUILT.get_or_init(|| build().map_err(|e| format!("{e:#}"))).clone().map_err(|e| anyhow!(e))
}

/// A port nobody listens on just now.
///
/// # Errors
/// When the loopback interface has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").context("bind")?.local_addr()?.port())
}

impl Galen {
    /// Starts a server with these settings (`GALEN__SECTION__KEY` and its value) and waits until it
    /// answers.
    ///
    /// # Errors
    /// When it does not come up within [`PATIENCE`].
    pub fn start(settings: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        Self::start_in(folder, free_port()?, settings)
    }

    /// Starts a server on this port with the database in this folder.
    ///
    /// # Errors
    /// When it does not come up within [`PATIENCE`].
    pub fn start_in(
        folder: tempfile::TempDir,
        port: u16,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let child = serve(folder.path(), port, settings)?;
        let mut galen = Self { child, folder, port };
        galen.wait()?;
        Ok(galen)
    }

    /// Ends the server without a word (SIGKILL), as a crash would, and starts it anew on the same
    /// port and database.
    ///
    /// # Errors
    /// When it does not come up within [`PATIENCE`].
    pub fn crash_and_restart(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        self.child.kill().context("kill galen")?;
        self.child.wait().context("wait for galen")?;
        self.launch(settings)
    }

    /// Asks the server to stop, waits until it did, and starts it anew on the same port and database.
    ///
    /// # Errors
    /// When it does not come up within [`PATIENCE`].
    pub fn restart(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        stop(&mut self.child);
        self.launch(settings)
    }

    fn launch(&mut self, settings: &[(&str, &str)]) -> Result<()> {
        self.child = serve(self.folder.path(), self.port, settings)?;
        self.wait()
    }

    fn wait(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let client = Client::new(&self.url());
        loop {
            if client.get("/livez").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("galen ended with {status}:\n{}", self.log());
            }
            if Instant::now() > until {
                bail!("galen did not answer in {PATIENCE:?}:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the server printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("galen.log")).unwrap_or_default()
    }

    /// Where it is served, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder its database is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a verb of the command line against this server's database; gives exit code and output.
    ///
    /// # Errors
    /// When the program cannot be started.
    #[expect(clippy::disallowed_methods, reason = "a test builds and starts the program it tests")]
    pub fn run(&self, words: &[&str], input: &str) -> Result<(i32, String)> {
        let mut child = Command::new(binary()?)
            .args(words)
            .arg("--database")
            .arg(self.folder.path().join("dev.db"))
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start galen")?;
        child.stdin.take().context("its input")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code().unwrap_or(-1), said))
    }

    /// Makes a user on the command line.
    ///
    /// # Errors
    /// When the command fails.
    pub fn add_user(&self, email: &str, password: &str, admin: bool) -> Result<()> {
        let mut words = vec!["user", "add", email, "--password-stdin"];
        if admin {
            words.push("--admin");
        }
        match self.run(&words, &format!("{password}\n"))? {
            (0, _) => Ok(()),
            (code, said) => bail!("galen user add ended with {code}: {said}"),
        }
    }
}

impl Drop for Galen {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Starts a server with its database in this folder; its log goes on where an earlier one ended.
#[expect(clippy::disallowed_methods, reason = "a test builds and starts the program it tests")]
fn serve(folder: &Path, port: u16, settings: &[(&str, &str)]) -> Result<Child> {
    let log = folder.join("galen.log");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    Command::new(binary()?)
        .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
        .arg("--database")
        .arg(folder.join("dev.db"))
        .current_dir(folder)
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("start galen")
}

/// Asks a child of ours to stop, and ends it when it does not.
pub fn stop(child: &mut Child) {
    let pid = child.id().to_string();
    #[expect(clippy::disallowed_methods, reason = "a test stops the program it started")]
    let asked = Command::new("kill").args(["-TERM", &pid]).status();
    let until = Instant::now() + Duration::from_secs(15);
    while asked.is_ok() && Instant::now() < until {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // The child is ours and did not listen; a failure here means that it has just ended.
    drop(child.kill());
    drop(child.wait());
}
