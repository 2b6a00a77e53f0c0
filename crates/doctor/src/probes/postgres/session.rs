//! One session in PostgreSQL: read only, with deadlines, under the name `galen-doctor`.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, SimpleQueryMessage};

use super::super::scene::Scene;
use super::sockets;
use super::statements::Counted;
use super::tables::Tables;
use crate::evidence::{FactKey, Source, redact};

/// Our application_name, by which an operator sees who looks.
pub const APPLICATION: &str = "galen-doctor";
/// Connecting and authenticating take no longer than this.
const CONNECT_DEADLINE: Duration = Duration::from_secs(4);
/// The server ends a statement of ours after two seconds; we stop waiting shortly after.
pub const STATEMENT_DEADLINE: Duration = Duration::from_millis(2500);
/// Most statements kept for their plans.
const SAMPLED_MAX: usize = 60;
/// What holds for every statement of ours: it writes nothing, waits for no lock, and ends soon.
const SETTINGS: &str = "SET default_transaction_read_only = on; SET statement_timeout = '2s'; \
    SET lock_timeout = '200ms'; SET idle_in_transaction_session_timeout = '10s'; \
    SET DateStyle = 'ISO'; SET TimeZone = 'UTC'";

/// An open session, and what was read when it was opened.
pub struct Session {
    /// The driver's end.
    pub client: Client,
    /// How the database is called in evidence.
    pub name: String,
    /// `server_version_num`, e.g. 150014.
    pub version: i64,
    /// Whom we are there.
    pub role: String,
    /// Whether other roles' statements and waits are shown to us.
    pub sees_all: bool,
    /// Ports by which the server can reach a PostgreSQL.
    pub ports: BTreeSet<u16>,
    /// Statement counters before our requests.
    pub counted: tokio::sync::OnceCell<Counted>,
    /// Table counters before our requests.
    pub tables: tokio::sync::OnceCell<Tables>,
    /// Sessions opened so far in this database, ours included, before our requests.
    pub sessions_before: tokio::sync::OnceCell<i64>,
    /// What our requests' backend was seen to run, as it was sent: for plans only, never published.
    pub sampled: Mutex<Vec<Sampled>>,
}

/// A statement seen while a request was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Its text, with its literals.
    pub text: String,
    /// At how many looks.
    pub looks: u64,
}

/// Why a query gave nothing, as a sentence without a full stop.
pub type Failure = String;

impl Session {
    /// Runs one query within its deadline.
    ///
    /// # Errors
    /// When the server refuses it or does not answer in time.
    pub async fn rows(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        match tokio::time::timeout(STATEMENT_DEADLINE, self.client.query(sql, values)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("PostgreSQL did not answer a statement in time".to_owned()),
        }
    }

    /// Runs a query that gives one row.
    ///
    /// # Errors
    /// The same, and when it gives none.
    pub async fn row(&self, sql: &str) -> Result<Row, Failure> {
        let rows = self.rows(sql, &[]).await?;
        rows.into_iter().next().ok_or_else(|| "PostgreSQL gave no row".to_owned())
    }

    /// Runs a statement of our own making and gives its answer as text, within a deadline.
    ///
    /// # Errors
    /// The same.
    pub async fn text(&self, sql: &str, deadline: Duration) -> Result<String, Failure> {
        let asking = tokio::time::timeout(deadline, self.client.simple_query(sql)).await;
        let messages = match asking {
            Ok(Ok(messages)) => messages,
            Ok(Err(error)) => return Err(describe(&error)),
            Err(_) => return Err("PostgreSQL did not answer a statement in time".to_owned()),
        };
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(rows.collect::<Vec<_>>().join("\n"))
    }

    /// Keeps statements for their plans.
    pub fn sample(&self, statements: impl IntoIterator<Item = Sampled>) {
        let mut sampled = self.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        let room = SAMPLED_MAX.saturating_sub(sampled.len());
        sampled.extend(statements.into_iter().take(room));
    }

    /// The statements kept so far.
    pub fn sampled(&self) -> Vec<Sampled> {
        self.sampled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What our role is missing, and how it is given.
    pub fn lacks_rights(&self) -> String {
        format!("the role {0} lacks pg_monitor: GRANT pg_monitor TO {0}", self.role)
    }

    /// Where a fact was read, for a reader with psql.
    pub fn source(&self, probe: &str, sql: &str) -> Source {
        let sql = redact::printable(sql);
        let words: Vec<&str> = sql.split_whitespace().collect();
        let sql = words.join(" ");
        Source::new(probe, sql.clone(), format!("psql {} -c \"{sql}\"", self.name))
    }
}

/// What went wrong, in the server's words without its details, which quote values.
pub fn describe(error: &tokio_postgres::Error) -> Failure {
    match error.as_db_error() {
        Some(said) => {
            redact::text(&format!("{} (SQLSTATE {})", said.message(), said.code().code()))
        }
        None => redact::text(&error.to_string()),
    }
}

/// Connects, and says how that ended; `None` when there is no session.
pub async fn connect(scene: &Scene<'_>) -> Option<Arc<Session>> {
    let access = scene.target.postgres.as_ref()?;
    let name = access.name();
    let source = Source::new("postgres", format!("connecting to {name}"), format!("psql {name}"));
    let mut config = access.config();
    config.application_name(APPLICATION).connect_timeout(CONNECT_DEADLINE);
    let connecting = tokio::time::timeout(CONNECT_DEADLINE, config.connect(NoTls)).await;
    let (outcome, gap) = match connecting {
        Ok(Ok((client, connection))) => {
            // It ends when the client is dropped; what it says then concerns nobody.
            tokio::spawn(async move {
                let _closed = connection.await;
            });
            scene.fact(FactKey::PgConnectOutcome, &name, "connected", &source);
            return prepare(scene, client, name).await;
        }
        Ok(Err(error)) => (outcome_of(&error), describe(&error)),
        Err(_) => ("timeout".to_owned(), "connecting took longer than 4 s".to_owned()),
    };
    scene.fact(FactKey::PgConnectOutcome, &name, outcome, &source);
    scene.missing(FactKey::PgVersion, name, format!("no session in PostgreSQL: {gap}"));
    None
}

/// One word for a failed connect: what the network said, or the SQLSTATE.
fn outcome_of(error: &tokio_postgres::Error) -> String {
    if let Some(code) = error.code() {
        return code.code().to_owned();
    }
    let network = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    match network.map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused | ErrorKind::NotFound) => "refused".to_owned(),
        Some(ErrorKind::TimedOut) => "timeout".to_owned(),
        Some(ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => "reset".to_owned(),
        _ => "failed".to_owned(),
    }
}

async fn prepare(scene: &Scene<'_>, client: Client, name: String) -> Option<Arc<Session>> {
    const ABOUT: &str = "SELECT current_setting('server_version') AS version, \
        current_setting('server_version_num')::int8 AS number, \
        pg_is_in_recovery() AS recovering, \
        coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false) AS super, \
        pg_has_role(current_user, 'pg_monitor', 'member') AS monitor, \
        current_user::text AS role";
    let mut session = Session {
        client,
        name,
        version: 0,
        role: String::new(),
        sees_all: false,
        ports: sockets::ports(scene),
        counted: tokio::sync::OnceCell::new(),
        tables: tokio::sync::OnceCell::new(),
        sessions_before: tokio::sync::OnceCell::new(),
        sampled: Mutex::default(),
    };
    let set =
        tokio::time::timeout(STATEMENT_DEADLINE, session.client.batch_execute(SETTINGS)).await;
    if !matches!(set, Ok(Ok(()))) {
        // Without its limits nothing is asked of a stranger's database.
        scene.missing(FactKey::PgVersion, &session.name, "the session's limits could not be set");
        return None;
    }
    let row = match session.row(ABOUT).await {
        Ok(row) => row,
        Err(reason) => {
            scene.missing(FactKey::PgVersion, &session.name, reason);
            return None;
        }
    };
    session.version = row.get("number");
    let (is_super, monitor): (bool, bool) = (row.get("super"), row.get("monitor"));
    session.role = redact::text(&row.get::<_, String>("role"));
    session.sees_all = is_super || monitor;
    let rights = if is_super {
        "superuser"
    } else if monitor {
        "pg_monitor"
    } else {
        "ordinary"
    };
    let source = session.source("postgres", ABOUT);
    let version: String = row.get("version");
    let recovering: bool = row.get("recovering");
    scene.fact(FactKey::PgVersion, &session.name, redact::text(&version), &source);
    scene.fact(FactKey::PgInRecovery, &session.name, recovering, &source);
    scene.fact(FactKey::PgRights, &session.name, rights, &source);
    if !session.sees_all {
        let reason = session.lacks_rights();
        for key in [FactKey::PgWaits, FactKey::PgBlockedBy, FactKey::PgStatement] {
            scene.missing(key, &session.name, &reason);
        }
    }
    let session = Arc::new(session);
    scene.open_postgres(Arc::clone(&session));
    Some(session)
}
