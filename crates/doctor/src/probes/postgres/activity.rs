//! One look at pg_stat_activity, and which of its sessions belong to the examined server.

use std::net::{IpAddr, SocketAddr};

use tokio_postgres::Row;

use super::super::descriptors;
use super::session::{Failure, Session};
use super::sockets::Sockets;

/// Most sessions read in one look.
const SESSIONS_MAX: usize = 1000;

/// Every client session but our own; ages are in milliseconds by the server's own clock.
pub const ACTIVITY: &str = "SELECT pid::int8 AS pid, coalesce(state, '') AS state, \
    coalesce(wait_event_type, '') AS wait_type, coalesce(wait_event, '') AS wait_event, \
    host(client_addr) AS address, coalesce(client_port, -2)::int8 AS port, \
    coalesce(application_name, '') AS application, coalesce(usename, '')::text AS role, \
    left(coalesce(query, ''), 4000) AS query, backend_start::text AS started, \
    (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float8 AS xact_ms, \
    (extract(epoch FROM clock_timestamp() - query_start) * 1000)::float8 AS query_ms, \
    (extract(epoch FROM clock_timestamp() - state_change) * 1000)::float8 AS state_ms, \
    (extract(epoch FROM clock_timestamp() - backend_start) * 1000)::float8 AS age_ms \
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() \
    LIMIT 1000";

/// One session.
#[derive(Clone, Debug, Default)]
pub struct Backend {
    /// Its process on the server.
    pub pid: i64,
    /// `active`, `idle`, `idle in transaction`; empty when we have no right to see it.
    pub state: String,
    /// Why it waits, as `Lock` and `transactionid`; both empty when it does not.
    pub wait: (String, String),
    /// Its client over TCP.
    pub client: Option<SocketAddr>,
    /// Whether its client came over a Unix socket.
    pub over_unix: bool,
    /// Its application_name.
    pub application: String,
    /// Its role.
    pub role: String,
    /// Its current or last statement, not yet redacted.
    pub query: String,
    /// When it began, as text.
    pub started: String,
    /// Age of its transaction.
    pub xact_ms: Option<f64>,
    /// Since its statement began.
    pub query_ms: Option<f64>,
    /// Since its state changed.
    pub state_ms: Option<f64>,
    /// Since it connected.
    pub age_ms: f64,
}

impl Backend {
    fn read(row: &Row) -> Self {
        let address: Option<String> = row.get("address");
        let port: i64 = row.get("port");
        let client = address
            .and_then(|ip| ip.parse::<IpAddr>().ok())
            .zip(u16::try_from(port).ok())
            .map(|(ip, port)| SocketAddr::new(ip, port));
        Self {
            pid: row.get("pid"),
            state: row.get("state"),
            wait: (row.get("wait_type"), row.get("wait_event")),
            client,
            over_unix: port == -1,
            application: row.get("application"),
            role: row.get("role"),
            query: row.get("query"),
            started: row.get("started"),
            xact_ms: row.get("xact_ms"),
            query_ms: row.get("query_ms"),
            state_ms: row.get("state_ms"),
            age_ms: row.get::<_, Option<f64>>("age_ms").unwrap_or(f64::INFINITY),
        }
    }

    /// Whether its client is one of these sockets.
    pub fn belongs_to(&self, sockets: &Sockets) -> bool {
        if let Some(client) = self.client {
            return sockets.tcp.contains(&client);
        }
        let backend = u32::try_from(self.pid).unwrap_or(0);
        self.over_unix
            && !sockets.unix.is_empty()
            && descriptors::socket_inodes(backend).iter().any(|inode| sockets.unix.contains(inode))
    }

    /// Whether it is in a transaction and runs nothing.
    pub fn is_idle_in_transaction(&self) -> bool {
        self.state.starts_with("idle in transaction")
    }
}

/// Looks once.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn look(session: &Session) -> Result<Vec<Backend>, Failure> {
    let rows = session.rows(ACTIVITY, &[]).await?;
    Ok(rows.iter().take(SESSIONS_MAX).map(Backend::read).collect())
}
