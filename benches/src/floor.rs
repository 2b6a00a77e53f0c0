//! The floor server: what each route of Galen costs when only the libraries do it.

use std::cell::RefCell;
use std::sync::{Arc, mpsc};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::raw;

/// The one session of the floor's database: its cookie's value.
const TOKEN: &str = "floor-session-token-of-43-characters-abcdef";

const SCHEMA: &str = "
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS users (id BLOB PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL,
    role TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (token_hash BLOB PRIMARY KEY, user_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notifications (user_id BLOB NOT NULL, id BLOB NOT NULL,
    title TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL, read_at INTEGER,
    PRIMARY KEY (user_id, id)) WITHOUT ROWID;";

type HashJob = (Vec<u8>, oneshot::Sender<bool>);

struct Floor {
    database: String,
    hashes: mpsc::SyncSender<HashJob>,
    /// What every open stream is told.
    tell: tokio::sync::broadcast::Sender<Arc<str>>,
}

/// Serves until it is killed.
pub(crate) fn serve(address: &str, database: &str) -> Result<()> {
    seed(database)?;
    let (tell, _) = tokio::sync::broadcast::channel(64);
    let floor = Arc::new(Floor { database: database.to_owned(), hashes: hash_pool()?, tell });
    let app = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/csrf", get(csrf))
        .route("/me", get(me))
        .route("/notifications", get(notifications))
        .route("/login", post(login))
        .route("/events", get(events))
        .route("/broadcast", post(broadcast))
        .with_state(floor);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.context("listen")?;
        axum::serve(listener, app).await.context("serve")
    })
}

fn seed(database: &str) -> Result<()> {
    let connection = Connection::open(database).context("open the floor's database")?;
    connection.execute_batch(SCHEMA)?;
    let user = [7_u8; 16];
    let hash: [u8; 32] = Sha256::digest(TOKEN).into();
    connection.execute(
        "INSERT OR IGNORE INTO users VALUES (?1, 'floor@example.org', 'Floor', 'user')",
        [user],
    )?;
    connection.execute(
        "INSERT OR IGNORE INTO sessions VALUES (?1, ?2, 99999999999999)",
        rusqlite::params![hash, user],
    )?;
    for n in 0..20_u8 {
        connection.execute(
            "INSERT OR IGNORE INTO notifications VALUES (?1, ?2, 'A notification', \
             'Some text that tells what happened and what can be done about it.', ?3, NULL)",
            rusqlite::params![user, [n; 16], 1_700_000_000_000_i64 + i64::from(n)],
        )?;
    }
    Ok(())
}

/// As many hashing threads as there are cores, a bounded queue before them.
fn hash_pool() -> Result<mpsc::SyncSender<HashJob>> {
    let (sender, receiver) = mpsc::sync_channel::<HashJob>(256);
    let receiver = Arc::new(std::sync::Mutex::new(receiver));
    for _ in 0..std::thread::available_parallelism()?.get() {
        let receiver = Arc::clone(&receiver);
        let mut memory = raw::memory()?;
        std::thread::spawn(move || {
            loop {
                let Ok(queue) = receiver.lock() else { return };
                let Ok((secret, answer)) = queue.recv() else {
                    return;
                };
                drop(queue);
                let right = raw::hash_once(&secret, &mut memory).is_ok();
                if answer.send(right).is_err() {
                    // The asker has gone: nobody reads the answer, and the next job is due.
                    continue;
                }
            }
        });
    }
    Ok(sender)
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Runs `read` on this worker's own connection, at once and on the caller's thread.
fn with_reader<T>(
    floor: &Floor,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StatusCode> {
    READER.with_borrow_mut(|slot| {
        let opened = match slot.take() {
            Some(connection) => Ok(connection),
            None => Connection::open_with_flags(&floor.database, OpenFlags::SQLITE_OPEN_READ_ONLY),
        };
        let connection = opened.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        let result = read(&connection).map_err(|_| StatusCode::UNAUTHORIZED);
        *slot = Some(connection);
        result
    })
}

#[derive(Serialize)]
struct Token {
    csrf_token: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the floor has no ports: it is what is measured against"
)]
async fn csrf() -> Result<axum::Json<Token>, StatusCode> {
    let mut bytes = [0_u8; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(axum::Json(Token { csrf_token: URL_SAFE_NO_PAD.encode(bytes) }))
}

#[derive(Serialize)]
struct Me {
    email: String,
    name: String,
    role: String,
}

fn token_hash(headers: &HeaderMap) -> Result<[u8; 32], StatusCode> {
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
    let token = cookie.and_then(|text| text.strip_prefix("galen_session="));
    token.map(|token| Sha256::digest(token).into()).ok_or(StatusCode::UNAUTHORIZED)
}

async fn me(State(floor): State<Arc<Floor>>, headers: HeaderMap) -> impl IntoResponse {
    let hash = token_hash(&headers)?;
    with_reader(&floor, |connection| {
        connection
            .prepare_cached(
                "SELECT u.email, u.name, u.role FROM sessions s JOIN users u ON u.id = s.user_id \
                 WHERE s.token_hash = ?1",
            )?
            .query_row([hash], |row| {
                Ok(Me { email: row.get(0)?, name: row.get(1)?, role: row.get(2)? })
            })
    })
    .map(axum::Json)
}

#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    body: String,
    created_at: i64,
    read_at: Option<i64>,
}

async fn notifications(State(floor): State<Arc<Floor>>) -> impl IntoResponse {
    with_reader(&floor, |connection| {
        connection
            .prepare_cached(
                "SELECT id, title, body, created_at, read_at FROM notifications \
                 WHERE user_id = ?1 ORDER BY id DESC LIMIT 20",
            )?
            .query_map([[7_u8; 16]], |row| {
                let id: [u8; 16] = row.get(0)?;
                Ok(Row {
                    id: URL_SAFE_NO_PAD.encode(id),
                    title: row.get(1)?,
                    body: row.get(2)?,
                    created_at: row.get(3)?,
                    read_at: row.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<Row>>>()
    })
    .map(axum::Json)
}

#[derive(Deserialize)]
struct Login {
    password: String,
}

async fn login(
    State(floor): State<Arc<Floor>>,
    axum::Json(login): axum::Json<Login>,
) -> StatusCode {
    let (sender, receiver) = oneshot::channel();
    if floor.hashes.try_send((login.password.into_bytes(), sender)).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match receiver.await {
        Ok(true) => StatusCode::OK,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A stream of events as axum makes one, fed by a channel of tokio: what fan-out costs without a
/// session, a store or a promise.
async fn events(State(floor): State<Arc<Floor>>) -> impl IntoResponse {
    let told = futures_util::stream::unfold(floor.tell.subscribe(), |mut told| async move {
        let text = told.recv().await.ok()?;
        Some((Ok::<_, std::convert::Infallible>(Event::default().data(&*text)), told))
    });
    Sse::new(told).keep_alive(KeepAlive::default())
}

async fn broadcast(State(floor): State<Arc<Floor>>, body: String) -> StatusCode {
    match floor.tell.send(body.into()) {
        Ok(_) => StatusCode::CREATED,
        Err(_) => StatusCode::NOT_FOUND,
    }
}
