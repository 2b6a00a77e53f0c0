//! What the running server answers on its control socket.

use std::sync::Arc;
use std::time::Duration;

use galen_account::{AdminUser, HashPressure, LimitCounts};
use galen_core::model::{Counts, Role, StoreFacts, User, UserFilter, UserStatus};
use galen_core::{Health, HistoryFacts, PageRequest, Refusal, Secret, StoreError, UnixMs, UserId};
use galen_monitor::{
    Alert, CommandStats, ConnectionCounts, RouteStats, SlowRequest, StatementStats, TopRow,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::control::{Ask, Refused};
use super::lock::Holder;
use super::rooms::Rooms;
use super::running::Running;
use super::tasks::TaskStatus;
use super::{api_keys, mailed, remembered, repairs};

/// The most rows of each kind in a status.
const ROWS_MAX: usize = 100;
/// How long a status waits for the database before it gives what is known of it, so that it answers
/// just when the database does not.
const FACTS_PATIENCE: Duration = Duration::from_secs(2);

/// How the server is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its version.
    pub version: String,
    /// Its process, command, since when, and where it listens.
    pub server: Holder,
    /// The address in the browser's bar.
    pub url: String,
    /// How long it has run, in milliseconds.
    pub uptime_ms: u64,
    /// The code of why it is not ready, if it is not.
    pub not_ready: Option<String>,
    /// The word of the last canary: each resource, and who holds it.
    pub health: Option<Health>,
    /// Alerts that are not over, the worst first.
    pub alerts: Vec<Alert>,
    /// Endpoints of the last five minutes, by route and class.
    pub recent: Vec<TopRow>,
    /// The mean use of the database readers over the last five minutes, from 0 to 1.
    pub pool_use: Option<f64>,
    /// Free space where the database lies, in bytes.
    pub disk_free_bytes: Option<u64>,
    /// Facts of the history; nothing when it cannot be read.
    pub history: Option<HistoryFacts>,
    /// Facts of the database.
    pub database: StoreFacts,
    /// Users, sessions, notifications.
    pub counts: Counts,
    /// How pressed the hashing of passwords is.
    pub hash: HashPressure,
    /// How the limits on attempts stand.
    pub limits: LimitCounts,
    /// Sessions held in memory, which requests find without the database.
    pub sessions_cached: usize,
    /// Connections since the start.
    pub connections: ConnectionCounts,
    /// Endpoints since the start.
    pub routes: Vec<RouteStats>,
    /// Named statements since the start.
    pub statements: Vec<StatementStats>,
    /// Named write commands since the start.
    pub commands: Vec<CommandStats>,
    /// The slowest requests of the last hour.
    pub slowest: Vec<SlowRequest>,
    /// The periodic work.
    pub tasks: Vec<TaskStatus>,
}

/// A user as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserRow {
    /// Its name for programs.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub status: UserStatus,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it last signed in.
    pub last_login_at: Option<UnixMs>,
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            role: user.role,
            status: user.status,
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// A page of users.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserRows {
    /// The users, newest first.
    pub users: Vec<UserRow>,
    /// Whether there are more.
    pub more: bool,
}

/// A user to be made from the command line.
pub struct NewUser {
    /// Its address.
    pub email: String,
    /// What it is called; may be empty.
    pub name: String,
    /// Its password.
    pub password: Secret<String>,
    /// Whether it becomes an admin.
    pub admin: bool,
}

/// Answers one question.
///
/// # Errors
/// What the rooms refuse, and questions nobody may ask in this way.
pub async fn answer(ask: Ask, running: &Arc<Running>) -> Result<Value, Refused> {
    match ask {
        Ask::Status {} => Ok(json!(status(running).await?)),
        Ask::UserAdd { email, name, password, admin } => {
            let new = NewUser { email, name, password: Secret::new(password), admin };
            let made = add_user(&running.rooms, new).await?;
            if made.role == Role::Admin {
                // The setup link is void from now on, and only misleads whoever finds it.
                running.place.forget_setup_link();
            }
            Ok(json!(made))
        }
        Ask::UserList { after, limit } => Ok(json!(users(&running.rooms, after, limit).await?)),
        Ask::KeyAdd { key } => Ok(json!(api_keys::add(&running.rooms, key).await?)),
        Ask::KeyList {} => Ok(json!(api_keys::list(&running.rooms).await?)),
        Ask::KeyRevoke { id } => Ok(json!(api_keys::revoke(&running.rooms, id).await?)),
        Ask::Health {} => Ok(json!(remembered::health(running))),
        Ask::Alerts {} => Ok(json!(remembered::alerts(running).await?)),
        Ask::Silence { matches, for_ms, reason } => {
            Ok(json!(remembered::silence(running, &matches, for_ms, &reason).await?))
        }
        Ask::Unsilence { id } => Ok(json!(remembered::unsilence(running, id).await?)),
        Ask::Logs { ask } => Ok(json!(remembered::logs(running, ask).await?)),
        Ask::Errors { from, until } => Ok(json!(running.rooms.monitor.errors(from, until).await?)),
        Ask::History { from, until } => Ok(json!(remembered::past(running, from, until).await?)),
        Ask::MailList { state, limit } => Ok(json!(mailed::list(running, state, limit).await?)),
        Ask::MailShow { id } => Ok(json!(mailed::show(running, id).await?)),
        Ask::MailResend { id } => {
            let accounts = &running.rooms.accounts;
            Ok(json!(accounts.resend_mail(&running.live(), None, id).await?))
        }
        Ask::MailCancel { id } => {
            let accounts = &running.rooms.accounts;
            Ok(json!(accounts.cancel_mail(&running.live(), None, id).await?))
        }
        Ask::MailTest { email } => {
            let accounts = &running.rooms.accounts;
            Ok(json!(accounts.test_mail(&running.live(), None, &email).await?))
        }
        Ask::Repair { repair, dry_run: true } => {
            Ok(json!(repairs::foretell(repair, running).await?))
        }
        Ask::Repair { repair, dry_run: false } => {
            Ok(json!(repairs::perform(repair, running).await?))
        }
    }
}

/// How the server is, now.
///
/// # Errors
/// When the store cannot be asked.
pub async fn status(running: &Running) -> Result<Status, Refused> {
    let rooms = &running.rooms;
    let (counts, database) = facts(running).await?;
    let ran_ns = rooms.clock.monotonic_ns().saturating_sub(running.since_ns);
    let (monitor, recorder) = (&rooms.monitor, rooms.monitor.recorder());
    Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server: running.holder.clone(),
        url: running.url.clone(),
        uptime_ms: ran_ns / 1_000_000,
        not_ready: running.app.ready().err().map(|code| code.text().to_owned()),
        health: running.canary.health(),
        alerts: first(monitor.alerts()),
        recent: remembered::recent(running).await.unwrap_or_default(),
        pool_use: remembered::pool_use(running).await,
        disk_free_bytes: running.canary.disk_free(),
        history: monitor.history_facts().await.ok(),
        database,
        counts,
        hash: rooms.accounts.pressure(),
        limits: rooms.accounts.limit_counts(),
        sessions_cached: rooms.accounts.sessions_cached(),
        connections: recorder.connections(),
        routes: first(recorder.routes()),
        statements: first(recorder.statements()),
        commands: first(recorder.commands()),
        slowest: first(recorder.slowest()),
        tasks: running.schedule.statuses(),
    })
}

/// Counts and facts of the database: fresh ones, or those of the last sample while it does not answer.
async fn facts(running: &Running) -> Result<(Counts, StoreFacts), Refused> {
    let (rooms, cx) = (&running.rooms, running.live());
    let store = rooms.store.port();
    let both = async {
        let facts = store.facts(&cx).await?;
        Ok((store.counts(&cx, rooms.clock.now()).await?, facts))
    };
    let fresh = match tokio::time::timeout(FACTS_PATIENCE, both).await {
        Ok(fresh) => fresh.map_err(refused),
        Err(_) => Err(Refused::from(Refusal::new(galen_core::Code::DeadlineExceeded))),
    };
    fresh.or_else(|refused| running.sampler.database().ok_or(refused))
}

fn first<T>(mut rows: Vec<T>) -> Vec<T> {
    rows.truncate(ROWS_MAX);
    rows
}

/// Makes a user, as the command line may; the audit trail has no actor for it.
///
/// # Errors
/// What the account room refuses.
pub async fn add_user(rooms: &Rooms, new: NewUser) -> Result<UserRow, Refused> {
    let role = if new.admin { Role::Admin } else { Role::User };
    let form = AdminUser { email: new.email, name: new.name, password: new.password, role };
    Ok(rooms.accounts.create_user(&rooms.live(), None, form).await?.into())
}

/// A page of users, newest first.
///
/// # Errors
/// When the store cannot be asked.
pub async fn users(rooms: &Rooms, after: Option<UserId>, limit: u32) -> Result<UserRows, Refused> {
    let page = PageRequest { after: after.map(|id| id.0), limit: limit.clamp(1, 200) };
    let store = rooms.store.port();
    let page = store.users(&rooms.live(), &UserFilter::default(), page).await.map_err(refused)?;
    let more = page.next.is_some();
    Ok(UserRows { users: page.items.into_iter().map(UserRow::from).collect(), more })
}

/// The command line may see the engine's own words, which clients of the API never do.
pub fn refused(error: StoreError) -> Refused {
    let words = error.to_string();
    Refused { detail: words, ..galen_core::Refusal::from(error).into() }
}
