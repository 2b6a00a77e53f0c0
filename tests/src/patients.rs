//! Patients: real programs with one known fault each, started on a free port and stopped with the value.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Client;
use crate::galen::{free_port, stop};
use crate::python::{lock, source, speaking};

/// How long a patient may take to create its database and answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is wrong with a patient; the names are those of `app.py`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// `time.sleep` on the event loop, reached by `GET /api/auth/csrf`.
    LoopBlockedSync,
    /// Arithmetic on the event loop, reached by `GET /api/auth/csrf`.
    LoopBlockedCpu,
    /// Expensive password hashes for many logins at once, which fill the thread pool and the CPUs.
    Hashing,
    /// Another process holds the write lock that `GET /api/auth/csrf` needs.
    WriterLock,
    /// A thread of the application itself holds that lock and thinks of something else.
    OwnLongTx,
    /// 80,000 rows looked up by a column without an index, by `GET /api/notifications`.
    MissingIndex,
    /// Statistics of a day when the table was tiny lead the planner to the wrong index.
    StaleStats,
    /// Nine of ten rows were deleted from a file of more than 64 MB.
    Bloat,
    /// 196,000 expired of 200,000 sessions.
    ExpiredSessions,
    /// Children that nobody waits for.
    Zombies,
    /// A second start of the same program on another port.
    Copies,
    /// Another program on the port; the application's worker runs without one.
    PortTaken,
    /// A PID file whose process is gone.
    StalePidFile,
}

impl Fault {
    /// ALL faults, the healthy one first.
    pub const ALL: &'static [Self] = &[
        Self::None,
        Self::LoopBlockedSync,
        Self::LoopBlockedCpu,
        Self::Hashing,
        Self::WriterLock,
        Self::OwnLongTx,
        Self::MissingIndex,
        Self::StaleStats,
        Self::Bloat,
        Self::ExpiredSessions,
        Self::Zombies,
        Self::Copies,
        Self::PortTaken,
        Self::StalePidFile,
    ];

    /// The value of `PATIENT_FAULT`; faults that lie outside the application run it unharmed.
    fn in_the_app(self) -> &'static str {
        match self {
            Self::LoopBlockedSync => "loop_blocked_sync",
            Self::LoopBlockedCpu => "loop_blocked_cpu",
            Self::Hashing => "hashing",
            Self::WriterLock => "writer_lock",
            Self::OwnLongTx => "own_long_tx",
            Self::MissingIndex => "missing_index",
            Self::StaleStats => "stale_stats",
            Self::Bloat => "bloat",
            Self::ExpiredSessions => "expired_sessions",
            Self::Zombies => "zombies",
            Self::None | Self::Copies | Self::PortTaken | Self::StalePidFile => "none",
        }
    }
}

/// A running patient in a folder of its own. Dropping it stops what it started and nothing else.
pub struct Patient {
    app: Child,
    helpers: Vec<Child>,
    folder: tempfile::TempDir,
    port: u16,
    // One patient at a time on the whole machine: another one's load would be in its figures.
    _alone: File,
}

impl Patient {
    /// Starts a patient and waits until it answers.
    ///
    /// # Errors
    /// Without `python3` and its `venv`, without the packages, or when it does not come up.
    pub fn start(fault: Fault) -> Result<Self> {
        let python = python()?;
        let alone = lock("alone.lock")?;
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        for file in fs::read_dir(sources())?.flatten().filter(|file| is_source(&file.path())) {
            fs::copy(file.path(), folder.path().join(file.file_name()))?;
        }
        let port = free_port()?;
        let mut patient = match fault {
            Fault::PortTaken => {
                let stranger = speaking(
                    &python,
                    Path::new("/"),
                    &[sources_file("squatter.py"), port.to_string()],
                )?;
                let worker = speaking(
                    &python,
                    folder.path(),
                    &["worker.py".to_owned(), "dev.db".to_owned()],
                )?;
                Self { app: worker, helpers: vec![stranger], folder, port, _alone: alone }
            }
            _ => {
                let app = serve(&python, folder.path(), fault, port)?;
                Self { app, helpers: Vec::new(), folder, port, _alone: alone }
            }
        };
        patient.wait()?;
        patient.add_what_lies_outside(&python, fault)?;
        Ok(patient)
    }

    /// Honest traffic from now on: so many clients, each pausing between requests. A path
    /// `POST:/api/auth/login` sends a login.
    ///
    /// # Errors
    /// When the generator cannot be started.
    pub fn load(&mut self, clients: u32, pause_ms: u32, paths: &[&str]) -> Result<()> {
        let mut words = vec![
            "load.py".to_owned(),
            self.port.to_string(),
            clients.to_string(),
            pause_ms.to_string(),
        ];
        words.extend(paths.iter().map(|path| (*path).to_owned()));
        self.helpers.push(speaking(&python()?, self.folder.path(), &words)?);
        Ok(())
    }

    /// Where it is served, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("dev.db")
    }

    /// Its folder, which is also its working directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The application's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.app.id()
    }

    /// The processes started beside it, in order: the lock holder, the second copy, the stranger.
    #[must_use]
    pub fn helper_pids(&self) -> Vec<u32> {
        self.helpers.iter().map(Child::id).collect()
    }

    /// Stops the application and keeps its folder.
    pub fn stop(&mut self) {
        stop_running(&mut self.app);
    }

    /// Kills the application as a crash would, leaving `-wal` and `-shm` behind.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn crash(&mut self) -> Result<()> {
        self.app.kill()?;
        self.app.wait()?;
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let client = Client::new(&self.url());
        while client.get("/health").is_err() {
            if let Some(status) = self.app.try_wait()? {
                bail!("the patient ended with {status}:\n{}", self.log());
            }
            if Instant::now() > until {
                bail!("the patient did not answer in {PATIENCE:?}:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("app.log")).unwrap_or_default()
    }

    fn add_what_lies_outside(&mut self, python: &Path, fault: Fault) -> Result<()> {
        let folder = self.folder.path();
        match fault {
            Fault::WriterLock => self.helpers.push(speaking(
                python,
                folder,
                &["hold.py".to_owned(), "dev.db".to_owned()],
            )?),
            Fault::Copies => {
                let second = serve(python, folder, fault, free_port()?)?;
                self.helpers.push(second);
            }
            Fault::Hashing => self.load(70, 0, &["POST:/api/auth/login"])?,
            Fault::StalePidFile => fs::write(folder.join("app.pid"), format!("{}\n", gone()?))?,
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        for helper in &mut self.helpers {
            stop_running(helper);
        }
        stop_running(&mut self.app);
    }
}

/// Stops a child that has not been waited for: the PID of one that has may be another's by now.
fn stop_running(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        stop(child);
    }
}

fn sources() -> PathBuf {
    source("patients/fastapi")
}

fn sources_file(name: &str) -> String {
    sources().join(name).display().to_string()
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py")
}

/// The interpreter of the patients' own environment, made once per set of requirements.
///
/// # Errors
/// When the environment cannot be made.
pub fn python() -> Result<PathBuf> {
    galen_testkit::python("patients", &sources().join("requirements.txt"))
        .context("make the patients' environment")
}

#[expect(clippy::disallowed_methods, reason = "a test starts what the doctor examines")]
fn serve(python: &Path, folder: &Path, fault: Fault, port: u16) -> Result<Child> {
    let log = File::create(folder.join("app.log"))?;
    Command::new(python)
        .args([
            "-m",
            "uvicorn",
            "app:app",
            "--host",
            "127.0.0.1",
            "--log-level",
            "warning",
            "--port",
        ])
        .arg(port.to_string())
        .current_dir(folder)
        .env("PATIENT_FAULT", fault.in_the_app())
        .env("PATIENT_DB", folder.join("dev.db"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("start uvicorn")
}

/// The PID of a process that has just ended.
#[expect(clippy::disallowed_methods, reason = "a test needs a PID that is gone")]
fn gone() -> Result<u32> {
    let mut child = Command::new("true").spawn().context("start true")?;
    child.wait()?;
    Ok(child.id())
}
