//! Patients on PostgreSQL: a shop's backend with one known fault, beside a real server that all of them share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use galen_doctor::PostgresAccess;
use galen_testkit::postgres::{self, Postgres};

use crate::galen::free_port;
use crate::patients::{answers, job, python, stop_running, uvicorn};
use crate::python::{heard, home, lock};

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// The file that makes the server's disk slow while it exists.
const SLOW: &str = "slow-disk";

/// What is wrong with a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// A running statement of another session holds the row that `GET /api/orders` changes.
    Locked,
    /// An open transaction of another session that runs nothing holds it.
    IdleTransaction,
    /// Other requests hold all three connections of the pool while they think.
    PoolExhausted,
    /// All three were taken and never given back.
    PoolLeaked,
    /// The index on `orders.customer` is gone.
    MissingIndex,
    /// Every row of `parcels` changed since its statistics.
    StaleStatistics,
    /// Each commit waits 300 ms for the disk.
    SlowDisk,
    /// Hygiene: a connection for every request, dead rows, and a forgotten replication slot.
    Untidy,
    /// Another program has every connection that ordinary roles can have.
    NoConnectionLeft,
    /// Nothing listens where the database should be.
    Down,
}

impl Fault {
    /// The value of `PATIENT_FAULT`.
    fn in_the_app(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Locked => "locked",
            Self::IdleTransaction => "idle_transaction",
            Self::PoolExhausted => "pool_exhausted",
            Self::PoolLeaked => "pool_leaked",
            Self::MissingIndex => "missing_index",
            Self::StaleStatistics => "stale_statistics",
            Self::SlowDisk => "slow_disk",
            Self::Untidy => "connect_per_request",
            Self::NoConnectionLeft => "no_connection_left",
            Self::Down => "down",
        }
    }

    /// What is done to its database before it starts.
    fn in_the_database(self) -> Option<&'static str> {
        match self {
            Self::MissingIndex => Some("DROP INDEX orders_by_customer"),
            Self::StaleStatistics => Some("UPDATE parcels SET status = 'open'"),
            Self::Untidy => Some(
                "ALTER TABLE customers SET (autovacuum_enabled = off); \
                 UPDATE customers SET name = name; UPDATE customers SET name = name",
            ),
            _ => None,
        }
    }
}

/// The server that the shops of one test binary share, with the database they are copied from.
struct Cluster {
    server: Postgres,
}

/// Shared as long as any test needs it, and stopped by the last.
static CLUSTER: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
/// Every shop has a database of its own name.
static SHOPS: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    fn shared() -> Result<Arc<Self>> {
        let mut shared = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return Ok(cluster);
        }
        let cluster = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&cluster);
        Ok(cluster)
    }

    fn start() -> Result<Self> {
        let shim = slow_fsync()?;
        let server = Postgres::start(
            &[
                "max_connections=30",
                "shared_preload_libraries=pg_stat_statements",
                "max_wal_size=64MB",
                "min_wal_size=32MB",
                "autovacuum_naptime=1h",
                "log_min_messages=panic",
            ],
            &[&shim],
            &[
                ("LD_PRELOAD", "{folder}/slow_fsync.so"),
                ("SLOW_FSYNC_FLAG", &format!("{{folder}}/{SLOW}")),
            ],
        )?;
        let mut cluster = Self { server };
        cluster.wait()?;
        cluster.sql("postgres", "CREATE ROLE app LOGIN")?;
        cluster.sql("postgres", "GRANT pg_read_all_data, pg_write_all_data TO app")?;
        cluster.sql("postgres", "CREATE ROLE galen_doctor LOGIN")?;
        cluster.sql("postgres", "GRANT pg_monitor, pg_read_all_data TO galen_doctor")?;
        cluster.sql("postgres", "CREATE ROLE nobody_special LOGIN")?;
        cluster.sql("postgres", "CREATE DATABASE seed")?;
        cluster.sql("seed", &fs::read_to_string(sources().join("seed.sql"))?)?;
        Ok(cluster)
    }

    fn wait(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while let Err(error) = self.sql("postgres", "SELECT 1") {
            if let Some(status) = self.server.ended()? {
                bail!("PostgreSQL ended with {status}");
            }
            if Instant::now() > until {
                bail!("PostgreSQL did not answer in {PATIENCE:?}: {error}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a test prepares what the doctor examines")]
    fn sql(&self, database: &str, text: &str) -> Result<()> {
        let psql = postgres::programs().context("no PostgreSQL")?.join("psql");
        let port = self.server.port().to_string();
        let done = Command::new(psql)
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "galen"])
            .args(["-p", &port, "-d", database, "-c", text])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()
            .context("run psql")?;
        if !done.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }

    fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.server.port())
    }
}

/// A running shop. Dropping it stops what it started, and drops its database.
pub struct Shop {
    app: Child,
    helpers: Vec<(Child, String)>,
    folder: tempfile::TempDir,
    port: u16,
    database: String,
    cluster: Arc<Cluster>,
    // One patient at a time on the whole machine: another one's load would be in its figures.
    _alone: File,
}

impl Shop {
    /// Starts a shop and waits until it answers.
    ///
    /// # Errors
    /// Without PostgreSQL, `cc` or `python3` with its packages, or when something does not start.
    pub fn start(fault: Fault) -> Result<Self> {
        let cluster = Cluster::shared()?;
        let python = python()?;
        let alone = lock("alone.lock")?;
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        fs::copy(sources().join("app.py"), folder.path().join("app.py"))?;
        let database = format!("shop_{}", SHOPS.fetch_add(1, Ordering::Relaxed));
        cluster.sql("postgres", &format!("CREATE DATABASE {database} TEMPLATE seed"))?;
        if let Some(change) = fault.in_the_database() {
            cluster.sql(&database, change)?;
        }
        let url = match fault {
            Fault::Down => format!("postgres://app@127.0.0.1:{}/shop", free_port()?),
            _ => cluster.url("app", &database),
        };
        let port = free_port()?;
        let app = uvicorn(
            &python,
            folder.path(),
            port,
            &[("PATIENT_FAULT", fault.in_the_app()), ("PATIENT_URL", &url)],
        )?;
        let helpers = Vec::new();
        let mut shop = Self { app, helpers, folder, port, database, cluster, _alone: alone };
        let at = shop.url();
        answers(&mut shop.app, &at, shop.folder.path())?;
        shop.add_what_lies_outside(&python, fault, &url)?;
        Ok(shop)
    }

    fn add_what_lies_outside(&mut self, python: &Path, fault: Fault, url: &str) -> Result<()> {
        let port = self.port.to_string();
        match fault {
            Fault::Locked => self.beside(python, "hold.py", &[url, "running"])?,
            Fault::IdleTransaction => self.beside(python, "hold.py", &[url, "idle"])?,
            Fault::NoConnectionLeft => self.beside(python, "fill.py", &[url])?,
            Fault::PoolExhausted => {
                self.beside(python, "load.py", &[&port, "6", "0", "/api/report"])?;
            }
            Fault::SlowDisk => fs::write(self.cluster.server.folder().join(SLOW), "")?,
            Fault::Untidy => self.forget_a_slot()?,
            _ => {}
        }
        Ok(())
    }

    /// Starts another program beside it, and keeps what it says first.
    fn beside(&mut self, python: &Path, script: &str, words: &[&str]) -> Result<()> {
        let words = job(script, &sources(), (self.folder.path(), self.helpers.len()), words)?;
        self.helpers.push(heard(python, self.folder.path(), &words)?);
        Ok(())
    }

    /// A slot that keeps more than `max_wal_size` of WAL.
    fn forget_a_slot(&self) -> Result<()> {
        let sql = "SELECT pg_create_physical_replication_slot('old_standby', true)";
        self.cluster.sql(&self.database, sql)?;
        for _ in 0..6 {
            self.cluster
                .sql(&self.database, "CREATE TEMPORARY TABLE t (); SELECT pg_switch_wal()")?;
        }
        Ok(())
    }

    /// Honest traffic from now on: so many clients, each pausing between requests.
    ///
    /// # Errors
    /// When the generator cannot be started.
    pub fn load(&mut self, clients: u32, pause_ms: u32, paths: &[&str]) -> Result<()> {
        let numbers = [self.port.to_string(), clients.to_string(), pause_ms.to_string()];
        let words: Vec<&str> =
            numbers.iter().map(String::as_str).chain(paths.iter().copied()).collect();
        self.beside(&python()?, "load.py", &words)
    }

    /// Where it is served, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.app.id()
    }

    /// The process of the first program started beside it, and what it said first.
    #[must_use]
    pub fn helper(&self) -> Option<(u32, &str)> {
        self.helpers.first().map(|(child, said)| (child.id(), said.as_str()))
    }

    /// The name of its database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Where its database is for a role, as `--db` takes it.
    #[must_use]
    pub fn address(&self, role: &str) -> String {
        self.cluster.url(role, &self.database)
    }

    /// Its database as a role sees it: `galen_doctor` has pg_monitor, `galen` is a superuser,
    /// `nobody_special` has no rights at all.
    ///
    /// # Errors
    /// Never, with a role that is one word.
    pub fn access(&self, role: &str) -> Result<PostgresAccess> {
        Ok(PostgresAccess::parse(&self.address(role))?)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for (helper, _) in &mut self.helpers {
            stop_running(helper);
        }
        stop_running(&mut self.app);
        // What a shop leaves in the shared server goes with it; the server itself goes last.
        let _not_slow = fs::remove_file(self.cluster.server.folder().join(SLOW));
        let slots = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots";
        let _no_slots = self.cluster.sql("postgres", slots);
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        let _gone = self.cluster.sql("postgres", &drop);
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("patients/postgres")
}

/// Compiles the slow disk once.
#[expect(clippy::disallowed_methods, reason = "a test builds what it preloads")]
fn slow_fsync() -> Result<PathBuf> {
    let _one_at_a_time = lock("slow_fsync.lock")?;
    let library = home()?.join("slow_fsync.so");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(sources().join("slow_fsync.c"))
        .arg("-ldl")
        .status()
        .context("run cc")?;
    if !status.success() {
        bail!("cc ended with {status}");
    }
    Ok(library)
}
