//! The two SQLite children: started again from our own executable, with an empty environment.
//!
//! Raw bytes of a database file are read in a process that never opens it with SQLite, and SQL runs
//! in a process that never opens it raw: closing such a handle drops a process's POSIX locks.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{sqlite_file, sqlite_sql};

/// The hidden first argument of a child: `galen __doctor-child`.
pub const VERB: &str = "__doctor-child";
/// The running executable, even if its file was replaced meanwhile.
const OWN_EXE: &str = "/proc/self/exe";
/// A child's order and answer are no longer than this.
const MESSAGE_BYTES_MAX: u64 = 4 << 20;
/// A child that does not end by itself is given this much beyond its own deadline.
const GRACE: Duration = Duration::from_millis(1500);

/// What a child is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Read bytes of a database and its companions, and never open it with SQLite.
    Raw(sqlite_file::RawOrder),
    /// Open a database with SQLite, read only, and never read it raw once it is open.
    Sql(sqlite_sql::SqlOrder),
}

/// What a child of the doctor does: takes one order from standard input, answers on standard
/// output. The arguments after [`VERB`] are not used.
pub fn child_main(_arguments: &[std::ffi::OsString]) -> ExitCode {
    // A child outlives no examination, not even one that was killed.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    match obey() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn obey() -> std::io::Result<()> {
    let mut order = Vec::new();
    std::io::stdin().lock().take(MESSAGE_BYTES_MAX).read_to_end(&mut order)?;
    let answer = match serde_json::from_slice(&order)? {
        Order::Raw(order) => serde_json::to_vec(&sqlite_file::obey(&order))?,
        Order::Sql(order) => serde_json::to_vec(&sqlite_sql::obey(&order))?,
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&answer)?;
    out.flush()
}

/// Why a child gave no answer, as a sentence without a full stop.
pub type Failure = String;

/// A private directory for one child, removed when the parent is done with it.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes a directory of mode 0700 that did not exist before.
    ///
    /// # Errors
    /// When none of a few names could be made.
    pub fn new() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let mut last = None;
        for attempt in 0..64 {
            let path = PathBuf::from(format!("/tmp/galen-doctor-{}-{attempt}", std::process::id()));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| std::io::Error::other("no scratch directory")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Only what the child made is in it; a leftover in /tmp harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a child, hands it the order and waits for its answer, at most `deadline` and a little.
///
/// # Errors
/// When it cannot be started, does not answer in time, or answers nonsense.
pub async fn run<T: DeserializeOwned>(
    exe: Option<&Path>,
    order: &Order,
    deadline: Duration,
) -> Result<T, Failure> {
    let message = serde_json::to_vec(order)
        .map_err(|error| format!("the order cannot be written: {error}"))?;
    let mut child = start(exe, VERB)?;
    let talk = converse(&mut child, &message);
    let answered = tokio::time::timeout(deadline + GRACE, talk).await;
    // Dropping the handle kills the child; waiting here leaves no zombie behind.
    if answered.is_err() {
        child.kill().await.map_err(|error| format!("the child cannot be ended: {error}"))?;
    }
    let answer = answered.map_err(|_| {
        format!("the child did not answer within {} s", (deadline + GRACE).as_secs())
    })??;
    serde_json::from_slice(&answer)
        .map_err(|error| format!("the child's answer cannot be read: {error}"))
}

/// Starts our own executable once more, with a hidden verb: it reads its order from standard input and
/// answers on standard output. It is killed when the handle is dropped; `main` must hand over to what
/// the verb names, which asks the kernel to end it with its parent.
///
/// # Errors
/// When it cannot be started.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the doctor starts a process: its own executable, with an empty environment and no shell"
)]
pub fn start(exe: Option<&Path>, verb: &str) -> Result<Child, Failure> {
    Command::new(exe.unwrap_or(Path::new(OWN_EXE)))
        .arg(verb)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("the child cannot be started: {error}"))
}

async fn converse(child: &mut Child, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| format!("talking to the child failed: {error}");
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("the child has no pipes".to_owned());
    };
    stdin.write_all(message).await.map_err(failed)?;
    drop(stdin);
    let mut answer = Vec::new();
    stdout.take(MESSAGE_BYTES_MAX).read_to_end(&mut answer).await.map_err(failed)?;
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(answer) } else { Err(format!("the child ended with {status}")) }
}
