//! Patients: real programs with one known fault each, started on a free port and stopped with the value.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Client;
use crate::galen::{free_port, stop};
use crate::python::{home, lock, source, speaking};
use crate::sickroom::{command, run};

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
    /// The application writes thousands of times and has switched checkpoints off.
    CheckpointOff,
    /// `read.py` keeps a read transaction while the application writes thousands of times.
    CheckpointStarved,
    /// A rollback journal, and `read.py` reads for a second at a time while `GET /api/auth/csrf` wants to write.
    RollbackReader,
    /// `GET /api/auth/csrf` reads before it writes, beside a busy writer.
    BusySnapshot,
    /// The application has opened its database for reading only and writes to it.
    ReadOnly,
    /// The root page of an index is overwritten; `GET /api/notifications` uses it.
    Damaged,
    /// `GET /api/auth/csrf` commits each of many rows by itself.
    CommitBound,
    /// The file at the database's path is another one since the application opened it.
    Replaced,
    /// `GET /api/auth/csrf` raises; the other answers allow an origin.
    HiddenError,
    /// Three workers, each with sessions of its own.
    SessionInMemory,
    /// Five requests a second for one address, used up by others of that address.
    Limiter,
    /// The first `GET /api/auth/csrf` takes 0.9 s, and no other.
    ColdStart,
    /// Live streams hold every thread of the pool.
    Streams,
    /// Eight megabytes, slowly (Express).
    LargeAnswer,
    /// A Secure cookie on plain HTTP (Express).
    SecureCookie,
    /// `GET /api/auth/csrf` asks the service at this port once.
    Upstream(u16),
    /// It asks the service at this port once for each of sixty rows.
    OneByOne(u16),
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
        Self::CheckpointOff,
        Self::CheckpointStarved,
        Self::RollbackReader,
        Self::BusySnapshot,
        Self::ReadOnly,
        Self::Damaged,
        Self::CommitBound,
        Self::Replaced,
        Self::HiddenError,
        Self::SessionInMemory,
        Self::Limiter,
        Self::ColdStart,
        Self::Streams,
        Self::LargeAnswer,
        Self::SecureCookie,
        Self::Upstream(0),
        Self::OneByOne(0),
    ];

    /// The port of the service that is asked, where one is.
    fn upstream(self) -> u16 {
        match self {
            Self::Upstream(port) | Self::OneByOne(port) => port,
            _ => 0,
        }
    }

    /// The value of `PATIENT_FAULT`; faults that lie outside the application run it unharmed.
    #[must_use]
    pub fn in_the_app(self) -> &'static str {
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
            Self::CheckpointOff => "checkpoint_off",
            Self::CheckpointStarved => "checkpoint_starved",
            Self::RollbackReader => "rollback_reader",
            Self::BusySnapshot => "busy_snapshot",
            Self::ReadOnly => "read_only",
            Self::Damaged => "damaged",
            Self::CommitBound => "commit_bound",
            Self::HiddenError => "hidden_error",
            Self::SessionInMemory => "session_in_memory",
            Self::Limiter => "limiter",
            Self::ColdStart => "cold_start",
            Self::Streams => "streams",
            Self::LargeAnswer => "large_answer",
            Self::SecureCookie => "secure_cookie",
            Self::Upstream(_) => "upstream",
            Self::OneByOne(_) => "one_by_one",
            Self::None | Self::Copies | Self::PortTaken | Self::StalePidFile | Self::Replaced => {
                "none"
            }
        }
    }
}

/// A running patient in a folder of its own. Dropping it stops what it started and nothing else.
pub struct Patient {
    app: Child,
    helpers: Vec<Child>,
    folder: tempfile::TempDir,
    port: u16,
    _aside: Option<tempfile::TempDir>,
    // One patient at a time on the whole machine: another one's load would be in its figures.
    _alone: File,
}

impl Patient {
    /// Starts a patient and waits until it answers.
    ///
    /// # Errors
    /// Without `python3` and its `venv`, without the packages, or when it does not come up.
    pub fn start(fault: Fault) -> Result<Self> {
        Self::start_with(&[fault])
    }

    /// Starts one with several faults: at most one of those that change `GET /api/auth/csrf`.
    ///
    /// # Errors
    /// As [`Patient::start`].
    pub fn start_with(faults: &[Fault]) -> Result<Self> {
        let python = python()?;
        let alone = lock("alone.lock")?;
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        for name in ["app.py", "database.py"] {
            fs::copy(sources().join(name), folder.path().join(name))?;
        }
        let port = free_port()?;
        let (app, helpers, aside) = if faults.contains(&Fault::PortTaken) {
            // The stranger works elsewhere, as another program does.
            let aside = tempfile::tempdir()?;
            let words = job("squatter.py", &sources(), (aside.path(), 0), &[&port.to_string()])?;
            let stranger = speaking(&python, aside.path(), &words)?;
            let words = job("worker.py", &sources(), (folder.path(), 0), &["dev.db"])?;
            (speaking(&python, folder.path(), &words)?, vec![stranger], Some(aside))
        } else {
            (serve(&python, folder.path(), faults, port)?, Vec::new(), None)
        };
        let mut patient = Self { app, helpers, folder, port, _aside: aside, _alone: alone };
        patient.wait()?;
        for fault in faults {
            patient.add_what_lies_outside(&python, *fault)?;
        }
        Ok(patient)
    }

    /// Starts the same with Express: the faults that lie in no framework.
    ///
    /// # Errors
    /// Without `node` and `npm`, without the packages, or when it does not come up.
    pub fn express(fault: Fault) -> Result<Self> {
        let modules = node_modules()?;
        let alone = lock("alone.lock")?;
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        fs::copy(express("app.js"), folder.path().join("app.js"))?;
        let port = free_port()?;
        let app = serve_express(&modules, folder.path(), fault, port)?;
        let helpers = Vec::new();
        let mut patient = Self { app, helpers, folder, port, _aside: None, _alone: alone };
        patient.wait()?;
        Ok(patient)
    }

    /// Honest traffic from now on: so many clients, each pausing between requests. A path
    /// `POST:/api/auth/login` sends a login.
    ///
    /// # Errors
    /// When the generator cannot be started.
    pub fn load(&mut self, clients: u32, pause_ms: u32, paths: &[&str]) -> Result<()> {
        let numbers = [self.port.to_string(), clients.to_string(), pause_ms.to_string()];
        let words: Vec<&str> =
            numbers.iter().map(String::as_str).chain(paths.iter().copied()).collect();
        self.beside(&python()?, "load.py", &words)
    }

    /// So many clients from now on that give up after so long and ask again.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn impatient(&mut self, clients: u32, patience_ms: u32, path: &str) -> Result<()> {
        let numbers = [self.port.to_string(), clients.to_string(), patience_ms.to_string()];
        let [port, clients, patience] = numbers.each_ref().map(String::as_str);
        self.beside(&python()?, "impatient.py", &[port, clients, patience, path])
    }

    /// Starts another program beside it, and waits until it says that it has begun.
    fn beside(&mut self, python: &Path, script: &str, words: &[&str]) -> Result<()> {
        let words = job(script, &sources(), (self.folder.path(), self.helpers.len()), words)?;
        self.helpers.push(speaking(python, self.folder.path(), &words)?);
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
        let url = self.url();
        answers(&mut self.app, &url, self.folder.path())
    }

    fn add_what_lies_outside(&mut self, python: &Path, fault: Fault) -> Result<()> {
        let folder = self.folder.path().to_path_buf();
        let port = self.port.to_string();
        match fault {
            Fault::WriterLock => self.beside(python, "hold.py", &["dev.db"])?,
            Fault::Copies => {
                let second = serve(python, &folder, &[fault], free_port()?)?;
                self.helpers.push(second);
            }
            Fault::Hashing => self.load(70, 0, &["POST:/api/auth/login"])?,
            // Checkpoints write back what is below 64 MB at the latest when the last one closes.
            Fault::CheckpointOff => grown(&folder.join("dev.db-wal"), 80_000_000)?,
            Fault::CheckpointStarved => {
                self.beside(python, "read.py", &["dev.db"])?;
                // Of what was there before the reader, a thousand frames at most are written back.
                grown(&folder.join("dev.db-wal"), 10_000_000)?;
            }
            Fault::RollbackReader => self.beside(python, "read.py", &["dev.db", "1.2", "0.1"])?,
            Fault::Replaced => replace(&self.url(), &folder.join("dev.db"))?,
            Fault::Limiter => self.load(2, 60, &["/api/auth/csrf"])?,
            Fault::Streams => {
                self.beside(python, "listen.py", &[&port, "/api/live", "56"])?;
                // The second event of a stream tells that it is one.
                std::thread::sleep(Duration::from_millis(3500));
            }
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

/// Waits until an application answers its `/health`.
///
/// # Errors
/// When it ends, or takes too long; with what its log says.
pub(crate) fn answers(app: &mut Child, url: &str, folder: &Path) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    let client = Client::new(url);
    let log = || fs::read_to_string(folder.join("app.log")).unwrap_or_default();
    while client.get("/health").is_err() {
        if let Some(status) = app.try_wait()? {
            bail!("the patient ended with {status}:\n{}", log());
        }
        if Instant::now() > until {
            bail!("the patient did not answer in {PATIENCE:?}:\n{}", log());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Stops a child that has not been waited for: the PID of one that has may be another's by now.
pub(crate) fn stop_running(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        stop(child);
    }
}

fn sources() -> PathBuf {
    source("patients/fastapi")
}

/// The words of a job of this folder, copied beside a patient under a name that says nothing of what
/// it does: the doctor reads command lines. `load.py` is everybody's.
pub(crate) fn job(
    script: &str,
    from: &Path,
    (folder, number): (&Path, usize),
    words: &[&str],
) -> Result<Vec<String>> {
    let name = format!("job{}.py", number + 1);
    let from = if script == "load.py" { sources() } else { from.to_path_buf() };
    fs::copy(from.join(script), folder.join(&name)).with_context(|| format!("copy {script}"))?;
    Ok(std::iter::once(name).chain(words.iter().map(|word| (*word).to_owned())).collect())
}

/// The interpreter of the patients' own environment, made once per set of requirements.
///
/// # Errors
/// When the environment cannot be made.
pub fn python() -> Result<PathBuf> {
    galen_testkit::python("patients", &sources().join("requirements.txt"))
        .context("make the patients' environment")
}

fn serve(python: &Path, folder: &Path, faults: &[Fault], port: u16) -> Result<Child> {
    let database = folder.join("dev.db").display().to_string();
    let upstream =
        faults.iter().map(|fault| fault.upstream()).max().unwrap_or_default().to_string();
    let named: Vec<&str> = faults.iter().map(|fault| fault.in_the_app()).collect();
    let named = named.join("+");
    // uvicorn takes the number of its workers from WEB_CONCURRENCY.
    let workers = if faults.contains(&Fault::SessionInMemory) { "3" } else { "1" };
    let environment = [
        ("PATIENT_FAULT", named.as_str()),
        ("PATIENT_UPSTREAM", &upstream),
        ("PATIENT_DB", &database),
        ("WEB_CONCURRENCY", workers),
    ];
    uvicorn(python, folder, port, &environment)
}

/// Serves the `app.py` of a folder, which is also where its `app.log` goes.
#[expect(clippy::disallowed_methods, reason = "a test starts what the doctor examines")]
pub(crate) fn uvicorn(
    python: &Path,
    folder: &Path,
    port: u16,
    environment: &[(&str, &str)],
) -> Result<Child> {
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
        .envs(environment.iter().copied())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("start uvicorn")
}

fn express(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("patients/express").join(name)
}

/// The packages of the Express patients, installed once per lock file.
fn node_modules() -> Result<PathBuf> {
    let _one_at_a_time = lock("node.lock")?;
    let home = home()?.join("express");
    let wanted = fs::read_to_string(express("package-lock.json"))?;
    let mark = home.join("package-lock.installed");
    if !fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        fs::create_dir_all(&home)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(express(name), home.join(name))?;
        }
        let install = ["ci", "--silent", "--no-audit", "--no-fund", "--prefix"];
        run(command("npm").args(install).arg(&home))?;
        fs::write(mark, wanted)?;
    }
    Ok(home.join("node_modules"))
}

#[expect(clippy::disallowed_methods, reason = "a test starts what the doctor examines")]
fn serve_express(modules: &Path, folder: &Path, fault: Fault, port: u16) -> Result<Child> {
    let log = File::create(folder.join("app.log"))?;
    Command::new("node")
        .args(["app.js".to_owned(), port.to_string()])
        .current_dir(folder)
        .env("NODE_PATH", modules)
        .env("PATIENT_FAULT", fault.in_the_app())
        .env("PATIENT_UPSTREAM", fault.upstream().to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("start node")
}

/// Waits until a file has grown to so many bytes.
fn grown(file: &Path, bytes: u64) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while fs::metadata(file).map_or(0, |meta| meta.len()) < bytes {
        if Instant::now() > until {
            bail!("{} did not grow to {bytes} bytes in {PATIENCE:?}", file.display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Puts a copy in the place of a database that the application has open.
fn replace(url: &str, database: &Path) -> Result<()> {
    Client::new(url).get("/api/notifications")?;
    let aside = database.with_extension("aside");
    fs::copy(database, &aside)?;
    fs::rename(&aside, database)?;
    Ok(())
}

/// The PID of a process that has just ended.
#[expect(clippy::disallowed_methods, reason = "a test needs a PID that is gone")]
fn gone() -> Result<u32> {
    let mut child = Command::new("true").spawn().context("start true")?;
    child.wait()?;
    Ok(child.id())
}
