//! `galen status`: how the installation is, from the running server if there is one.

use clap::Args;
use serde_json::json;

use crate::cli::{Common, place};
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::units;
use crate::wire::answers;
use crate::wire::clock::rfc3339;
use crate::wire::control::Ask;
use crate::wire::control::client::Client;
use crate::wire::lock;
use crate::wire::place::Place;

/// How many endpoints are printed for people; `--json` prints all.
const ROUTES_SHOWN: usize = 15;

/// Print the state of the database, sessions, pools, endpoints and periodic work.
///
/// Exit code 0 when a server runs, 1 when none does.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  galen status\n  galen status --json | jq .counts\n  \
                        galen status --database /var/lib/galen/galen.db")]
pub struct Status {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Status {
    /// Prints it.
    pub fn run(&self, common: &Common) -> Result<Exit, Failure> {
        let loaded = common.load(Vec::new())?;
        let place = place(&loaded.config)?;
        let Some(client) = Client::connect(&place)? else {
            return self.without_server(&place);
        };
        let status: answers::Status = client.ask(&Ask::Status {})?;
        if self.json {
            terminal::line(format_args!("{:#}", json!(status)));
        } else {
            print(&status);
        }
        Ok(Exit::Success)
    }

    /// What can be known without a server and without changing anything: opening the database would
    /// migrate it.
    fn without_server(&self, place: &Place) -> Result<Exit, Failure> {
        let size = |ending: &str| {
            let mut path = place.database.clone().into_os_string();
            path.push(ending);
            std::fs::metadata(path).map(|meta| meta.len()).ok()
        };
        let holder = lock::current_holder(place);
        let (database, wal) = (size(""), size("-wal"));
        if self.json {
            terminal::line(format_args!(
                "{:#}",
                json!({
                    "running": false,
                    "database": place.database.display().to_string(),
                    "size_bytes": database,
                    "wal_bytes": wal,
                    "held_by": holder,
                })
            ));
            return Ok(Exit::Failed);
        }
        let path = place.database.display();
        let kept = database.map_or_else(|| "does not exist yet".to_owned(), units::size);
        let waits = wal.filter(|bytes| *bytes > 0);
        let waits = waits.map_or_else(String::new, |wal| {
            format!(", and {} in its write-ahead log", units::size(wal))
        });
        terminal::line(format_args!("not running"));
        terminal::line(format_args!("database  {path} ({kept}{waits})"));
        match holder {
            Some(holder) => terminal::line(format_args!(
                "held by   process {} (`{}`) since {}",
                holder.pid,
                terminal::plain(&holder.command),
                holder.since
            )),
            None => terminal::note("start it with `galen serve`; `galen doctor` examines it"),
        }
        Ok(Exit::Failed)
    }
}

fn print(status: &answers::Status) {
    let server = &status.server;
    let ready = status
        .not_ready
        .as_ref()
        .map_or_else(|| "ready".to_owned(), |code| format!("NOT READY: {code}"));
    let lines = [
        ("running", format!("Galen {} as process {}, {ready}", status.version, server.pid)),
        ("url", status.url.clone()),
        ("since", format!("{} ({})", server.since, units::stretch(status.uptime_ms))),
        ("database", database(status)),
        (
            "users",
            format!("{} ({} active admins)", status.counts.users, status.counts.active_admins),
        ),
        (
            "sessions",
            format!(
                "{} active, {} expired and not yet swept, {} in memory",
                status.counts.sessions_active,
                status.counts.sessions_expired,
                status.sessions_cached
            ),
        ),
        ("notices", status.counts.notifications.to_string()),
        ("query", format!("{} for a one-row look-up", units::time(status.database.query_ns))),
        ("readers", readers(status)),
        ("writer", writer(status)),
        ("hashing", hashing(status)),
        ("limits", limits(status)),
        ("connections", connections(status)),
    ];
    for (name, value) in lines {
        terminal::line(format_args!("{}  {value}", terminal::bold(format_args!("{name:<11}"))));
    }
    routes(status);
    tasks(status);
}

fn database(status: &answers::Status) -> String {
    let facts = &status.database;
    format!(
        "{} ({}, {}, log {}, schema {})",
        terminal::plain(&facts.location),
        facts.engine,
        units::size(facts.size_bytes),
        units::size(facts.wal_bytes),
        facts.schema_version
    )
}

fn readers(status: &answers::Status) -> String {
    let pressure = &status.database.pressure;
    format!(
        "{} of {} busy, {} reads waiting",
        pressure.readers_busy, pressure.readers, pressure.reads_waiting
    )
}

fn writer(status: &answers::Status) -> String {
    let pressure = &status.database.pressure;
    format!(
        "{} of {} places taken, last commit {}",
        pressure.writes_waiting,
        pressure.writes_capacity,
        units::time(pressure.last_commit_ns)
    )
}

fn hashing(status: &answers::Status) -> String {
    let hash = &status.hash;
    format!(
        "{} of {} running, {} of {} places taken, {} done, {} refused",
        hash.running, hash.permits, hash.waiting, hash.capacity, hash.hashes_done, hash.refused
    )
}

fn limits(status: &answers::Status) -> String {
    let limits = &status.limits;
    format!(
        "{} attempts allowed, {} refused, {} counters kept",
        limits.allowed, limits.refused, limits.keys
    )
}

fn connections(status: &answers::Status) -> String {
    let counts = &status.connections;
    format!(
        "{} open, {} accepted, {} refused, {} reset, {} timed out",
        counts.open, counts.accepted, counts.refused, counts.reset, counts.timed_out
    )
}

fn routes(status: &answers::Status) {
    if status.routes.is_empty() {
        return;
    }
    let row = |route: &galen_monitor::RouteStats| {
        let path = if route.route.is_empty() { "(no route)" } else { &route.route };
        vec![
            format!("{} {path}", route.method),
            route.wall_ns.count.to_string(),
            units::time(route.wall_ns.p50),
            units::time(route.wall_ns.p95),
            units::time(route.wall_ns.max),
            route.client_errors.to_string(),
            (route.server_errors + route.timed_out).to_string(),
        ]
    };
    terminal::line("");
    let rows = status.routes.iter().take(ROUTES_SHOWN).map(row).collect();
    terminal::table(&["endpoint", "requests", "p50", "p95", "max", "4xx", "5xx"], rows);
}

fn tasks(status: &answers::Status) {
    let row = |task: &crate::wire::tasks::TaskStatus| {
        vec![
            task.name.clone(),
            units::stretch(task.every_ms),
            task.runs.to_string(),
            task.failures.to_string(),
            task.last_at.map_or_else(|| "not yet".to_owned(), rfc3339),
            units::time(task.last_took_ns),
            task.last_error.clone().unwrap_or_default(),
        ]
    };
    terminal::line("");
    let rows = status.tasks.iter().map(row).collect();
    terminal::table(&["task", "every", "runs", "failed", "last run", "took", "error"], rows);
}
