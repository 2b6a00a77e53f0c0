//! `galen status`: how the installation is, from the running server if there is one.

use clap::Args;
use serde_json::json;

use crate::cli::{Common, place};
use crate::config::quantity::Lapse;
use crate::failure::{Exit, Failure};
use crate::terminal;
use crate::units;
use crate::verbs::alerts;
use crate::wire::answers;
use crate::wire::clock::rfc3339;
use crate::wire::control::Ask;
use crate::wire::control::client::Client;
use crate::wire::lock;
use crate::wire::place::Place;
use crate::wire::words;

/// How many endpoints are printed for people; `--json` prints all.
const ROUTES_SHOWN: usize = 15;

/// Print readiness, alerts, and the state of the database, sessions, pools, endpoints and periodic
/// work.
///
/// Exit code 0 when a server runs, 1 when none does.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  galen status\n  galen status --json | jq .health\n  \
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
    let mut lines = vec![
        ("running", format!("Galen {} as process {}", status.version, server.pid)),
        ("readiness", readiness(status)),
        ("url", status.url.clone()),
        ("since", format!("{} ({})", server.since, units::stretch(status.uptime_ms))),
        ("database", database(status)),
        ("disk", disk(status)),
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
        ("history", history(status)),
    ];
    if status.alerts.is_empty() {
        lines.push(("alerts", "none".to_owned()));
    }
    for (name, value) in lines {
        terminal::line(format_args!("{}  {value}", terminal::bold(format_args!("{name:<11}"))));
    }
    if !status.alerts.is_empty() {
        terminal::line("");
    }
    for alert in &status.alerts {
        alerts::open(alert);
    }
    endpoints(status);
    tasks(status);
}

/// Ready, or which resource is not, since when, and who holds it.
fn readiness(status: &answers::Status) -> String {
    let Some(health) = &status.health else {
        return "not known yet".to_owned();
    };
    let broken = health.resources.iter().find(|state| state.code.is_some());
    match (broken, &status.not_ready) {
        (Some(state), _) => {
            let holder = state.holder.as_ref().map_or_else(String::new, |holder| {
                format!(", held by process {} (`{}`)", holder.pid, terminal::plain(&holder.command))
            });
            format!(
                "NOT READY since {}: {}, {}{holder} [{}]",
                rfc3339(health.since),
                state.resource.text(),
                terminal::plain(&state.detail),
                state.code.as_deref().unwrap_or_default()
            )
        }
        (None, Some(code)) => format!("NOT READY: {code}"),
        (None, None) => format!("ready since {}", rfc3339(health.since)),
    }
}

fn disk(status: &answers::Status) -> String {
    let free = status.disk_free_bytes;
    free.map_or_else(|| "cannot be asked".to_owned(), |free| format!("{} free", units::size(free)))
}

fn history(status: &answers::Status) -> String {
    let Some(history) = &status.history else {
        return "cannot be read".to_owned();
    };
    let oldest = history.reaches_to.iter().flatten().min();
    let back = oldest.map_or_else(String::new, |at| format!(", back to {}", rfc3339(*at)));
    format!(
        "{} of {}{back}, {} log lines",
        units::size(history.size_bytes),
        units::size(history.cap_bytes),
        history.log_lines
    )
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
    let used = status.pool_use.map_or_else(String::new, |used| {
        format!(", in use {:.1} % of the last 5 minutes", used * 100.0)
    });
    format!(
        "{} of {} busy, {} reads waiting{used}",
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

/// The last five minutes by route and class; before the first window, all since the start.
fn endpoints(status: &answers::Status) {
    if status.recent.is_empty() {
        return routes(status);
    }
    let time = |ns: Option<f64>| ns.map_or_else(String::new, |ns| words::figure(ns / 1e9, "s"));
    let row = |row: &galen_monitor::TopRow| {
        let (route, class) = row.object.rsplit_once(' ').unwrap_or((&row.object, ""));
        vec![
            route.to_owned(),
            class.to_owned(),
            row.figures.count.to_string(),
            time(row.figures.p50),
            time(row.figures.p95),
            time(Some(row.figures.max)),
        ]
    };
    terminal::line("");
    let rows = status.recent.iter().take(ROUTES_SHOWN).map(row).collect();
    terminal::table(&["endpoint (last 5 min)", "class", "requests", "p50", "p95", "max"], rows);
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
            Lapse::ms(task.every_ms).to_string(),
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
