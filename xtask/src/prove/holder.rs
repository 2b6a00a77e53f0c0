//! Another process that takes a database's write lock and keeps it until it is told to let go.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell::{Cmd, Running};

/// Takes the lock, says so in a file, and lets go when that file is gone.
const SCRIPT: &str = "\
import os, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute('BEGIN IMMEDIATE')
open(sys.argv[2], 'w').close()
while os.path.exists(sys.argv[2]):
    time.sleep(0.005)
db.execute('ROLLBACK')
db.close()
";

/// The process that holds the lock.
pub struct Holder {
    running: Running,
    sign: std::path::PathBuf,
}

impl Holder {
    /// Takes the write lock of `database` and waits until it is taken.
    ///
    /// # Errors
    /// When python3 does not start or the lock is not had within half a minute.
    pub fn take(database: &Path) -> Result<Self> {
        let sign = database.with_extension("held");
        let mut running =
            Cmd::new("python3").args(["-c", SCRIPT]).arg(database).arg(&sign).spawn()?;
        let began = Instant::now();
        while !sign.exists() {
            if let Some(status) = running.ended()? {
                bail!("the holder of the lock ended by itself: {status}");
            }
            if began.elapsed() > Duration::from_secs(30) {
                bail!("the write lock was not had within 30 s");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Self { running, sign })
    }

    /// The process that holds it.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Lets go, and waits for the process to end.
    ///
    /// # Errors
    /// When it does not end.
    pub fn let_go(mut self) -> Result<()> {
        std::fs::remove_file(&self.sign).context("cannot tell the holder to let go")?;
        let began = Instant::now();
        while self.running.ended()?.is_none() {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("the holder does not let go");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}
