//! The patients' Python: a virtual environment with pinned packages, and a patient to start.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::ground::free_port;
use super::web::{Client, Request};
use crate::shell::{Cmd, Running};
use crate::{place, say};

/// Where the FastAPI patient lives.
const PATIENT: &str = "tests/patients/fastapi";

/// Makes the patients' virtual environment, once for each content of their requirements, and
/// returns its Python.
///
/// # Errors
/// When Python, venv or the package index is out of reach.
pub fn venv() -> Result<PathBuf> {
    // The tests look for it here as well, and know by the same mark whether it is complete.
    let requirements = place::root().join(PATIENT).join("requirements.txt");
    environment("patients/venv", &requirements)
}

/// Makes the virtual environment of the tests' mail server.
///
/// # Errors
/// When Python, venv or the package index is out of reach.
pub fn mail_server() -> Result<PathBuf> {
    environment("smtp/venv", &place::root().join("tests/smtp/requirements.txt"))
}

/// Makes a virtual environment below the build directory holding the packages a file names.
///
/// # Errors
/// When Python, venv or the package index is out of reach.
pub fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let dir = place::target()?.join(name);
    let python = dir.join("bin/python");
    let wanted = std::fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = dir.join("requirements.installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists()
    {
        return Ok(python);
    }
    say::line(format_args!("installing {} into {}", requirements.display(), dir.display()));
    Cmd::new("python3").args(["-m", "venv", "--clear"]).arg(&dir).run()?;
    Cmd::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements)
        .run()?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// A running patient.
#[derive(Debug)]
pub struct Patient {
    running: Running,
    /// Its port.
    pub port: u16,
    /// Its database.
    pub database: PathBuf,
}

impl Patient {
    /// Starts the FastAPI patient with one chosen fault and waits until it answers.
    ///
    /// # Errors
    /// When it ends or stays silent.
    pub fn start(dir: &Path, fault: &str) -> Result<Self> {
        let python = venv()?;
        let port = free_port()?;
        let database = dir.join(format!("{fault}.db"));
        let log = dir.join(format!("{fault}.log"));
        let running = Cmd::new(python)
            .args(["-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", &port.to_string()])
            .env("PATIENT_FAULT", fault)
            .env("PATIENT_DB", &database)
            .dir(&place::root().join(PATIENT))
            .log_to(&log)?
            .spawn()?;
        let mut patient = Self { running, port, database };
        patient.await_ready(&log)?;
        Ok(patient)
    }

    fn await_ready(&mut self, log: &Path) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if Client::new(self.port)
                .send(&Request::get("/health"))
                .is_ok_and(|answer| answer.status == 200)
            {
                return Ok(());
            }
            if let Some(status) = self.running.ended()? {
                bail!("the patient ended ({status}): see {}", log.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the patient does not answer: see {}", log.display())
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Honest traffic at it until the guard is dropped: so many clients, each with a pause.
    ///
    /// # Errors
    /// When Python cannot be started.
    pub fn honest_load(&self, dir: &Path, clients: u32, pause_ms: u32) -> Result<Running> {
        Cmd::new(venv()?)
            .arg("load.py")
            .args([self.port.to_string(), clients.to_string(), pause_ms.to_string()])
            .args(["/api/auth/csrf", "/api/notifications", "/api/me", "/test-cors"])
            .dir(&place::root().join(PATIENT))
            .log_to(&dir.join("load.log"))?
            .spawn()
    }

    /// Sends `SIGKILL`: what it had open is left as it is.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn kill_nine(self) -> Result<()> {
        self.running.kill_nine()
    }

    /// Stops the patient and waits until it is gone.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn stop(self) -> Result<()> {
        self.running.terminate()?;
        Ok(())
    }
}
